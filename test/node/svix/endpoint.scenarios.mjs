import { makePair, verifyAsymmetric } from "../asymmetric.mjs";
import { checkList } from "./world.mjs";

const nowhere = "http://127.0.0.1:9/hook";

export async function create({ svix, assert, app, refused }) {
  const { id } = await app();
  const made = await svix.endpoint.create(id, { url: nowhere });
  assert.match(made.id, /^ep_/);
  assert.deepEqual([made.description, made.disabled ?? false, made.uid ?? null, made.channels ?? null, made.metadata], ["", false, null, null, {}]);
  assert.equal(made.eventTypes ?? made.filterTypes ?? null, null);
  const fault = await refused(422, svix.endpoint.create(id, { url: "ftp://127.0.0.1/" }));
  assert.deepEqual(fault.detail[0].loc, ["body", "url"]);
}

export async function crud({ svix, assert, refused, app, upsert }) {
  const [one, two] = [await app(), await app()];
  const made = await svix.endpoint.create(one.id, { url: nowhere, description: "First", metadata: { a: "b" } });
  assert.equal((await svix.endpoint.get(one.id, made.id)).description, "First");
  await refused(404, svix.endpoint.get(two.id, made.id));
  await refused(404, svix.endpoint.delete(two.id, made.id));
  const changed = await upsert(svix.endpoint)(one.id, made.id, { url: nowhere + "/2", description: "Second" });
  assert.deepEqual([changed.url, changed.description, changed.metadata], [nowhere + "/2", "Second", {}]);
  await svix.endpoint.delete(one.id, made.id);
  await refused(404, svix.endpoint.get(one.id, made.id));
}

export async function patch({ svix, assert, app, eventType, name }) {
  const { id } = await app();
  const type = await eventType();
  const endpoint = await svix.endpoint.create(id, { url: nowhere, uid: name("u"), channels: ["one"], eventTypes: [type], filterTypes: [type], throttleRate: 5, rateLimit: 5 });
  const change = (fields) => svix.endpoint.patch(id, endpoint.id, fields);
  assert.equal((await change({ description: "Changed" })).description, "Changed");
  assert.equal((await change({ url: nowhere + "/2" })).url, nowhere + "/2");
  assert.equal((await change({ disabled: true })).disabled, true);
  assert.equal((await change({ disabled: false })).disabled ?? false, false);
  assert.deepEqual((await change({ eventTypes: null, filterTypes: null })).channels, ["one"]);
  assert.equal((await change({ channels: null })).channels ?? null, null);
  assert.equal((await change({ uid: null })).uid ?? null, null);
  const free = await change({ throttleRate: null, rateLimit: null });
  assert.equal(free.throttleRate ?? free.rateLimit ?? null, null);
  assert.equal(free.description, "Changed");
}

export async function put_unknown_creates({ svix, raw, assert, app, name }) {
  const { id } = await app();
  const uid = name("new");
  const reply = await raw("PUT", `/api/v1/app/${id}/endpoint/${uid}`, { url: nowhere, uid });
  assert.equal(reply.status, 201);
  assert.equal((await svix.endpoint.get(id, uid)).id, reply.json.id);
}

export async function put_of_many_at_once_creates_one({ svix, assert, app, name, upsert }) {
  const { id } = await app();
  const uid = name("new");
  const put = await Promise.all(Array.from({ length: 10 }, (_, n) => upsert(svix.endpoint)(id, uid, { url: nowhere, uid, description: `Text ${n}` })));
  assert.equal(new Set(put.map((endpoint) => endpoint.id)).size, 1);
  assert.match((await svix.endpoint.get(id, uid)).description, /^Text \d$/);
}

export async function list({ svix, app, assert, refused }) {
  const { id } = await app();
  const ids = [];
  for (let n = 0; n < 10; n++) ids.push((await svix.endpoint.create(id, { url: `${nowhere}/${n}` })).id);
  await checkList({ assert, refused }, (options) => svix.endpoint.list(id, options), ids);
}

export async function list_ordering({ svix, app, assert }) {
  const { id } = await app();
  const ids = [];
  for (let n = 0; n < 5; n++) ids.push((await svix.endpoint.create(id, { url: nowhere })).id);
  assert.deepEqual((await svix.endpoint.list(id)).data.map((endpoint) => endpoint.id), ids.toReversed());
}

