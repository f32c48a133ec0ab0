#!/usr/bin/env node
// The command `sessions`, from a fresh clone too.
import { fileURLToPath } from "node:url";

process.argv.splice(2, 0, fileURLToPath(new URL("../main.ts", import.meta.url)));
await import("../bootstrap.js");
