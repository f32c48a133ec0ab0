/** Writes what follows from the form of the settings: the schema for editors and the reference. Run after it changed: `node stacks/settings/generate.ts`. */
import { writeFileSync } from "node:fs";
import { stackFileSchema } from "../schema.ts";
import { settingsReference } from "./reference.ts";

const schema = stackFileSchema();
writeFileSync(new URL("../settings.schema.json", import.meta.url), `${JSON.stringify(schema, null, 2)}\n`);
writeFileSync(new URL("REFERENCE.md", import.meta.url), settingsReference(schema));
