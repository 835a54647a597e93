// Asymmetric secrets and signatures of Standard Webhooks, by nothing but the crypto module of Node.js.
import { createPublicKey, generateKeyPairSync, verify } from "node:crypto";

/** A new pair: what the sender is given, what receivers are shown, and the private key alone. */
export function makePair() {
  const { d, x } = generateKeyPairSync("ed25519").privateKey.export({ format: "jwk" });
  const [own, shown] = [Buffer.from(d, "base64url"), Buffer.from(x, "base64url")];
  return { whsk: "whsk_" + Buffer.concat([own, shown]).toString("base64"), whpk: "whpk_" + shown.toString("base64"), own };
}

/** Whether one of the v1a signatures is by the private key that belongs to this public one. */
export function verifyAsymmetric(whpk, id, timestamp, signatures, body) {
  const x = Buffer.from(whpk.slice("whpk_".length), "base64").toString("base64url");
  const key = createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x }, format: "jwk" });
  const content = Buffer.concat([Buffer.from(`${id}.${timestamp}.`), body]);
  return signatures.split(" ").some((one) => one.startsWith("v1a,") && verify(null, content, key, Buffer.from(one.slice("v1a,".length), "base64")));
}
