import { join } from "node:path";
import { type Machine, type Manager, prefixOf, programPath, readText, type Source } from "./machine.ts";

/** The registry that npm takes where none is configured, which none of its files holds: `npm help config`, registry. */
const registry: Source = { url: "https://registry.npmjs.org/", from: "npm's default" };

/** Keys of one place, and where they stand. */
type Layer = ReadonlyMap<string, Source>;

/** The default registry and those of scopes, from npm's files (`npm help npmrc`) and its variables, the later over the earlier. */
export const npm: Manager = (machine) => {
  const { root, home, environment } = machine;
  const variables = readVariables(environment);
  const user = readFile(variables.get("userconfig")?.url ?? join(home, ".npmrc"), environment);
  const project = readFile(join(root, ".npmrc"), environment);
  const prefix =
    [variables, project, user].map((layer) => layer.get("prefix")?.url).find((value) => value !== undefined) ?? ownPrefix(machine);
  const global = variables.get("globalconfig")?.url ?? (prefix && join(prefix, "etc/npmrc"));
  const builtin = prefix && join(prefix, "lib/node_modules/npm/npmrc");
  const system = [builtin, global].map((file) => (file === undefined ? new Map<string, Source>() : readFile(file, environment)));
  const all: Layer = new Map([["registry", registry], ...[...system, user, project, variables].flatMap((layer) => [...layer])]);
  return [...all].filter(([key]) => /^(@[^:]+:)?registry$/.test(key)).map(([, source]) => source);
};

/** npm counts as installed where the `node` is that runs it. */
function ownPrefix(machine: Machine): string | undefined {
  const node = programPath(machine, "node");
  return node && prefixOf(node);
}

function readVariables(environment: NodeJS.ProcessEnv): Layer {
  return new Map(
    Object.entries(environment).flatMap(([name, value = ""]) => {
      const [, key] = /^npm_config_(.+)$/i.exec(name) ?? [];
      return key === undefined || value === ""
        ? []
        : [[key.toLowerCase().replace(/(?!^)_/g, "-"), { url: value, from: `the variable ${name}` }] as const];
    }),
  );
}

function readFile(path: string, environment: NodeJS.ProcessEnv): Layer {
  // npm takes nothing from a section.
  const [own = ""] = (readText(path) ?? "").split(/^\s*\[/m);
  const lines = own.split(/\r?\n/);
  return new Map(
    lines.flatMap((line) => {
      const [, key, value] = /^\s*([^#;=[\s][^=]*?)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
      return key === undefined || value === undefined
        ? []
        : [[plain(key), { url: expanded(plain(value), environment), from: `${plain(key)} in ${path}` }] as const];
    }),
  );
}

/** A text without its quotes, or up to a comment. */
function plain(text: string): string {
  return /^(["']).*\1$/.test(text) ? text.slice(1, -1) : text.replace(/\s*(?<!\\)[#;].*$/, "");
}

/** npm leaves a variable that is not set as it stands, unless a question mark follows its name. */
function expanded(text: string, environment: NodeJS.ProcessEnv): string {
  return text.replace(/\$\{([^${}?]+)(\?)?\}/g, (whole, name: string, optional?: string) => environment[name] ?? (optional ? "" : whole));
}
