/**
 * Writes what follows from the form of the settings and from the controls: the schema for editors, the reference, and the page of
 * what each platform enforces. Run after they changed: `node stacks/settings/generate.ts`.
 */
import { writeFileSync } from "node:fs";
import { controlsPage } from "../controls/page.ts";
import { stackFileSchema } from "../schema.ts";
import { settingsReference } from "./reference.ts";

const schema = stackFileSchema();
writeFileSync(new URL("../settings.schema.json", import.meta.url), `${JSON.stringify(schema, null, 2)}\n`);
writeFileSync(new URL("REFERENCE.md", import.meta.url), settingsReference(schema));
writeFileSync(new URL("../controls/README.md", import.meta.url), controlsPage());
