// Reads lines of JSON { secret, id, timestamp, signature, bodyBase64 } and answers each with "ok" or "fail: why",
// as the stock Standard Webhooks library sees it.
import { createInterface } from "node:readline";
import { Webhook } from "standardwebhooks";

for await (const line of createInterface({ input: process.stdin })) {
  const { secret, id, timestamp, signature, bodyBase64 } = JSON.parse(line);
  try {
    new Webhook(secret).verify(Buffer.from(bodyBase64, "base64"), {
      "webhook-id": id,
      "webhook-timestamp": timestamp,
      "webhook-signature": signature,
    });
    console.log("ok");
  } catch (error) {
    console.log(`fail: ${error.message}`);
  }
}