export async function uid({ svix, assert, refused, app, name, upsert }) {
  const [one, two] = [await app(), await app()];
  const uid = name("u");
  const endpoint = await svix.endpoint.create(one.id, { url: nowhere, uid });
  await refused(409, svix.endpoint.create(one.id, { url: nowhere, uid }));
  assert.equal((await svix.endpoint.create(two.id, { url: nowhere, uid })).uid, uid);
  assert.equal((await upsert(svix.endpoint)(one.id, uid, { url: nowhere, uid })).id, endpoint.id);
  const other = await svix.endpoint.create(one.id, { url: nowhere });
  await refused(409, svix.endpoint.patch(one.id, other.id, { uid }));
  await refused(409, upsert(svix.endpoint)(one.id, other.id, { url: nowhere, uid }));
  await refused(422, svix.endpoint.create(one.id, { url: nowhere, uid: "ep_mine" }));
  await svix.endpoint.delete(one.id, uid);
  assert.notEqual((await svix.endpoint.create(one.id, { url: nowhere, uid })).id, endpoint.id);
}

export async function secret_get_and_rotation({ svix, assert, app }) {
  const { id } = await app();
  const endpoint = await svix.endpoint.create(id, { url: nowhere });
  const first = (await svix.endpoint.getSecret(id, endpoint.id)).key;
  assert.match(first, /^whsec_/);
  await svix.endpoint.rotateSecret(id, endpoint.id, {});
  assert.notEqual((await svix.endpoint.getSecret(id, endpoint.id)).key, first);
  const own = "whsec_" + Buffer.alloc(32, 7).toString("base64");
  await svix.endpoint.rotateSecret(id, endpoint.id, { key: own });
  assert.equal((await svix.endpoint.getSecret(id, endpoint.id)).key, own);
}

export async function custom_endpoint_secret({ svix, assert, app }) {
  const { id } = await app();
  for (const bytes of [24, 64, 75]) {
    const secret = "whsec_" + Buffer.alloc(bytes, bytes).toString("base64");
    const endpoint = await svix.endpoint.create(id, { url: nowhere, secret });
    assert.equal((await svix.endpoint.getSecret(id, endpoint.id)).key, secret);
  }
  const { whsk, whpk } = makePair();
  const endpoint = await svix.endpoint.create(id, { url: nowhere, secret: whsk });
  assert.equal((await svix.endpoint.getSecret(id, endpoint.id)).key, whpk);
}

export async function invalid_endpoint_secret({ svix, refused, assert, app }) {
  const { id } = await app();
  const [one, other] = [makePair(), makePair()];
  const mixed = "whsk_" + Buffer.concat([one.own, Buffer.from(other.whpk.slice(5), "base64")]).toString("base64");
  const wrong = [["whsec_", 23], ["whsec_", 76], ["nonsense_", 24], ["whsk_", 24], ["whsk_", 32], ["whsk_", 65]].map(([prefix, bytes]) => prefix + Buffer.alloc(bytes).toString("base64"));
  for (const secret of [...wrong, mixed, one.whpk, one.whsk.slice(0, -1)]) {
    const body = await refused(422, svix.endpoint.create(id, { url: nowhere, secret }));
    assert.deepEqual(body.detail[0].loc, ["body", "secret"]);
  }
}

export async function rotate_max({ svix, refused, assert, app }) {
  const { id } = await app();
  const endpoint = await svix.endpoint.create(id, { url: nowhere });
  for (let n = 0; n < 10; n++) await svix.endpoint.rotateSecret(id, endpoint.id, {});
  assert.equal((await refused(400, svix.endpoint.rotateSecret(id, endpoint.id, {}))).code, "limit_reached");
}

export async function rotate_signing_e2e({ sdk, svix, assert, app, receiver }) {
  const { id } = await app();
  const hook = await receiver();
  const endpoint = await svix.endpoint.create(id, { url: hook.url });
  const old = (await svix.endpoint.getSecret(id, endpoint.id)).key;
  await svix.endpoint.rotateSecret(id, endpoint.id, {});
  const current = (await svix.endpoint.getSecret(id, endpoint.id)).key;
  await svix.message.create(id, { eventType: "any.thing", payload: { a: 1 } });
  const [request] = await hook.take(1);
  for (const secret of [old, current]) new sdk.Webhook(secret).verify(request.body, request.headers);
  assert.throws(() => new sdk.Webhook("whsec_" + Buffer.alloc(24, 1).toString("base64")).verify(request.body, request.headers));
  assert.deepEqual(JSON.parse(request.body), { a: 1 });
}

