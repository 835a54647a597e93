import { checkList } from "./world.mjs";

export async function create_read_list({ svix, assert, refused, app }) {
  const { id } = await app();
  const made = await svix.message.create(id, { eventType: "order.created", payload: { a: 1 }, eventId: "e-1", channels: ["news"], tags: ["t"] });
  assert.match(made.id, /^msg_/);
  const found = await svix.message.get(id, made.id, { withContent: true });
  assert.deepEqual([found.payload, found.eventId, found.channels, found.tags, found.eventType], [{ a: 1 }, "e-1", ["news"], ["t"], "order.created"]);
  assert.ok(found.timestamp instanceof Date);
  assert.equal((await svix.message.get(id, "e-1")).id, made.id);
  assert.deepEqual((await svix.message.list(id, { channel: "news" })).data.map((message) => message.id), [made.id]);
  assert.deepEqual((await svix.message.list(id, { channel: "none" })).data, []);
  assert.deepEqual((await svix.message.list(id, { tag: "t" })).data.length, 1);
  assert.deepEqual((await svix.message.list(id, { eventTypes: ["order.created", "other"] })).data.length, 1);
  assert.deepEqual((await svix.message.list(id, { eventTypes: ["other"] })).data, []);
  await refused(404, svix.message.get(id, "nobody"));
}

export async function with_content({ svix, assert, app, raw }) {
  const { id } = await app();
  const made = (await raw("POST", `/api/v1/app/${id}/msg?with_content=false`, { eventType: "x", payload: { a: 1 } })).json;
  assert.deepEqual(made.payload, {});
  assert.deepEqual((await svix.message.get(id, made.id, { withContent: false })).payload, {});
  assert.deepEqual((await svix.message.get(id, made.id, { withContent: true })).payload, { a: 1 });
  assert.deepEqual((await svix.message.list(id, { withContent: false })).data[0].payload, {});
}

export async function list({ svix, app, assert, refused }) {
  const { id } = await app();
  const ids = [];
  for (let n = 0; n < 10; n++) ids.unshift((await svix.message.create(id, { eventType: "x", payload: {} })).id);
  await checkList({ assert, refused }, (options) => svix.message.list(id, options), ids, { ordered: false });
}

export async function failed_message_gets_recorded({ svix, assert, app, receiver, eventually }) {
  const { id } = await app();
  const hook = await receiver(() => 500);
  const endpoint = await svix.endpoint.create(id, { url: hook.url });
  const message = await svix.message.create(id, { eventType: "x", payload: {} });
  const page = await eventually(() => svix.messageAttempt.listByMsg(id, message.id, { withContent: true }), (found) => found.data.length === 3);
  assert.deepEqual(page.data.map((attempt) => [attempt.status, attempt.responseStatusCode, attempt.endpointId, attempt.response]), Array(3).fill([2, 500, endpoint.id, "thanks"]));
}

export async function multiple_endpoints({ svix, assert, app, receiver, eventually }) {
  const { id } = await app();
  const hooks = [await receiver(), await receiver(), await receiver((_, count) => (count < 3 ? 500 : 200))];
  for (const hook of hooks) await svix.endpoint.create(id, { url: hook.url });
  const message = await svix.message.create(id, { eventType: "x", payload: {} });
  await eventually(() => svix.messageAttempt.listByMsg(id, message.id), (page) => page.data.length === 5);
  assert.deepEqual(hooks.map((hook) => hook.arrived.length), [1, 1, 3]);
}

export async function failed_message_gets_requeued({ svix, assert, app, receiver, eventually }) {
  const { id } = await app();
  const hook = await receiver((_, count) => (count === 1 ? 500 : 200));
  await svix.endpoint.create(id, { url: hook.url });
  const message = await svix.message.create(id, { eventType: "x", payload: {} });
  const page = await eventually(() => svix.messageAttempt.listByMsg(id, message.id), (found) => found.data.length === 2);
  assert.deepEqual(page.data.map((attempt) => attempt.status), [0, 2]);
  assert.equal(hook.arrived[0].headers["webhook-id"] ?? hook.arrived[0].headers["svix-id"], message.id);
}

export async function message_conflict({ svix, assert, refused, app }) {
  const [one, two] = [await app(), await app()];
  await svix.message.create(one.id, { eventType: "x", payload: {}, eventId: "same" });
  assert.equal((await refused(409, svix.message.create(one.id, { eventType: "x", payload: {}, eventId: "same" }))).code, "conflict");
  await svix.message.create(two.id, { eventType: "x", payload: {}, eventId: "same" });
}

