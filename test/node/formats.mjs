// Reads lines of JSON { format, secret, headers, bodyBase64 } and answers each with what the stock library of that format made of the request, as JSON,
// or with "fail: why": GitHub's with Octokit, CloudEvents with the SDK of the CloudEvents project.
import { createInterface } from "node:readline";
import { Webhooks } from "@octokit/webhooks";
import { HTTP } from "cloudevents";

async function github({ secret, headers, body }) {
  const webhooks = new Webhooks({ secret });
  const signature = headers["x-hub-signature-256"];
  if (!(await webhooks.verify(body, signature))) throw new Error("the signature is wrong");
  const form = headers["content-type"].startsWith("application/x-www-form-urlencoded");
  const payload = JSON.parse(form ? new URLSearchParams(body).get("payload") : body);
  let seen;
  webhooks.onAny((event) => (seen = event));
  if (!form) await webhooks.verifyAndReceive({ id: headers["x-github-delivery"], name: headers["x-github-event"], signature, payload: body });
  return { id: headers["x-github-delivery"], name: seen ? seen.name : headers["x-github-event"], payload: seen ? seen.payload : payload };
}

function cloudEvents({ headers, body }) {
  const event = HTTP.toEvent({ headers, body });
  event.validate();
  const { id, type, source, time, specversion, datacontenttype, data, data_base64 } = event;
  return { id, type, source, time, specversion, datacontenttype, data: Buffer.isBuffer(data) ? undefined : data, base64: data_base64 };
}

for await (const line of createInterface({ input: process.stdin })) {
  const { format, secret, headers, bodyBase64 } = JSON.parse(line);
  const body = Buffer.from(bodyBase64, "base64").toString();
  try {
    console.log(JSON.stringify(await (format === "github" ? github : cloudEvents)({ secret, headers, body })));
  } catch (error) {
    console.log(`fail: ${error.message ?? error}`);
  }
}
