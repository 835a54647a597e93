export async function endpoint_events({ svix, assert, app, receiver }) {
  const hook = await receiver();
  const types = ["endpoint.created", "endpoint.updated", "endpoint.deleted"];
  const operational = await svix.operationalWebhook.endpoint.create({ url: hook.url, eventTypes: types, filterTypes: types });
  assert.match(operational.id, /^ep_/);
  try {
    const { id } = await app();
    const endpoint = await svix.endpoint.create(id, { url: "http://127.0.0.1:9/" });
    await svix.endpoint.patch(id, endpoint.id, { description: "Changed" });
    await svix.endpoint.delete(id, endpoint.id);
    const mine = () => hook.arrived.map((request) => JSON.parse(request.body)).filter((event) => event.data.endpointId === endpoint.id);
    for (let count = 1; mine().length < 3; count++) await hook.take(count);
    assert.deepEqual(mine().map((event) => event.type).sort(), types.toSorted());
    assert.ok(mine().every((event) => event.data.appId === id));
  } finally {
    await svix.operationalWebhook.endpoint.delete(operational.id);
  }
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