export async function event_id_is_never_mistaken_for_an_id({ svix, assert, refused, app }) {
  const { id } = await app();
  const one = await svix.message.create(id, { eventType: "x", payload: {} });
  for (const eventId of [one.id, "msg_mine"])
    assert.deepEqual((await refused(422, svix.message.create(id, { eventType: "x", payload: {}, eventId }))).detail[0].loc, ["body", "eventId"]);
  assert.equal((await svix.message.list(id)).data.length, 1);
}

export async function app_deletion({ svix, assert, refused, app, receiver }) {
  const [gone, other] = [await app(), await app()];
  const [hook, control] = [await receiver(), await receiver()];
  await svix.endpoint.create(gone.id, { url: hook.url });
  await svix.endpoint.create(other.id, { url: control.url });
  await svix.application.delete(gone.id);
  await refused(404, svix.message.create(gone.id, { eventType: "x", payload: {} }));
  await refused(404, svix.message.list(gone.id));
  await refused(404, svix.endpoint.list(gone.id));
  await svix.message.create(other.id, { eventType: "x", payload: {} });
  await control.take(1);
  assert.equal(hook.arrived.length, 0);
}

export async function endp_deletion({ svix, assert, app, receiver, eventually }) {
  const { id } = await app();
  const [hook, control] = [await receiver(), await receiver()];
  const gone = await svix.endpoint.create(id, { url: hook.url });
  const stays = await svix.endpoint.create(id, { url: control.url });
  await svix.endpoint.delete(id, gone.id);
  const message = await svix.message.create(id, { eventType: "x", payload: {} });
  const destinations = await eventually(() => svix.messageAttempt.listAttemptedDestinations(id, message.id), (page) => page.data[0]?.status === 0);
  assert.deepEqual(destinations.data.map((endpoint) => endpoint.id), [stays.id]);
  assert.equal(hook.arrived.length, 0);
}

export async function before_and_after({ svix, assert, app }) {
  const { id } = await app();
  const message = await svix.message.create(id, { eventType: "x", payload: {} });
  const list = (options) => svix.message.list(id, options).then((page) => page.data.length);
  const [earlier, later] = [new Date(message.timestamp - 1000), new Date(+message.timestamp + 1000)];
  assert.equal(await list({ after: earlier, before: later }), 1);
  assert.equal(await list({ before: earlier }), 0);
  assert.equal(await list({ after: later }), 0);
}

export async function cancel({ svix, raw, assert, app, receiver }) {
  const { id } = await app();
  const endpoint = await svix.endpoint.create(id, { url: (await receiver()).url });
  const message = await svix.message.create(id, { eventType: "x", payload: {}, deliverAt: new Date(Date.now() + 3_600_000) });
  const reply = await raw("POST", `/api/v1/app/${id}/msg/${message.id}/cancel`, {});
  assert.deepEqual([reply.status, reply.json.cancelled], [200, 1]);
  const { data } = await svix.messageAttempt.listAttemptedDestinations(id, message.id);
  assert.deepEqual(data.map((found) => [found.id, found.status]), [[endpoint.id, 4]]);
}

export async function cancel_msgs({ svix, raw, assert, app }) {
  const { id } = await app();
  const endpoint = await svix.endpoint.create(id, { url: "http://127.0.0.1:9/" });
  const message = await svix.message.create(id, { eventType: "x", payload: {}, deliverAt: new Date(Date.now() + 3_600_000) });
  const path = `/api/v1/app/${id}/endpoint/${endpoint.id}/cancel-msgs`;
  assert.equal((await raw("POST", path, { createdBefore: new Date(message.timestamp - 1000) })).status, 204);
  assert.equal((await svix.endpoint.getStats(id, endpoint.id)).pending, 1);
  assert.equal((await raw("POST", path, { createdBefore: new Date(+message.timestamp + 1000) })).status, 204);
  const stats = await svix.endpoint.getStats(id, endpoint.id);
  assert.deepEqual([stats.pending, stats.canceled], [0, 1]);
}

export async function message_validation({ svix, assert, refused, app }) {
  const { id } = await app();
  assert.equal((await refused(413, svix.message.create(id, { eventType: "x", payload: { big: "x".repeat(1 << 20) } }))).code, "payload_too_large");
  assert.deepEqual((await refused(422, svix.message.create(id, { eventType: "a b", payload: {} }))).detail[0].loc, ["body", "eventType"]);
  await refused(404, svix.message.create("nobody", { eventType: "x", payload: {} }));
}