export async function rotate_signing_symmetric_and_asymmetric({ sdk, svix, assert, app, receiver }) {
  const { id } = await app();
  const hook = await receiver();
  const endpoint = await svix.endpoint.create(id, { url: hook.url });
  const [symmetric, pair] = [(await svix.endpoint.getSecret(id, endpoint.id)).key, makePair()];
  const check = async (count, schemes, verifying) => {
    await svix.message.create(id, { eventType: "any.thing", payload: { count } });
    const { headers, body } = (await hook.take(count))[count - 1];
    const signatures = headers["webhook-signature"];
    assert.deepEqual(signatures.split(" ").map((one) => one.split(",")[0]), schemes);
    for (const key of verifying)
      if (key.startsWith("whpk_")) assert.ok(verifyAsymmetric(key, headers["webhook-id"], headers["webhook-timestamp"], signatures, Buffer.from(body)));
      else new sdk.Webhook(key).verify(body, headers);
    assert.ok(!verifyAsymmetric(makePair().whpk, headers["webhook-id"], headers["webhook-timestamp"], signatures, Buffer.from(body)));
  };
  await check(1, ["v1"], [symmetric]);
  await svix.endpoint.rotateSecret(id, endpoint.id, { key: pair.whsk });
  assert.equal((await svix.endpoint.getSecret(id, endpoint.id)).key, pair.whpk);
  await check(2, ["v1a", "v1"], [symmetric, pair.whpk]);
  await svix.endpoint.rotateSecret(id, endpoint.id, {});
  const current = (await svix.endpoint.getSecret(id, endpoint.id)).key;
  assert.match(current, /^whsec_/);
  await check(3, ["v1", "v1a", "v1"], [symmetric, pair.whpk, current]);
}

export async function filter_events({ svix, refused, app, eventType }) {
  const { id } = await app();
  await refused(422, svix.endpoint.create(id, { url: nowhere, eventTypes: [], filterTypes: [] }));
  await refused(422, svix.endpoint.create(id, { url: nowhere, eventTypes: ["no.such.type"], filterTypes: ["no.such.type"] }));
  const archived = await eventType();
  await svix.eventType.delete(archived);
  await refused(422, svix.endpoint.create(id, { url: nowhere, eventTypes: [archived], filterTypes: [archived] }));
}

export async function filter_channels({ svix, assert, refused, app, upsert }) {
  const { id } = await app();
  await refused(422, svix.endpoint.create(id, { url: nowhere, channels: [] }));
  const endpoint = await svix.endpoint.create(id, { url: nowhere, channels: ["tag1"] });
  assert.deepEqual(endpoint.channels, ["tag1"]);
  assert.equal((await upsert(svix.endpoint)(id, endpoint.id, { url: nowhere })).channels ?? null, null);
  assert.deepEqual((await upsert(svix.endpoint)(id, endpoint.id, { url: nowhere, channels: ["tag1"] })).channels, ["tag1"]);
}

export async function msg_event_types_filter({ svix, assert, app, receiver, eventType }) {
  const { id } = await app();
  const type = await eventType();
  const [all, some] = [await receiver(), await receiver()];
  await svix.endpoint.create(id, { url: all.url });
  await svix.endpoint.create(id, { url: some.url, eventTypes: [type], filterTypes: [type] });
  await svix.message.create(id, { eventType: "other.type", payload: {} });
  await svix.message.create(id, { eventType: type, payload: {} });
  await all.take(2);
  await some.take(1);
  assert.equal(some.arrived.length, 1);
}

export async function msg_channels_filter({ svix, assert, app, receiver }) {
  const { id } = await app();
  const [all, some] = [await receiver(), await receiver()];
  await svix.endpoint.create(id, { url: all.url });
  const picky = await svix.endpoint.create(id, { url: some.url, channels: ["news"] });
  for (const channels of [undefined, ["sport"], ["news", "sport"]]) await svix.message.create(id, { eventType: "x", payload: { channels }, channels });
  await all.take(3);
  await some.take(1);
  assert.deepEqual(JSON.parse(some.arrived[0].body).channels, ["news", "sport"]);
  assert.equal((await svix.messageAttempt.listAttemptedMessages(id, picky.id)).data.length <= 1, true);
}

