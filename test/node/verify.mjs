// Reads lines of JSON { secret, id, timestamp, signature, bodyBase64 } and answers each with "ok" or "fail: why": with a symmetric secret
// (whsec_) as the stock Standard Webhooks library sees it; with a public key (whpk_), which that library does not know, as Node.js itself does.
import { createPublicKey, verify } from "node:crypto";
import { createInterface } from "node:readline";
import { Webhook } from "standardwebhooks";

/** Whether one of the v1a signatures is by the private key that belongs to this public one. */
export function verifyAsymmetric(key, id, timestamp, signatures, body) {
  const x = Buffer.from(key.slice("whpk_".length), "base64").toString("base64url");
  const publicKey = createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x }, format: "jwk" });
  const content = Buffer.concat([Buffer.from(`${id}.${timestamp}.`), body]);
  return signatures.split(" ").some((one) => one.startsWith("v1a,") && verify(null, content, publicKey, Buffer.from(one.slice(4), "base64")));
}

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
