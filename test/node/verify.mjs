// Reads lines of JSON { secret, id, timestamp, signature, bodyBase64 } and answers each with "ok" or "fail: why": with a symmetric secret
// (whsec_) as the stock libraries see it, that of Standard Webhooks and those of Svix 1 and 2, which must all agree; with a public key (whpk_),
// which none of them knows, as Node.js itself does.
import { createInterface } from "node:readline";
import { Webhook } from "standardwebhooks";
import svix1 from "svix1";
import { Webhook as Svix2Webhook } from "svix2";
import { verifyAsymmetric } from "./asymmetric.mjs";

const libraries = [Webhook, svix1.Webhook, Svix2Webhook];

function check({ secret, id, timestamp, signature, bodyBase64 }) {
  const body = Buffer.from(bodyBase64, "base64");
  if (secret.startsWith("whpk_")) return verifyAsymmetric(secret, id, timestamp, signature, body) ? "ok" : "fail: No matching signature found";
  const headers = { "webhook-id": id, "webhook-timestamp": timestamp, "webhook-signature": signature };
  const answers = libraries.map((library) => answerOf(() => new library(secret).verify(body, headers)));
  return new Set(answers).size === 1 ? answers[0] : `the libraries do not agree: ${answers.join(", ")}`;
}

function answerOf(verify) {
  try {
    verify();
    return "ok";
  } catch (error) {
    return `fail: ${error.message}`;
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  try {
    console.log(check(JSON.parse(line)));
  } catch (error) {
    console.log(`fail: ${error.message}`);
  }
}
