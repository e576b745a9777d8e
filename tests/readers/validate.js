// Checks a HAR (first argument) against the schemas of har-validator: the whole, and each entry.
"use strict";

const fs = require("fs");
const path = require("path");
const { createRequire } = require("module");

const [file, modules] = process.argv.slice(2);
const validator = createRequire(path.join(modules, "package.json"))("har-validator");
const har = JSON.parse(fs.readFileSync(file, "utf8"));

async function main() {
  await validator.har(har);
  for (const entry of har.log.entries) {
    await validator.entry(entry);
  }
  process.stdout.write(JSON.stringify({ entries: har.log.entries.length }));
}

main().catch((error) => {
  process.stderr.write(JSON.stringify(error.errors || String(error), null, 2) + "\n");
  process.exit(1);
});
