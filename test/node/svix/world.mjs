import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { createServer } from "node:http";

const url = process.env.GRAPNEL_URL;
const key = process.env.GRAPNEL_KEY;

/** What a scenario works with: the client, an application of its own, receivers, and a few ways to ask and to wait. */
export async function makeWorld(sdk, version) {
  const receivers = [];
  const client = (token) => new sdk.Svix(token, { serverUrl: url });
  const svix = client(key);
  const world = {
    sdk, version, svix, client, url, key, assert,
    name: (prefix) => `${prefix}.${randomUUID().replaceAll("-", "")}`,

    /** An application of its own. */
    app: (fields = {}) => svix.application.create({ name: "A test", ...fields }),

    /** A new event type; its name. */
    async eventType(fields = {}) {
      const name = world.name("type");
      await svix.eventType.create({ name, description: "A test", ...fields });
      return name;
    },

    /** What clients of version 1 call update. */
    upsert: (resource) => (resource.upsert ?? resource.update).bind(resource),
    setHeaders: (...args) => (svix.endpoint.setHeaders ?? svix.endpoint.updateHeaders).apply(svix.endpoint, args),

    /** A receiver that answers what `answer(request, count)` says, now or later: a status, or one with headers. 200 by default. */
    async receiver(answer = () => 200) {
      const receiver = await makeReceiver(answer);
      receivers.push(receiver);
      return receiver;
    },

    /** A call that the client has no method for, or that a scenario wants to see as it is on the wire. */
    async raw(method, path, body, { token = key, headers = {} } = {}) {
      const reply = await fetch(url + path, {
        method, body: body === undefined ? undefined : typeof body === "string" ? body : JSON.stringify(body),
        headers: { authorization: `Bearer ${token}`, "content-type": "application/json", ...headers },
      });
      const text = await reply.text();
      return { status: reply.status, headers: reply.headers, json: text === "" ? null : JSON.parse(text) };
    },

    /** The error that a call must end with. */
    async refused(status, promise) {
      const error = await promise.then(() => assert.fail(`should have been refused with ${status}`), (error) => error);
      assert.equal(error.code, status, `${error.code} ${JSON.stringify(error.body)}`);
      return error.body;
    },

    /** Asks until what comes back satisfies the check. What was sent a moment ago is recorded a moment later. */
    async eventually(ask, check) {
      for (const end = Date.now() + 20_000; ; ) {
        const found = await ask();
        if (check(found)) return found;
        assert.ok(Date.now() < end, `never came true; last seen: ${JSON.stringify(found)}`);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    },

    close: () => Promise.all(receivers.map((receiver) => receiver.close())),
  };
  return world;
}

async function makeReceiver(answer) {
  const arrived = [];
  const waiting = [];
  const server = createServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const seen = { path: request.url, headers: request.headers, rawHeaders: request.rawHeaders, body: Buffer.concat(chunks).toString() };
    const count = arrived.push(seen);
    waiting.splice(0).forEach((wake) => wake());
    const reply = await answer(seen, count);
    response.writeHead(reply.status ?? reply, reply.headers);
    response.end("thanks");
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}/hook`,
    arrived,
    /** The first so many requests, once they are there. */
    async take(count) {
      const limit = AbortSignal.timeout(20_000);
      while (arrived.length < count)
        await new Promise((resolve, reject) => {
          waiting.push(resolve);
          limit.addEventListener("abort", () => reject(new Error(`only ${arrived.length} of ${count} requests arrived`)), { once: true });
        });
      return arrived.slice(0, count);
    },
    close() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}

/** The contract of every list (ten things, made in order), in the orders that it knows. */
export async function checkList({ assert, refused }, list, ids, { ordered = true } = {}) {
  const idsOf = (page) => page.data.map((item) => item.id ?? item.name);
  const all = await list({ limit: 10, order: ordered ? "ascending" : undefined });
  assert.deepEqual(idsOf(all), ids);
  assert.equal(all.done, true);
  assert.equal((await list({ limit: 1 })).done, false);
  for (const order of ordered ? ["ascending", "descending"] : [undefined]) {
    const expected = order === "descending" ? ids.toReversed() : ids;
    const first = await list({ limit: 6, order });
    assert.deepEqual([idsOf(first), first.done], [expected.slice(0, 6), false]);
    const second = await list({ limit: 6, order, iterator: first.iterator });
    assert.deepEqual([idsOf(second), second.done], [expected.slice(6), true]);
    const back = await list({ limit: 6, order, iterator: second.prevIterator });
    assert.deepEqual(idsOf(back), expected.slice(0, 6));
  }
  await refused(422, list({ iterator: "no such thing!" }));
  await refused(422, list({ limit: 300 }));
}
