const idsOf = (page) => page.data.map((item) => item.id);

/** An application with an endpoint that fails for event type `bad`, and so many messages of type `good`. */
async function prepare({ svix, app, receiver, eventually }, good = 0) {
  const { id } = await app();
  const hook = await receiver((request) => (JSON.parse(request.body).bad ? 500 : 200));
  const endpoint = await svix.endpoint.create(id, { url: hook.url });
  const messages = [];
  for (let n = 0; n < good; n++) messages.push(await svix.message.create(id, { eventType: "good", payload: { n }, channels: n === 0 ? ["first"] : undefined }));
  if (good > 0) await eventually(() => svix.messageAttempt.listByEndpoint(id, endpoint.id, { limit: 250 }), (page) => page.data.length === good);
  return { id, endpoint, hook, messages };
}

export async function message_attempts(world) {
  const { svix, assert, eventually } = world;
  const { id, messages, endpoint } = await prepare(world, 1);
  const page = await eventually(() => svix.messageAttempt.listByMsg(id, messages[0].id), (found) => found.data.length === 1);
  const [attempt] = page.data;
  assert.deepEqual([attempt.status, attempt.statusText ?? "success", attempt.responseStatusCode, attempt.triggerType, attempt.endpointId, attempt.msgId], [0, "success", 200, 0, endpoint.id, messages[0].id]);
  assert.ok(attempt.responseDurationMs >= 0 && attempt.timestamp instanceof Date);
  assert.equal((await svix.messageAttempt.get(id, messages[0].id, attempt.id)).id, attempt.id);
}

export async function connection_errors_are_attempts({ svix, assert, app, eventually }) {
  const { id } = await app();
  await svix.endpoint.create(id, { url: "http://127.0.0.1:9/hook" });
  const message = await svix.message.create(id, { eventType: "x", payload: {} });
  const page = await eventually(() => svix.messageAttempt.listByMsg(id, message.id, { withContent: true }), (found) => found.data.length === 3);
  assert.ok(page.data.every((attempt) => attempt.status === 2 && attempt.responseStatusCode === 0 && attempt.response !== ""));
}

export async function list_attempts_by_endpoint(world) {
  const { svix, assert, refused } = world;
  const { id, endpoint } = await prepare(world, 3);
  const list = (options) => svix.messageAttempt.listByEndpoint(id, endpoint.id, options).then((page) => page.data.length);
  assert.equal(await list({ channel: "first" }), 1);
  assert.equal(await list({ channel: "none" }), 0);
  assert.equal(await list({ eventTypes: ["good"] }), 3);
  assert.equal(await list({ eventTypes: ["other", "good"] }), 3);
  assert.equal(await list({ eventTypes: ["other"] }), 0);
  assert.equal(await list({ status: 0 }), 3);
  assert.equal(await list({ status: 2 }), 0);
  assert.equal(await list({ statusCodeClass: 200 }), 3);
  assert.equal(await list({ statusCodeClass: 500 }), 0);
  for (const options of [{ status: 9 }, { statusCodeClass: 150 }, { iterator: endpoint.id }])
    await refused(422, list(options));
}

export async function event_types_in_every_spelling(world) {
  const { raw, assert } = world;
  const { id, endpoint } = await prepare(world, 1);
  for (const query of ["event_types=good", "event_types=good,other", "event_types=good&event_types=other", "event_types[]=good", "event_types[0]=other&event_types[1]=good"])
    assert.equal((await raw("GET", `/api/v1/app/${id}/attempt/endpoint/${endpoint.id}?${query}`)).json.data.length, 1, query);
}

export async function list_attempted_messages(world) {
  const { svix, assert, eventually } = world;
  const { id, endpoint, messages } = await prepare(world, 3);
  const page = await svix.messageAttempt.listAttemptedMessages(id, endpoint.id);
  assert.deepEqual(idsOf(page), messages.map((message) => message.id).reverse());
  assert.ok(page.data.every((message) => message.status === 0 && (message.nextAttempt ?? null) === null));
  assert.deepEqual(idsOf(await svix.messageAttempt.listAttemptedMessages(id, endpoint.id, { channel: "first" })), [messages[0].id]);
  assert.deepEqual(idsOf(await svix.messageAttempt.listAttemptedMessages(id, endpoint.id, { eventTypes: ["none"] })), []);
  const failing = await svix.message.create(id, { eventType: "bad", payload: { bad: true } });
  await eventually(() => svix.messageAttempt.listByMsg(id, failing.id), (found) => found.data.length === 3);
  assert.deepEqual(idsOf(await svix.messageAttempt.listAttemptedMessages(id, endpoint.id, { status: 2 })), [failing.id]);
  assert.deepEqual(idsOf(await svix.messageAttempt.listAttemptedMessages(id, endpoint.id, { status: 0 })), messages.map((message) => message.id).reverse());
}

export async function list_attempted_messages_pages_both_ways(world) {
  const { svix, assert } = world;
  const { id, endpoint, messages } = await prepare(world, 6);
  const newest = messages.map((message) => message.id).reverse();
  const first = await svix.messageAttempt.listAttemptedMessages(id, endpoint.id, { limit: 4 });
  assert.deepEqual([idsOf(first), first.done], [newest.slice(0, 4), false]);
  const second = await svix.messageAttempt.listAttemptedMessages(id, endpoint.id, { limit: 4, iterator: first.iterator });
  assert.deepEqual([idsOf(second), second.done], [newest.slice(4), true]);
}

