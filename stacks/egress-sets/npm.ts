import { join } from "node:path";
import { expand, type Machine, type Manager, prefixOf, programPath, readText, type Source } from "./machine.ts";

/** The registry that npm takes where none is configured, which none of its files holds: `npm help config`, registry. */
const registry: Value = { url: "https://registry.npmjs.org/", written: "", from: "npm's default" };

/** A value, and as it stands where it was read. */
interface Value extends Source {
  readonly written: string;
}

/** Keys of one place, and where they stand. */
type Layer = ReadonlyMap<string, Value>;

/** The default registry and those of scopes, from npm's files (`npm help npmrc`) and its variables, the later over the earlier. */
export const npm: Manager = (machine) => {
  const { root, home, environment } = machine;
  const variables = readVariables(environment);
  const user = readFile(variables.get("userconfig")?.url ?? join(home, ".npmrc"), environment);
  const project = readFile(join(root, ".npmrc"), environment);
  const prefix = [variables, project, user].map((layer) => layer.get("prefix")).find((value) => value !== undefined) ?? ownPrefix(machine);
  const below = (file: string) =>
    prefix === undefined ? new Map() : readFile(join(prefix.url, file), environment, join(prefix.written, file));
  const named = variables.get("globalconfig")?.url;
  const system = [below("lib/node_modules/npm/npmrc"), named === undefined ? below("etc/npmrc") : readFile(named, environment)];
  const all: Layer = new Map([["registry", registry], ...[...system, user, project, variables].flatMap((layer) => [...layer])]);
  return [...all].filter(([key]) => /^(@[^:]+:)?registry$/.test(key)).map(([, source]) => source);
};

/** npm counts as installed where the `node` is that runs it. */
function ownPrefix(machine: Machine): Pick<Value, "url" | "written"> | undefined {
  const node = programPath(machine, "node");
  return node === undefined ? undefined : { url: prefixOf(node), written: prefixOf(node) };
}

function readVariables(environment: NodeJS.ProcessEnv): Layer {
  return new Map(
    Object.entries(environment).flatMap(([name, value]) => {
      const key = /^npm_config_(.+)/i.exec(name)?.[1];
      return key === undefined || !value
        ? []
        : [[key.toLowerCase().replace(/(?!^)_/g, "-"), { url: value, written: value, from: `the variable ${name}` }] as const];
    }),
  );
}

/** @param shown the path as people may see it: what a variable holds is not theirs to see */
function readFile(path: string, environment: NodeJS.ProcessEnv, shown = path): Layer {
  // npm takes nothing from a section.
  const [own = ""] = (readText(path, shown) ?? "").split(/^\s*\[/m);
  const lines = own.split(/\r?\n/);
  return new Map(
    lines.flatMap((line) => {
      const [, key, value] = /^\s*([^#;=[\s][^=]*?)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
      return key === undefined || value === undefined
        ? []
        : [[plain(key), { ...expanded(plain(value), environment), written: plain(value), from: `${plain(key)} in ${shown}` }] as const];
    }),
  );
}

/** A text without its quotes, or up to a comment. */
function plain(text: string): string {
  return /^(["']).*\1$/.test(text) ? text.slice(1, -1) : text.replace(/\s*(?<!\\)[#;].*/, "");
}

/** npm leaves a variable that is not set as it stands, unless a question mark follows its name. */
function expanded(text: string, environment: NodeJS.ProcessEnv) {
  return expand(text, /\$\{([^${}?]+)(\?)?\}/g, (name, [, , optional]) => environment[name] ?? (optional ? "" : undefined));
}
