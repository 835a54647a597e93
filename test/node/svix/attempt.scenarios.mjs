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
  assert.deepEqual([attempt.status, attempt.statusText, attempt.responseStatusCode, attempt.triggerType, attempt.endpointId, attempt.msgId], [0, "success", 200, 0, endpoint.id, messages[0].id]);
  assert.ok(attempt.responseDurationMs >= 0 && attempt.timestamp instanceof Date);
  assert.equal((await svix.messageAttempt.get(id, messages[0].id, attempt.id)).id, attempt.id);
}

export async function message_attempts_follow_the_answer({ svix, assert, app, receiver, eventually }) {
  const { id } = await app();
  const answers = { 200: 1, 202: 1, 204: 1, 404: 3, 500: 3, 503: 3 };
  const endpoints = new Map();
  for (const answer of Object.keys(answers)) endpoints.set((await svix.endpoint.create(id, { url: (await receiver(() => Number(answer))).url })).id, answer);
  const message = await svix.message.create(id, { eventType: "x", payload: {} });
  const total = Object.values(answers).reduce((sum, count) => sum + count);
  const { data } = await eventually(() => svix.messageAttempt.listByMsg(id, message.id), (found) => found.data.length === total);
  for (const [endpoint, answer] of endpoints) {
    const mine = data.filter((attempt) => attempt.endpointId === endpoint);
    assert.equal(mine.length, answers[answer], answer);
    assert.ok(mine.every((attempt) => attempt.responseStatusCode === Number(answer) && attempt.status === (answer < 300 ? 0 : 2)), answer);
  }
}

export async function message_attempts_empty_retry_schedule({ svix, raw, assert, app, receiver, eventually }) {
  const { id } = await app();
  const hook = await receiver(() => 500);
  const endpoint = await svix.endpoint.create(id, { url: hook.url });
  assert.equal((await raw("PATCH", `/api/v1/app/${id}/endpoint/${endpoint.id}`, { retrySchedule: [] })).status, 200);
  const message = await svix.message.create(id, { eventType: "x", payload: {} });
  const failed = () => svix.messageAttempt.listAttemptedMessages(id, endpoint.id, { status: 2 });
  const { data } = await eventually(failed, (page) => page.data.length === 1);
  assert.deepEqual([data[0].id, data[0].statusText, data[0].nextAttempt ?? null], [message.id, "fail", null]);
  assert.equal(hook.arrived.length, 1);
}

export async function no_redirects_policy({ svix, assert, app, receiver, eventually }) {
  const { id } = await app();
  const target = await receiver();
  const hook = await receiver(() => ({ status: 308, headers: { location: target.url } }));
  await svix.endpoint.create(id, { url: hook.url });
  const message = await svix.message.create(id, { eventType: "x", payload: {} });
  const { data } = await eventually(() => svix.messageAttempt.listByMsg(id, message.id), (page) => page.data.length === 3);
  assert.deepEqual(data.map((attempt) => [attempt.status, attempt.responseStatusCode]), Array(3).fill([2, 308]));
  assert.equal(target.arrived.length, 0);
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
  const { svix, assert, name } = world;
  const { id, endpoint, messages } = await prepare(world, 3);
  const list = (options, by = endpoint.id) => svix.messageAttempt.listAttemptedMessages(id, by, options);
  const page = await list();
  assert.deepEqual(idsOf(page), idsOf({ data: messages }).reverse());
  assert.ok(page.data.every((message) => message.status === 0 && message.statusText === "success" && (message.nextAttempt ?? null) === null));
  const uid = name("u");
  await svix.endpoint.patch(id, endpoint.id, { uid });
  assert.deepEqual(idsOf(await list({}, uid)), idsOf(page));
  assert.deepEqual(idsOf(await list({ channel: "first" })), [messages[0].id]);
  assert.deepEqual(idsOf(await list({ eventTypes: ["good"] })), idsOf(page));
  assert.deepEqual(idsOf(await list({ eventTypes: ["none", "good"] })), idsOf(page));
  assert.deepEqual(idsOf(await list({ eventTypes: ["none"] })), []);
}

export async function list_attempted_messages_failed(world) {
  const { svix, assert, eventually } = world;
  const { id, endpoint, messages } = await prepare(world, 3);
  const list = (status) => svix.messageAttempt.listAttemptedMessages(id, endpoint.id, { status });
  const failing = await svix.message.create(id, { eventType: "bad", payload: { bad: true } });
  const { data } = await eventually(() => list(2), (page) => page.data.length === 1);
  assert.deepEqual([data[0].id, data[0].statusText, data[0].nextAttempt ?? null], [failing.id, "fail", null]);
  assert.deepEqual(idsOf(await list(0)), idsOf({ data: messages }).reverse());
}

