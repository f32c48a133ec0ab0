import { isSensitive, normalPath, reachesEngine } from "./read/paths.ts";
import { flag, type Props, records, text, texts } from "./read/value.ts";
import { type Found, graded, type Rule } from "./rule.ts";

/** Rights of a plugin that are the host's: its namespaces, all of its devices, capabilities that lead to root. */
const hostly = /^(network|pidhost|ipchost|allow-all-devices|device|capabilities|propagated mount|propagated-mount)$/;

function* permission({ name, values }: Props, plugin: string): Iterable<Found> {
  const right = (text(name) ?? "").trim().toLowerCase();
  const words = [...texts(values)].map((word) => word.trim());
  if (/^mounts?$/.test(right)) {
    for (const path of words.map(normalPath))
      if (reachesEngine(path) || path === "/") yield graded("critical", `The plugin "${plugin}" must not mount ${path}.`);
      else if (isSensitive(path)) yield `The plugin "${plugin}" must not mount ${path}.`;
    return;
  }
  const isOff = words.every((word) => /^(|false|none|bridge)$/i.test(word)) && words.length > 0;
  if (hostly.test(right) && !isOff) yield `The plugin "${plugin}" must not be granted ${right}.`;
}

export const enginePlugin: Rule = {
  id: "PLG-001",
  name: "engine-plugin",
  title: "A plugin of the engine gets the host's rights",
  severity: "high",
  also: ["critical"],
  frameworks: [],
  remediation: "Remove grantAllPermissions, and grant one by one what the plugin needs: it runs as root beside the engine.",
  reads: "grantAllPermissions, grantPermissions",
  kinds: ["docker:Plugin"],
  *resource({ name, props }) {
    if (flag(props.grantAllPermissions) === true)
      yield graded("critical", `The plugin "${name}" must not be granted all permissions that it asks for.`);
    for (const granted of records(props.grantPermissions)) yield* permission(granted, name);
  },
};