export async function raw_payload({ svix, sdk, assert, app, receiver }) {
  const { id } = await app();
  const hook = await receiver();
  const endpoint = await svix.endpoint.create(id, { url: hook.url });
  const text = '<a>"é"\n</a>';
  await svix.message.create(id, sdk.messageInRaw("x", text, "text/xml"));
  const [request] = await hook.take(1);
  assert.equal(request.body, text);
  assert.equal(request.headers["content-type"], "text/xml");
  assert.equal((await svix.endpoint.get(id, endpoint.id)).disabled ?? false, false);
}

export async function idempotency({ svix, assert, refused, app, name }) {
  const { id } = await app();
  const idempotencyKey = name("key");
  const create = (payload) => svix.message.create(id, { eventType: "x", payload }, { idempotencyKey });
  const made = await Promise.all(Array.from({ length: 20 }, () => create({ a: 1 })));
  assert.equal(new Set(made.map((message) => message.id)).size, 1);
  assert.equal((await svix.message.list(id)).data.length, 1);
  await refused(409, create({ a: 2 }));
}

export async function create_message_with_application({ svix, assert, refused, app, name }) {
  const uid = name("fresh");
  await refused(404, svix.message.create(uid, { eventType: "x", payload: {} }));
  await svix.message.create(uid, { eventType: "x", payload: {}, application: { name: "Made on the fly", uid } });
  assert.equal((await svix.application.get(uid)).name, "Made on the fly");
  await svix.message.create(uid, { eventType: "x", payload: {}, application: { name: "Other", uid } });
  assert.equal((await svix.application.get(uid)).name, "Made on the fly");
  await refused(422, svix.message.create(uid, { eventType: "x", payload: {}, application: { name: "Other", uid: name("other") } }));
  await refused(422, svix.message.create(uid, { eventType: "x", payload: {}, application: { name: "Other" } }));
}

export async function messages_that_make_their_application_at_once_are_all_accepted({ svix, assert, name }) {
  const uid = name("fresh");
  const publish = (n) => svix.message.create(uid, { eventType: "x", payload: { n }, application: { name: "Made on the fly", uid } });
  const made = await Promise.all(Array.from({ length: 20 }, (_, n) => publish(n)));
  assert.equal(new Set(made.map((message) => message.id)).size, 20);
  assert.equal((await svix.message.list(uid)).data.length, 20);
}

export async function expunge_message_payload({ svix, assert, refused, app, receiver, eventually }) {
  const { id } = await app();
  const hook = await receiver();
  const endpoint = await svix.endpoint.create(id, { url: hook.url });
  const message = await svix.message.create(id, { eventType: "x", payload: { secret: 1 } });
  await hook.take(1);
  await svix.message.expungeContent(id, message.id);
  assert.deepEqual((await svix.message.get(id, message.id, { withContent: true })).payload, { expired: true });
  assert.equal((await refused(400, svix.messageAttempt.resend(id, message.id, endpoint.id))).code, "missing_payload");
}

export async function precheck({ svix, assert, app, eventType }) {
  const { id } = await app();
  const type = await eventType();
  assert.equal((await svix.message.precheck(id, { eventType: type })).active, false);
  await svix.endpoint.create(id, { url: "http://127.0.0.1:9/", eventTypes: [type], filterTypes: [type] });
  assert.equal((await svix.message.precheck(id, { eventType: type })).active, true);
  assert.equal((await svix.message.precheck(id, { eventType: "other" })).active, false);
}

export async function deliver_at({ svix, assert, app, receiver }) {
  const { id } = await app();
  const hook = await receiver();
  await svix.endpoint.create(id, { url: hook.url });
  const at = new Date(Date.now() + 1500);
  const message = await svix.message.create(id, { eventType: "x", payload: {}, deliverAt: at });
  assert.equal((await svix.message.get(id, message.id)).deliverAt.getTime(), at.getTime());
  await hook.take(1);
  assert.ok(Date.now() >= at.getTime() - 50, "it came too early");
}

export async function payload_retention_period({ svix, assert, app, refused }) {
  const { id } = await app();
  const message = await svix.message.create(id, { eventType: "x", payload: { a: 1 }, payloadRetentionPeriod: 5 });
  assert.deepEqual((await svix.message.get(id, message.id, { withContent: true })).payload, { a: 1 });
  await refused(422, svix.message.create(id, { eventType: "x", payload: {}, payloadRetentionPeriod: 91 }));
}
