// Receives webhooks at /hooks with the library of Standard Webhooks: node receive.mjs [port]
import { createServer } from "node:http";
import { Webhook, WebhookVerificationError } from "standardwebhooks";

const secret = process.env.WEBHOOK_SECRET;
if (!secret) throw new Error("Set WEBHOOK_SECRET to the endpoint's secret, whsec_...");
const webhook = new Webhook(secret);
// What was handled. Yours belongs into a database: this is lost when the process ends, and grows.
const handled = new Set();

async function receive(request) {
  if (request.method !== "POST" || request.url !== "/hooks") return 404;
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  // The bytes as they came: parsed and written again they would have another signature.
  const order = webhook.verify(Buffer.concat(chunks), request.headers);
  const id = request.headers["webhook-id"];
  if (!handled.has(id)) console.log(`${id} order ${order.orderId}: ${order.total} ${order.currency}`);
  handled.add(id);
  return 204;
}

createServer((request, response) =>
  receive(request)
    .catch((error) => (error instanceof WebhookVerificationError ? 401 : 500))
    .then((status) => response.writeHead(status).end()),
).listen(Number(process.argv[2] ?? 8888), "127.0.0.1");
