// Publishes one event with the client library of Svix: node publish.mjs [event type]
import { randomUUID } from "node:crypto";
import { Svix } from "svix";

const key = process.env.GRAPNEL_API_KEY;
if (!key) throw new Error("Set GRAPNEL_API_KEY.");
const svix = new Svix(key, { serverUrl: process.env.GRAPNEL_URL ?? "http://127.0.0.1:8000" });

const message = await svix.message.create(
  "default",
  { eventType: process.argv[2] ?? "order.created", payload: { orderId: 42, total: 19.9, currency: "EUR" } },
  // One key for each event, stored with it. With the same key again the event is not published a second time.
  { idempotencyKey: randomUUID() },
);
console.log(message.id);
