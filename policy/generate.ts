/** Writes what follows from the rules: their reference and the levels. Run after a rule changed: `node policy/generate.ts`. */
import { writeFileSync } from "node:fs";
import { files } from "./reference.ts";

for (const [path, content] of files()) writeFileSync(new URL(path, import.meta.url), content);