export async function headers_manipulation({ svix, assert, refused, app, setHeaders }) {
  const { id } = await app();
  const endpoint = await svix.endpoint.create(id, { url: nowhere });
  const get = () => svix.endpoint.getHeaders(id, endpoint.id);
  await setHeaders(id, endpoint.id, { headers: { "X-One": "1", "X-Two": "2", Authorization: "secret" } });
  const seen = await get();
  assert.deepEqual(seen.headers, { "X-One": "1", "X-Two": "2" });
  assert.deepEqual(seen.sensitive.map((header) => header.toLowerCase()), ["authorization"]);
  await svix.endpoint.patchHeaders(id, endpoint.id, { headers: { "X-One": null, "X-Three": "3" } });
  assert.deepEqual((await get()).headers, { "X-Two": "2", "X-Three": "3" });
  await setHeaders(id, endpoint.id, { headers: { "X-Only": "4" } });
  assert.deepEqual(await get().then(({ headers, sensitive }) => ({ headers, sensitive })), { headers: { "X-Only": "4" }, sensitive: [] });
  for (const name of ["User-Agent", "Content-Length", "Transfer-Encoding", "X-Amz-Date", "svix-id", "webhook-id"])
    await refused(422, setHeaders(id, endpoint.id, { headers: { [name]: "x" } }));
}

export async function headers_sending({ svix, assert, app, receiver, setHeaders }) {
  const { id } = await app();
  const hook = await receiver();
  const endpoint = await svix.endpoint.create(id, { url: hook.url });
  await setHeaders(id, endpoint.id, { headers: { "X-Mine": "yes", Authorization: "Bearer mine" } });
  await svix.message.create(id, { eventType: "x", payload: {} });
  const [request] = await hook.take(1);
  assert.equal(request.headers["x-mine"], "yes");
  assert.equal(request.headers.authorization, "Bearer mine");
}

export async function header_key_capitalization({ svix, assert, app, receiver }) {
  const { id } = await app();
  const hook = await receiver();
  await svix.endpoint.create(id, { url: hook.url, headers: { "X-CaSe-KePt": "yes" } });
  await svix.message.create(id, { eventType: "x", payload: {} });
  assert.ok((await hook.take(1))[0].rawHeaders.includes("X-CaSe-KePt"));
}

export async function headers_at_creation({ svix, assert, app }) {
  const { id } = await app();
  const endpoint = await svix.endpoint.create(id, { url: nowhere, headers: { "X-Early": "1" } });
  assert.deepEqual((await svix.endpoint.getHeaders(id, endpoint.id)).headers, { "X-Early": "1" });
}

export async function stats({ svix, assert, refused, app, receiver, eventually }) {
  const { id } = await app();
  const hook = await receiver((_, count) => (count === 1 ? 500 : 200));
  const endpoint = await svix.endpoint.create(id, { url: hook.url });
  await svix.message.create(id, { eventType: "x", payload: {} });
  const stats = await eventually(() => svix.endpoint.getStats(id, endpoint.id), (found) => found.success === 1);
  assert.deepEqual([stats.success, stats.fail, stats.pending, stats.sending], [1, 1, 0, 0]);
  const day = 24 * 3600 * 1000;
  const old = await svix.endpoint.getStats(id, endpoint.id, { since: new Date(Date.now() - 10 * day), until: new Date(Date.now() - 5 * day) });
  assert.deepEqual([old.success, old.fail], [0, 0]);
  const tooFar = { since: new Date(Date.now() - 29 * day), until: new Date(Date.now() - 1000) };
  assert.equal((await refused(400, svix.endpoint.getStats(id, endpoint.id, tooFar))).code, "invalid_range");
}

export async function send_example({ svix, sdk, assert, refused, app, receiver, eventType }) {
  const { id } = await app();
  const hook = await receiver();
  const endpoint = await svix.endpoint.create(id, { url: hook.url });
  const ping = await svix.endpoint.sendExample(id, endpoint.id, { eventType: "svix.ping" });
  assert.match(ping.id, /^msg_/);
  assert.deepEqual(JSON.parse((await hook.take(1))[0].body), { success: true });
  const type = await eventType({ schemas: { 1: { type: "object", examples: [{ from: "the schema" }] } } });
  await svix.endpoint.sendExample(id, endpoint.id, { eventType: type });
  const { key } = await svix.endpoint.getSecret(id, endpoint.id);
  const request = (await hook.take(2))[1];
  new sdk.Webhook(key).verify(request.body, request.headers);
  assert.deepEqual(JSON.parse(request.body), { from: "the schema" });
  await refused(400, svix.endpoint.sendExample(id, endpoint.id, { eventType: await eventType() }));
  assert.deepEqual((await refused(422, svix.endpoint.sendExample(id, endpoint.id, {}))).detail[0].loc, ["body", "eventType"]);
}

