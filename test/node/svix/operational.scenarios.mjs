/** An endpoint of the operator's for events of these types, while something is done; the events about one endpoint. */
async function listening({ svix, receiver }, types, run) {
  const hook = await receiver();
  const operational = await svix.operationalWebhook.endpoint.create({ url: hook.url, eventTypes: types, filterTypes: types });
  const about = async (endpoint, total) => {
    const mine = () => hook.arrived.map((request) => JSON.parse(request.body)).filter((event) => event.data.endpointId === endpoint);
    for (let count = 1; mine().length < total; count++) await hook.take(count);
    return mine();
  };
  try {
    await run(about);
  } finally {
    await svix.operationalWebhook.endpoint.delete(operational.id);
  }
}

export async function endpoint_create_update_and_delete(world) {
  const { svix, assert, app, name } = world;
  await listening(world, ["endpoint.created", "endpoint.updated", "endpoint.deleted"], async (about) => {
    const uid = name("u");
    const { id } = await app({ uid });
    const endpoint = await svix.endpoint.create(id, { url: "http://127.0.0.1:9/", uid });
    await svix.endpoint.patch(id, endpoint.id, { description: "Changed" });
    await svix.endpoint.rotateSecret(id, endpoint.id, {});
    await svix.endpoint.delete(id, endpoint.id);
    const events = await about(endpoint.id, 4);
    assert.deepEqual(events.map((event) => event.type).sort(), ["endpoint.created", "endpoint.deleted", "endpoint.updated", "endpoint.updated"]);
    assert.ok(events.every(({ data }) => data.appId === id && data.appUid === uid && data.endpointUid === uid));
  });
}

export async function message_attempt_operational_webhooks(world) {
  const { svix, raw, assert, app, receiver } = world;
  await listening(world, ["message.attempt.failing", "message.attempt.exhausted"], async (about) => {
    const { id } = await app();
    const endpoint = await svix.endpoint.create(id, { url: (await receiver(() => 500)).url });
    await raw("PATCH", `/api/v1/app/${id}/endpoint/${endpoint.id}`, { retrySchedule: [0, 0, 0, 0] });
    const message = await svix.message.create(id, { eventType: "x", payload: {} });
    const events = await about(endpoint.id, 2);
    assert.deepEqual(events.map((event) => event.type).sort(), ["message.attempt.exhausted", "message.attempt.failing"]);
    for (const { data } of events) assert.deepEqual([data.appId, data.msgId, data.lastAttempt.responseStatusCode], [id, message.id, 500]);
  });
}

export async function operational_webhooks_event_types_exist({ svix, assert }) {
  const types = [
    "endpoint.created", "endpoint.updated", "endpoint.deleted", "endpoint.enabled", "endpoint.disabled",
    "message.attempt.failing", "message.attempt.exhausted", "message.attempt.recovered", "background_task.finished",
  ];
  const made = await svix.operationalWebhook.endpoint.create({ url: "http://127.0.0.1:9/", eventTypes: types, filterTypes: types, disabled: true });
  assert.deepEqual((made.eventTypes ?? made.filterTypes).toSorted(), types.toSorted());
  await svix.operationalWebhook.endpoint.delete(made.id);
}

export async function crud({ svix, assert, refused, upsert }) {
  const endpoints = svix.operationalWebhook.endpoint;
  const made = await endpoints.create({ url: "http://127.0.0.1:9/", description: "Ours", metadata: { a: "b" } });
  assert.equal((await endpoints.get(made.id)).description, "Ours");
  assert.ok((await endpoints.list({ limit: 250 })).data.some((endpoint) => endpoint.id === made.id));
  assert.equal((await upsert(endpoints)(made.id, { url: "http://127.0.0.1:9/2" })).url, "http://127.0.0.1:9/2");
  const first = (await endpoints.getSecret(made.id)).key;
  await endpoints.rotateSecret(made.id, {});
  assert.notEqual((await endpoints.getSecret(made.id)).key, first);
  await refused(422, endpoints.create({ url: "http://127.0.0.1:9/", eventTypes: ["no.such.event"], filterTypes: ["no.such.event"] }));
  await endpoints.delete(made.id);
  await refused(404, endpoints.get(made.id));
}

export async function headers({ svix, assert }) {
  const endpoints = svix.operationalWebhook.endpoint;
  const { id } = await endpoints.create({ url: "http://127.0.0.1:9/", disabled: true });
  await (endpoints.setHeaders ?? endpoints.updateHeaders).call(endpoints, id, { headers: { "X-Mine": "1", "X-Api-Key": "secret" } });
  const { headers, sensitive } = await endpoints.getHeaders(id);
  assert.deepEqual([headers, sensitive], [{ "X-Mine": "1" }, ["X-Api-Key"]]);
  await endpoints.delete(id);
}