export async function list_attempted_destinations({ svix, assert, app, receiver, eventually }) {
  const { id } = await app();
  const hooks = [await receiver(), await receiver(() => 500)];
  const endpoints = [];
  for (const hook of hooks) endpoints.push(await svix.endpoint.create(id, { url: hook.url }));
  const message = await svix.message.create(id, { eventType: "x", payload: {} });
  await eventually(() => svix.messageAttempt.listByMsg(id, message.id), (page) => page.data.length === 4);
  const page = await svix.messageAttempt.listAttemptedDestinations(id, message.id);
  assert.deepEqual(page.data.map((endpoint) => [endpoint.id, endpoint.status]), [[endpoints[0].id, 0], [endpoints[1].id, 2]]);
  await svix.endpoint.delete(id, endpoints[0].id);
  const still = await svix.messageAttempt.listAttemptedDestinations(id, message.id, { limit: 1 });
  assert.deepEqual([still.data.map((endpoint) => [endpoint.id, endpoint.url]), still.done], [[[endpoints[0].id, hooks[0].url]], false]);
  assert.deepEqual(idsOf(await svix.messageAttempt.listAttemptedDestinations(id, message.id, { iterator: still.iterator })), [endpoints[1].id]);
}

export async function pagination_by_endpoint(world) {
  const { svix, assert } = world;
  const { id, endpoint } = await prepare(world, 10);
  await bothWays(assert, (options) => svix.messageAttempt.listByEndpoint(id, endpoint.id, options));
}

export async function pagination_by_msg({ svix, assert, app, receiver, eventually }) {
  const { id } = await app();
  const hook = await receiver();
  for (let n = 0; n < 10; n++) await svix.endpoint.create(id, { url: hook.url });
  const message = await svix.message.create(id, { eventType: "x", payload: {} });
  await eventually(() => svix.messageAttempt.listByMsg(id, message.id), (page) => page.data.length === 10);
  await bothWays(assert, (options) => svix.messageAttempt.listByMsg(id, message.id, options));
}

async function bothWays(assert, list) {
  const all = idsOf(await list({ limit: 50 }));
  assert.deepEqual(all, all.toSorted().reverse());
  const seen = [];
  let page = { iterator: undefined, done: false };
  while (!page.done) seen.push((page = await list({ limit: 3, iterator: page.iterator })));
  assert.deepEqual(seen.flatMap(idsOf), all);
  assert.deepEqual(seen.map((found) => found.data.length), [3, 3, 3, 1]);
  const back = [];
  for (let current = seen.at(-1); back.length < 3; ) back.unshift((current = await list({ limit: 3, iterator: current.prevIterator })));
  assert.deepEqual(back.flatMap(idsOf), all.slice(0, 9));
}

export async function combined_before_after_filtering(world) {
  const { svix, assert } = world;
  const { id, endpoint } = await prepare(world, 5);
  const all = (await svix.messageAttempt.listByEndpoint(id, endpoint.id)).data;
  const [after, before] = [all.at(-1).timestamp, all[0].timestamp];
  const between = await svix.messageAttempt.listByEndpoint(id, endpoint.id, { after, before });
  const expected = all.filter((attempt) => attempt.timestamp > after && attempt.timestamp < before).map((attempt) => attempt.id);
  assert.deepEqual(idsOf(between), expected);
  assert.deepEqual(idsOf(await svix.messageAttempt.listByEndpoint(id, endpoint.id, { before: new Date(0) })), []);
}

export async function expunge_attempt_response_body(world) {
  const { svix, assert, eventually } = world;
  const { id, messages } = await prepare(world, 1);
  const list = () => svix.messageAttempt.listByMsg(id, messages[0].id, { withContent: true });
  const [attempt] = (await eventually(list, (page) => page.data.length === 1)).data;
  assert.equal(attempt.response, "thanks");
  await svix.messageAttempt.expungeContent(id, messages[0].id, attempt.id);
  assert.equal((await svix.messageAttempt.get(id, messages[0].id, attempt.id)).response, "EXPUNGED");
}

export async function resend(world) {
  const { svix, assert, eventually } = world;
  const { id, endpoint, hook, messages } = await prepare(world, 1);
  await svix.messageAttempt.resend(id, messages[0].id, endpoint.id);
  const [first, second] = await hook.take(2);
  assert.equal(first.headers["webhook-id"], second.headers["webhook-id"]);
  const page = await eventually(() => svix.messageAttempt.listByMsg(id, messages[0].id), (found) => found.data.length === 2);
  assert.deepEqual(page.data.map((attempt) => attempt.triggerType), [1, 0]);
}

export async function headers(world) {
  const { svix, assert, raw } = world;
  const { id, endpoint, messages } = await prepare(world, 1);
  const [attempt] = (await svix.messageAttempt.listByEndpoint(id, endpoint.id)).data;
  const { status, json } = await raw("GET", `/api/v1/app/${id}/msg/${messages[0].id}/attempt/${attempt.id}/headers`);
  assert.equal(status, 200);
  assert.equal(Object.entries(json.sentHeaders).find(([name]) => name.toLowerCase() === "webhook-id")[1], messages[0].id);
  assert.ok(json.responseHeaders.some(([name]) => name.toLowerCase() === "date"));
  assert.deepEqual(json.sensitive, []);
}

export async function deprecated_lists_are_still_there(world) {
  const { assert, raw } = world;
  const { id, endpoint, messages } = await prepare(world, 1);
  assert.equal((await raw("GET", `/api/v1/app/${id}/msg/${messages[0].id}/attempt`)).json.data.length, 1);
  assert.equal((await raw("GET", `/api/v1/app/${id}/msg/${messages[0].id}/endpoint/${endpoint.id}/attempt`)).json.data.length, 1);
}
