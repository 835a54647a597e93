export async function restricted_application_access({ svix, assert, refused, client, app, upsert }) {
  const [own, other] = [await app(), await app()];
  const portal = client((await svix.authentication.appPortalAccess(own.id, {})).token);
  assert.equal((await portal.application.get(own.id)).id, own.id);
  const foreign = await refused(404, portal.application.get(other.id));
  const missing = await refused(404, portal.application.get("app_0000000000000000000000"));
  assert.deepEqual({ ...foreign, detail: foreign.detail.replaceAll(other.id, "x") }, { ...missing, detail: missing.detail.replaceAll("app_0000000000000000000000", "x") });
  await refused(403, portal.application.create({ name: "No" }));
  await refused(403, portal.application.list());
  await refused(403, upsert(portal.application)(own.id, { name: "No" }));
  await refused(403, portal.application.delete(own.id));
  await refused(403, portal.message.create(own.id, { eventType: "x", payload: {} }));
  const endpoint = await portal.endpoint.create(own.id, { url: "http://127.0.0.1:9/" });
  assert.match((await portal.endpoint.getSecret(own.id, endpoint.id)).key, /^whsec_/);
  await refused(404, portal.endpoint.list(other.id));
}

export async function dashboard_access_without_body({ raw, assert, app }) {
  const { id } = await app();
  const reply = await raw("POST", `/api/v1/auth/dashboard-access/${id}`, "");
  assert.equal(reply.status, 200);
  assert.ok(reply.json.url.includes("#key=") && reply.json.token.length > 20);
}

export async function invalid_auth_error_detail({ client, assert, refused }) {
  const body = await refused(401, client("nonsense").application.list());
  assert.equal(body.code, "authentication_failed");
  await refused(401, client("eyJhbGciOiJub25lIn0.eyJzdWIiOiJvcmdfMSJ9.").application.list());
}

export async function app_portal_access_with_application({ svix, assert, refused, name, client }) {
  const uid = name("fresh");
  await refused(404, svix.authentication.appPortalAccess(uid, {}));
  const { token } = await svix.authentication.appPortalAccess(uid, { application: { name: "Made on the fly", uid } });
  assert.equal((await client(token).application.get(uid)).name, "Made on the fly");
}

export async function tokens_that_make_their_application_at_once_are_all_issued({ svix, client, assert, name }) {
  const uid = name("fresh");
  const issue = () => svix.authentication.appPortalAccess(uid, { application: { name: "Made on the fly", uid } });
  const made = await Promise.all(Array.from({ length: 10 }, issue));
  for (const { token } of made) assert.equal((await client(token).application.get(uid)).uid, uid);
}

export async function logout({ svix, client, refused, app }) {
  const { id } = await app();
  const [one, two] = [client((await svix.authentication.appPortalAccess(id, {})).token), client((await svix.authentication.appPortalAccess(id, {})).token)];
  await one.authentication.logout();
  await refused(401, one.application.get(id));
  await two.application.get(id);
}

export async function expire_all({ svix, client, refused, app }) {
  const [one, two] = [await app(), await app()];
  const tokens = [];
  for (const { id } of [one, one, two]) tokens.push(client((await svix.authentication.appPortalAccess(id, {})).token));
  await svix.authentication.expireAll(one.id, {});
  await refused(401, tokens[0].application.get(one.id));
  await refused(401, tokens[1].application.get(one.id));
  await tokens[2].application.get(two.id);
}

export async function health({ svix, raw, assert }) {
  await svix.health.get();
  for (const path of ["/api/v1/health/", "/api/v1/health/ping", "/api/v1/health/ping/"])
    for (const method of ["GET", "HEAD"]) assert.equal((await raw(method, path)).status, 204, `${method} ${path}`);
}

export async function unknown_routes_answer_in_json({ raw, assert }) {
  const reply = await raw("GET", "/api/v1/no/such/thing");
  assert.deepEqual([reply.status, reply.json.code], [404, "not_found"]);
}
