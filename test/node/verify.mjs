// Reads lines of JSON { secret, id, timestamp, signature, bodyBase64 } and answers each with "ok" or "fail: why": with a symmetric secret
// (whsec_) as the stock Standard Webhooks library sees it; with a public key (whpk_), which that library does not know, as Node.js itself does.
import { createInterface } from "node:readline";
import { Webhook } from "standardwebhooks";
import { verifyAsymmetric } from "./asymmetric.mjs";

function check({ secret, id, timestamp, signature, bodyBase64 }) {
  const body = Buffer.from(bodyBase64, "base64");
  if (secret.startsWith("whpk_")) return verifyAsymmetric(secret, id, timestamp, signature, body) ? "ok" : "fail: No matching signature found";
  new Webhook(secret).verify(body, { "webhook-id": id, "webhook-timestamp": timestamp, "webhook-signature": signature });
  return "ok";
}

for await (const line of createInterface({ input: process.stdin })) {
  try {
    console.log(check(JSON.parse(line)));
  } catch (error) {
    console.log(`fail: ${error.message}`);
  }
}
