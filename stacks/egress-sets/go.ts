import { realpathSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import { type Machine, type Manager, prefixOf, programPath, readText, type Source, Unreadable, wayOut } from "./machine.ts";

/** What Go takes where nothing is configured, and an installation may write into no file: `go help goproxy`, and https://go.dev/ref/mod#environment-variables. */
const defaults = { GOPROXY: "https://proxy.golang.org,direct", GOSUMDB: "sum.golang.org" } as const;

/** The module proxies and the checksum database, from Go's variables, the user's file of them and the installation's. */
export const go: Manager = (machine) => {
  const files = environmentFiles(machine).map((path) => ({ path, values: readFile(path) }));
  const setting = (name: keyof typeof defaults): Source => {
    const given = machine.environment[name];
    if (given) return { url: given, from: `the variable ${name}` };
    const found = files.find(({ values }) => values.get(name));
    if (found === undefined) return { url: defaults[name], from: "Go's default" };
    return { url: found.values.get(name) as string, from: `${name} in ${found.path}` };
  };
  const { url: list, from } = setting("GOPROXY");
  const entries = list.split(/[,|]/).map((entry) => entry.trim());
  // Go looks at nothing behind these two.
  const end = entries.findIndex((entry) => entry === "direct" || entry === "off");
  const proxies = (end < 0 ? entries : entries.slice(0, end)).filter((entry) => entry !== "");
  if (proxies.length === 0) {
    const why = entries[end] === "off" ? "lets Go download nothing" : "names no proxy, so that each module comes from a host of its own";
    throw new Unreadable(`is read from ${from}, which ${why}; ${wayOut}`);
  }
  return [...proxies.map((proxy) => ({ url: complete(proxy), from })), ...database(setting("GOSUMDB"))];
};

/** A name, a name with its key, or either with the URL at which it is found. */
function database({ url: text, from }: Source): Source[] {
  const [name, url] = text.trim().split(/\s+/) as [string, string?];
  return name === "off" ? [] : [{ url: complete(url ?? name.replace(/\+.*/, "")), from }];
}

/** Go reads what has no scheme and is no path as https. */
function complete(url: string): string {
  return /:\//.test(url) || isAbsolute(url) ? url : `https://${url}`;
}

/** The earlier over the later. */
function environmentFiles(machine: Machine): string[] {
  const { home, environment } = machine;
  const user = environment.GOENV
    ? [environment.GOENV]
    : [join(environment.XDG_CONFIG_HOME || join(home, ".config"), "go/env"), join(home, "Library/Application Support/go/env")];
  const program = programPath(machine, "go");
  const installation = environment.GOROOT || (program && prefixOf(realpathSync(program)));
  return [...(environment.GOENV === "off" ? [] : user), ...(installation ? [join(installation, "go.env")] : [])];
}

function readFile(path: string): ReadonlyMap<string, string> {
  const lines = [...(readText(path) ?? "").matchAll(/^\s*([A-Z]\w*)=(.*?)\s*$/gm)];
  return new Map(lines.map(([, name = "", value = ""]) => [name, value]));
}
