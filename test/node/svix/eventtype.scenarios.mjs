export async function create_read_list({ svix, assert, refused, name, upsert }) {
  const type = name("order");
  const schemas = { 1: { type: "object", examples: [{ a: 1 }] } };
  const made = await svix.eventType.create({ name: type, description: "Made", schemas, groupName: "orders" });
  assert.deepEqual([made.name, made.description, made.archived ?? false, made.deprecated, made.schemas], [type, "Made", false, false, schemas]);
  assert.equal((await refused(409, svix.eventType.create({ name: type, description: "Again" }))).code, "event_type_exists");
  assert.deepEqual((await svix.eventType.get(type)).schemas, schemas);
  assert.equal((await upsert(svix.eventType)(type, { description: "Changed" })).description, "Changed");
  await svix.eventType.delete(type);
  assert.equal((await svix.eventType.get(type)).archived, true);
  assert.equal((await svix.eventType.create({ name: type, description: "Back" })).archived ?? false, false);
  await svix.eventType.delete(type, { expunge: true });
  await refused(404, svix.eventType.get(type));
}

export async function patch({ svix, assert, eventType, raw, name }) {
  const type = await eventType({ schemas: { 1: { type: "object" } } });
  assert.equal((await svix.eventType.patch(type, { description: "Changed" })).description, "Changed");
  assert.equal((await svix.eventType.patch(type, { deprecated: true })).deprecated, true);
  assert.equal((await svix.eventType.patch(type, { archived: true })).archived, true);
  assert.deepEqual((await svix.eventType.get(type)).schemas, { 1: { type: "object" } });
  assert.equal((await raw("PUT", `/api/v1/event-type/${name("new")}`, { description: "New" })).status, 201);
}

export async function put_of_many_at_once_creates_one({ svix, assert, name, upsert }) {
  const type = name("new");
  const put = await Promise.all(Array.from({ length: 10 }, (_, n) => upsert(svix.eventType)(type, { description: `Text ${n}` })));
  assert.equal(new Set(put.map((made) => +made.createdAt)).size, 1);
  assert.match((await svix.eventType.get(type)).description, /^Text \d$/);
}

export async function list({ svix, assert, name }) {
  const start = name("zz.list");
  const names = Array.from({ length: 10 }, (_, n) => `${start}.${n}`);
  for (const type of names) await svix.eventType.create({ name: type, description: "Listed", schemas: { 1: { type: "object" } } });
  const first = await svix.eventType.list({ limit: 6, iterator: start });
  assert.deepEqual([first.data.map((type) => type.name), first.done], [names.slice(0, 6), false]);
  assert.equal(first.data[0].schemas ?? null, null);
  const second = await svix.eventType.list({ limit: 4, iterator: first.iterator, withContent: true });
  assert.deepEqual(second.data.map((type) => type.name), names.slice(6));
  assert.deepEqual(second.data[0].schemas, { 1: { type: "object" } });
  const back = await svix.eventType.list({ limit: 6, iterator: second.prevIterator });
  assert.deepEqual(back.data.map((type) => type.name), names.slice(0, 6));
}

export async function schema({ svix, refused, name }) {
  await refused(422, svix.eventType.create({ name: name("bad"), description: "", schemas: { 1: { type: "no-such-type" } } }));
  await refused(422, svix.eventType.create({ name: "a b", description: "" }));
}

export async function feature_flags({ svix, assert, refused, client, app, eventType, name }) {
  const flag = name("flag").replaceAll(".", "-");
  const flagged = await eventType({ featureFlag: flag, featureFlags: [flag] });
  const { id } = await app();
  const without = client((await svix.authentication.appPortalAccess(id, {})).token);
  await refused(404, without.eventType.get(flagged));
  assert.equal((await without.eventType.list({ limit: 250 })).data.some((type) => type.name === flagged), false);
  const with_ = client((await svix.authentication.appPortalAccess(id, { featureFlags: [flag] })).token);
  assert.equal((await with_.eventType.get(flagged)).name, flagged);
}

export async function feature_flags_are_taken_back_under_either_name({ svix, raw, assert, eventType }) {
  for (const field of ["featureFlag", "featureFlags"]) {
    const type = await eventType({ featureFlag: "beta", featureFlags: ["beta"] });
    assert.equal((await raw("PATCH", `/api/v1/event-type/${type}`, { [field]: null })).status, 200);
    const found = await svix.eventType.get(type);
    assert.deepEqual(found.featureFlags ?? found.featureFlag ?? null, null, field);
  }
}

export async function import_openapi({ svix, assert, name }) {
  const type = name("imported");
  const spec = {
    openapi: "3.1.0", info: { title: "x", version: "1" }, paths: {},
    webhooks: { [type]: { post: { operationId: type, description: "From a document", requestBody: { content: { "application/json": { schema: { type: "object", properties: { id: { type: "string" } } } } } } } } },
  };
  const dry = await svix.eventType.importOpenapi({ specRaw: JSON.stringify(spec), dryRun: true });
  assert.deepEqual((dry.data.toModify ?? []).map((found) => found.name), [type]);
  assert.equal((await svix.eventType.list({ limit: 250, iterator: type.slice(0, -1) })).data.some((found) => found.name === type), false);
  const done = await svix.eventType.importOpenapi({ specRaw: JSON.stringify(spec) });
  assert.deepEqual(done.data.modified, [type]);
  assert.equal((await svix.eventType.get(type)).description, "From a document");
}
