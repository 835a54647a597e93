// Reads an OpenAPI document and answers "valid" and its version, or what a stock validator finds in it.
import { text } from "node:stream/consumers";
import { Validator } from "@seriousme/openapi-schema-validator";

const validator = new Validator();
const { valid, errors } = await validator.validate(JSON.parse(await text(process.stdin)));
console.log(valid ? `valid ${validator.version}` : JSON.stringify(errors));
