// Drives a running Grapnel with the stock Svix client. Runs every scenario of this folder and prints a line of JSON for each.
//   GRAPNEL_URL=http://… GRAPNEL_KEY=… node svix/run.mjs 1|2
import { readdir } from "node:fs/promises";
import { makeWorld } from "./world.mjs";

const version = Number(process.argv[2]);
const sdk = version === 1 ? (await import("svix1")).default : await import("svix2");
const here = new URL(".", import.meta.url);
const scenarios = [];
for (const file of (await readdir(here)).filter((name) => name.endsWith(".scenarios.mjs")).sort()) {
  const area = file.split(".")[0];
  for (const [name, run] of Object.entries(await import(new URL(file, here)))) scenarios.push({ name: `${area}.${name}`, run });
}

async function runOne({ name, run }) {
  const world = await makeWorld(sdk, version);
  let error = null;
  try {
    await run(world);
  } catch (failure) {
    const answer = failure?.body === undefined ? "" : ` ${failure.code} ${JSON.stringify(failure.body)}`;
    error = `${failure?.stack ?? failure}${answer}`;
  }
  await world.close();
  console.log(JSON.stringify({ name, error }));
}

// A few at a time: each has an application of its own, and most of their time is waiting.
const queue = scenarios.filter(({ name }) => !process.argv[3] || name.includes(process.argv[3]));
await Promise.all(Array.from({ length: 4 }, async () => { for (let next; (next = queue.shift()); ) await runOne(next); }));
process.exit(0);
