import { apt } from "./apt.ts";
import { cargo } from "./cargo.ts";
import { go } from "./go.ts";
import type { Manager } from "./machine.ts";
import { maven } from "./maven.ts";
import { npm } from "./npm.ts";
import { pip } from "./pip.ts";
import { shippedSets } from "./shipped.ts";

/** The sets that are read from a package manager's configuration, by their names. */
export const managers: Readonly<Record<string, Manager>> = { npm, pip, apt, cargo, go, maven };

/** The sets that there are without any in the settings. */
export const knownSets: readonly string[] = [...Object.keys(shippedSets), ...Object.keys(managers)];