export async function list_attempted_messages_pending({ svix, raw, assert, app, receiver, eventually }) {
  const { id } = await app();
  const hook = await receiver(() => 500);
  const endpoint = await svix.endpoint.create(id, { url: hook.url });
  await raw("PATCH", `/api/v1/app/${id}/endpoint/${endpoint.id}`, { retrySchedule: [3600] });
  const message = await svix.message.create(id, { eventType: "x", payload: {} });
  const list = (status) => svix.messageAttempt.listAttemptedMessages(id, endpoint.id, { status });
  const { data } = await eventually(() => list(1), (page) => page.data.length === 1);
  assert.deepEqual([data[0].id, data[0].statusText], [message.id, "pending"]);
  assert.ok(data[0].nextAttempt > new Date());
  for (const status of [0, 2, 3]) assert.deepEqual(idsOf(await list(status)), [], `status ${status}`);
}

export async function list_attempted_messages_sending({ svix, assert, app, receiver, eventually }) {
  const { id } = await app();
  let answer;
  const hook = await receiver((_, count) => (count === 1 ? 500 : new Promise((resolve) => (answer = resolve))));
  const endpoint = await svix.endpoint.create(id, { url: hook.url });
  const message = await svix.message.create(id, { eventType: "x", payload: {} });
  await hook.take(2);
  const list = (status) => svix.messageAttempt.listAttemptedMessages(id, endpoint.id, { status });
  const { data } = await eventually(() => list(3), (page) => page.data.length === 1);
  assert.deepEqual([data[0].id, data[0].statusText], [message.id, "sending"]);
  assert.equal((await svix.endpoint.getStats(id, endpoint.id)).sending, 1);
  for (const status of [0, 2]) assert.deepEqual(idsOf(await list(status)), [], `status ${status}`);
  answer(200);
  await eventually(() => list(0), (page) => page.data.length === 1);
}

export async function list_attempted_messages_success_are_not_sending({ svix, raw, assert, app, receiver, eventually }) {
  const { id } = await app();
  const hook = await receiver((_, count) => (count === 1 ? 500 : 200));
  const endpoint = await svix.endpoint.create(id, { url: hook.url });
  await raw("PATCH", `/api/v1/app/${id}/endpoint/${endpoint.id}`, { retrySchedule: [0, 3600] });
  const message = await svix.message.create(id, { eventType: "x", payload: {} });
  const list = (status) => svix.messageAttempt.listAttemptedMessages(id, endpoint.id, { status });
  await eventually(() => list(0), (page) => page.data.length === 1);
  for (const status of [1, 2, 3]) assert.deepEqual(idsOf(await list(status)), [], `status ${status}`);
  await svix.messageAttempt.resend(id, message.id, endpoint.id);
  await eventually(() => svix.messageAttempt.listByMsg(id, message.id), (page) => page.data.length === 3);
  assert.deepEqual(idsOf(await list(0)), [message.id]);
}

export async function list_attempted_messages_pages_both_ways(world) {
  const { svix, assert } = world;
  const { id, endpoint, messages } = await prepare(world, 6);
  const newest = messages.map((message) => message.id).reverse();
  const first = await svix.messageAttempt.listAttemptedMessages(id, endpoint.id, { limit: 4 });
  assert.deepEqual([idsOf(first), first.done], [newest.slice(0, 4), false]);
  const second = await svix.messageAttempt.listAttemptedMessages(id, endpoint.id, { limit: 4, iterator: first.iterator });
  assert.deepEqual([idsOf(second), second.done], [newest.slice(4), true]);
  assert.deepEqual(idsOf(await svix.messageAttempt.listAttemptedMessages(id, endpoint.id, { limit: 4, iterator: second.prevIterator })), newest.slice(0, 4));
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
  const next = await svix.messageAttempt.listAttemptedDestinations(id, message.id, { iterator: still.iterator });
  assert.deepEqual([idsOf(next), next.done], [[endpoints[1].id], true]);
  assert.deepEqual(idsOf(await svix.messageAttempt.listAttemptedDestinations(id, message.id, { iterator: next.prevIterator })), [endpoints[0].id]);
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

export async function resend_leaves_the_schedule_alone({ svix, raw, assert, app, receiver, eventually }) {
  const { id } = await app();
  const hook = await receiver(() => 500);
  const endpoint = await svix.endpoint.create(id, { url: hook.url });
  await raw("PATCH", `/api/v1/app/${id}/endpoint/${endpoint.id}`, { retrySchedule: [3600] });
  const message = await svix.message.create(id, { eventType: "x", payload: {} });
  const pending = () => svix.messageAttempt.listAttemptedMessages(id, endpoint.id, { status: 1 });
  const before = (await eventually(pending, (page) => page.data.length === 1)).data[0].nextAttempt;
  await svix.messageAttempt.resend(id, message.id, endpoint.id);
  await eventually(() => svix.messageAttempt.listByMsg(id, message.id), (page) => page.data.length === 2);
  assert.deepEqual((await pending()).data.map((found) => found.nextAttempt), [before]);
}

export async function resend_to_a_disabled_endpoint_is_refused(world) {
  const { svix, refused } = world;
  const { id, endpoint, messages } = await prepare(world, 1);
  await svix.endpoint.patch(id, endpoint.id, { disabled: true });
  await refused(409, svix.messageAttempt.resend(id, messages[0].id, endpoint.id));
  await refused(404, svix.messageAttempt.resend(id, messages[0].id, "nobody"));
  await refused(404, svix.messageAttempt.resend(id, "nobody", endpoint.id));
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