export async function recovery_should_fail_if_start_time_too_old({ svix, refused, app }) {
  const { id } = await app();
  const endpoint = await svix.endpoint.create(id, { url: nowhere });
  await refused(422, svix.endpoint.recover(id, endpoint.id, { since: new Date(Date.now() - 15 * 24 * 3600 * 1000) }));
}

export async function recovery_expected_retry_counts({ svix, assert, app, receiver, eventually }) {
  const { id } = await app();
  let healthy = false;
  const hook = await receiver(() => (healthy ? 200 : 500));
  const endpoint = await svix.endpoint.create(id, { url: hook.url });
  const before = new Date();
  const message = await svix.message.create(id, { eventType: "x", payload: {} });
  await eventually(() => svix.messageAttempt.listByMsg(id, message.id), (page) => page.data.length === 3);
  healthy = true;
  const finished = (task) => eventually(() => svix.backgroundTask.get(task.id), (found) => found.status === "finished");
  const none = await finished(await svix.endpoint.recover(id, endpoint.id, { since: new Date() }));
  assert.deepEqual([none.task, none.data.messagesSent], ["endpoint.recover", 0]);
  const task = await svix.endpoint.recover(id, endpoint.id, { since: before });
  assert.match(task.id, /^qtask_/);
  assert.equal(task.task, "endpoint.recover");
  await hook.take(4);
  const attempts = await eventually(() => svix.messageAttempt.listByMsg(id, message.id), (page) => page.data.length === 4);
  assert.deepEqual([attempts.data[0].status, attempts.data[0].triggerType], [0, 1]);
  assert.equal((await finished(task)).data.messagesSent, 1);
}

export async function replay_missing({ svix, assert, app, receiver, eventually }) {
  const { id } = await app();
  const before = new Date();
  for (let n = 0; n < 3; n++) await svix.message.create(id, { eventType: "x", payload: { n } });
  const hook = await receiver();
  const endpoint = await svix.endpoint.create(id, { url: hook.url });
  await svix.message.create(id, { eventType: "x", payload: { n: 3 } });
  await hook.take(1);
  const task = await svix.endpoint.replayMissing(id, endpoint.id, { since: before });
  assert.equal(task.task, "endpoint.replay");
  const arrived = await hook.take(4);
  assert.deepEqual(arrived.map((request) => JSON.parse(request.body).n).sort(), [0, 1, 2, 3]);
  await eventually(() => svix.backgroundTask.get(task.id), (found) => found.status === "finished");
  assert.equal(hook.arrived.length, 4);
}

export async function bulk_replay({ svix, assert, app, receiver, eventually }) {
  const { id } = await app();
  const hook = await receiver();
  const endpoint = await svix.endpoint.create(id, { url: hook.url });
  const before = new Date();
  for (const eventType of ["one", "two"]) await svix.message.create(id, { eventType, payload: { eventType } });
  await hook.take(2);
  const task = await svix.endpoint.bulkReplay(id, endpoint.id, { since: before, eventTypes: ["two"] });
  assert.equal(task.task, "endpoint.bulk-replay");
  assert.equal(JSON.parse((await hook.take(3))[2].body).eventType, "two");
  await eventually(() => svix.backgroundTask.get(task.id), (found) => found.status === "finished");
  const listed = await svix.backgroundTask.list({ task: "endpoint.bulk-replay", limit: 250 });
  assert.ok(listed.data.some((found) => found.id === task.id));
}

export async function rate_limit({ svix, assert, app, receiver }) {
  const { id } = await app();
  const hook = await receiver();
  const endpoint = await svix.endpoint.create(id, { url: hook.url, throttleRate: 2, rateLimit: 2 });
  assert.equal(endpoint.throttleRate ?? endpoint.rateLimit, 2);
  const start = Date.now();
  for (let n = 0; n < 5; n++) await svix.message.create(id, { eventType: "x", payload: {} });
  await hook.take(5);
  assert.ok(Date.now() - start >= 1400, `five messages at two per second took ${Date.now() - start} ms`);
}
