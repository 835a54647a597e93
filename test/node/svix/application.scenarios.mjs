export async function crud({ svix, assert, refused, upsert }) {
  const made = await svix.application.create({ name: "One", metadata: { plan: "gold" } });
  assert.match(made.id, /^app_/);
  assert.ok(made.createdAt instanceof Date && made.updatedAt instanceof Date);
  assert.deepEqual((await svix.application.get(made.id)).metadata, { plan: "gold" });
  assert.deepEqual((await upsert(svix.application)(made.id, { name: "Two" })).metadata, {});
  assert.equal((await svix.application.get(made.id)).name, "Two");
  await svix.application.delete(made.id);
  assert.equal((await refused(404, svix.application.get(made.id))).code, "not_found");
  await refused(404, svix.application.delete(made.id));
}

export async function patch({ svix, assert, name }) {
  const app = await svix.application.create({ name: "One", uid: name("u"), throttleRate: 5, rateLimit: 5, metadata: { a: "b" } });
  const renamed = await svix.application.patch(app.id, { name: "Two" });
  assert.deepEqual([renamed.name, renamed.uid, renamed.metadata], ["Two", app.uid, { a: "b" }]);
  const uid = name("v");
  assert.equal((await svix.application.patch(app.id, { uid })).uid, uid);
  assert.equal((await svix.application.patch(app.id, { uid: null })).uid ?? null, null);
  assert.deepEqual((await svix.application.patch(app.id, { metadata: { c: "d" } })).metadata, { c: "d" });
  const slower = await svix.application.patch(app.id, { throttleRate: 3, rateLimit: 3 });
  assert.deepEqual([slower.throttleRate ?? slower.rateLimit, slower.metadata], [3, { c: "d" }]);
  const free = await svix.application.patch(app.id, { throttleRate: null, rateLimit: null });
  assert.equal(free.throttleRate ?? free.rateLimit ?? null, null);
  assert.equal(free.name, "Two");
}

export async function put_unknown_creates({ svix, raw, assert, name }) {
  const uid = name("new");
  const reply = await raw("PUT", `/api/v1/app/${uid}`, { name: "New", uid });
  assert.equal(reply.status, 201);
  assert.equal((await svix.application.get(uid)).id, reply.json.id);
  assert.equal((await raw("PUT", `/api/v1/app/${uid}`, { name: "Newer", uid })).status, 200);
}

export async function put_of_many_at_once_creates_one({ svix, assert, name, upsert }) {
  const uid = name("new");
  const put = await Promise.all(Array.from({ length: 10 }, (_, n) => upsert(svix.application)(uid, { name: `App ${n}`, uid })));
  assert.equal(new Set(put.map((app) => app.id)).size, 1);
  assert.match((await svix.application.get(uid)).name, /^App \d$/);
}

export async function uid({ svix, assert, refused, upsert, name }) {
  const uid = name("u");
  const one = await svix.application.create({ name: "One", uid });
  const two = await svix.application.create({ name: "Two" });
  assert.equal((await refused(409, svix.application.create({ name: "Three", uid }))).code, "conflict");
  await refused(409, upsert(svix.application)(two.id, { name: "Two", uid }));
  await refused(409, svix.application.patch(two.id, { uid }));
  const moved = name("m");
  await upsert(svix.application)(one.id, { name: "One", uid: moved });
  await refused(404, svix.application.get(uid));
  assert.equal((await svix.application.get(moved)).id, one.id);
  await svix.application.delete(moved);
  const again = await svix.application.create({ name: "Again", uid: moved });
  assert.equal(again.uid, moved);
  await svix.application.patch(again.id, { uid: null });
  await refused(404, svix.application.get(moved));
  assert.equal((await svix.application.get(again.id)).name, "Again");
  await refused(422, svix.application.create({ name: "Five", uid: "app_mine" }));
}

export async function get_or_create({ svix, assert, refused, name }) {
  const uid = name("u");
  const one = await svix.application.getOrCreate({ name: "One", uid });
  await refused(409, svix.application.create({ name: "One", uid }));
  assert.equal((await svix.application.getOrCreate({ name: "Other", uid })).id, one.id);
  assert.equal((await svix.application.get(uid)).name, "One");
}

export async function get_or_create_of_many_at_once_makes_one({ svix, assert, refused, name }) {
  const uid = name("u");
  const made = await Promise.all(Array.from({ length: 10 }, () => svix.application.getOrCreate({ name: "One", uid })));
  assert.equal(new Set(made.map((app) => app.id)).size, 1);
  await refused(422, svix.application.getOrCreate({ name: "", uid }));
}

export async function idempotency({ svix, assert, refused, name }) {
  const idempotencyKey = name("key");
  const one = await svix.application.create({ name: "One" }, { idempotencyKey });
  assert.equal((await svix.application.create({ name: "One" }, { idempotencyKey })).id, one.id);
  await refused(409, svix.application.create({ name: "Two" }, { idempotencyKey }));
  assert.notEqual((await svix.application.create({ name: "One" }, { idempotencyKey: name("key") })).id, one.id);
}

export async function list({ svix, assert, refused }) {
  // Other scenarios make applications at the same time: what counts is the order of those of this one.
  const start = await svix.application.create({ name: "Start" });
  const own = [];
  for (let n = 0; n < 10; n++) own.push((await svix.application.create({ name: `App ${n}` })).id);
  const idsOf = (pages) => pages.flatMap((page) => page.data.map((app) => app.id)).filter((id) => own.includes(id));
  const pages = [await svix.application.list({ limit: 3, iterator: start.id })];
  while (!pages.at(-1).done) pages.push(await svix.application.list({ limit: 3, iterator: pages.at(-1).iterator }));
  assert.deepEqual(idsOf(pages), own);
  const back = await svix.application.list({ limit: 250, iterator: pages.at(-1).prevIterator });
  assert.deepEqual(idsOf([back, pages.at(-1)]), own);
  const newest = await svix.application.list({ limit: 250, order: "descending" });
  assert.deepEqual(idsOf([newest]), own.toReversed());
  await refused(422, svix.application.list({ limit: 300 }));
  await refused(422, svix.application.list({ iterator: "no such thing!" }));
}

export async function invalid_fields_are_named({ svix, assert, refused }) {
  const body = await refused(422, svix.application.create({ name: "", uid: "a b", throttleRate: 0, rateLimit: 0 }));
  assert.deepEqual(body.detail.map((fault) => fault.loc.join(".")).sort(), ["body.name", "body.throttleRate", "body.uid"]);
}

