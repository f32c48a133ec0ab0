import { join } from "node:path";
import { type Machine, type Manager, readNames, readText, type Source, Unreadable, wayOut } from "./machine.ts";

/** The sources of packages, in either form that sources.list(5) describes. apt has none of its own. */
export const apt: Manager = (machine) => {
  const main = join(machine.system, "etc/apt/sources.list");
  const folder = `${main}.d`;
  const parts = readNames(folder)
    .filter((name) => /\.(list|sources)$/.test(name))
    .map((name) => join(folder, name));
  const sources = [main, ...parts].flatMap((path) => {
    const uris = path.endsWith(".sources") ? stanzaUris(readText(path) ?? "") : lineUris(readText(path) ?? "");
    return uris.flatMap((uri) => mirrored({ url: uri, from: path }, machine));
  });
  if (sources.length === 0) throw new Unreadable(`finds no source in ${main} and ${folder}; ${wayOut}`);
  return sources;
};

/** `deb [options] URI suite component`, a line each. */
function lineUris(text: string): string[] {
  return [...text.matchAll(/^[ \t]*deb(?:-src)?[ \t]+(?:\[[^\]]*\][ \t]+)?"?([^\s#"]+)/gm)].map(([, uri]) => uri as string);
}

/** Fields, of which one may go on in indented lines; stanzas end with an empty line. */
function stanzaUris(text: string): string[] {
  const stanzas = text.replace(/^#.*\n/gm, "").split(/\n[ \t]*\n/);
  return stanzas.flatMap((stanza) => {
    const field = (name: string) => (new RegExp(`^${name}:((?:.*)(?:\n[ \t].*)*)`, "im").exec(stanza)?.[1] ?? "").trim();
    if (/^(no|false|without|off|disable|0)$/i.test(field("Enabled"))) return [];
    return field("URIs")
      .split(/\s/)
      .filter((uri) => uri !== "");
  });
}

/** The mirrors that a list on this machine names, or the host that has such a list. */
function mirrored(source: Source, { system }: Machine): Source[] {
  const mirror = /^mirror(?:\+([a-z]+))?:(.*)/.exec(source.url);
  if (mirror === null) return [source];
  const [, transport, rest] = mirror as unknown as readonly [string, string | undefined, string];
  if (transport !== "file") return [{ ...source, url: `${transport ?? "http"}:${rest}` }];
  const path = join(system, rest.replace(/^\/\/(?=\/)/, ""));
  return (readText(path) ?? "")
    .split("\n")
    .map((line) => line.trim().split(/\s/)[0] ?? "")
    .filter((uri) => uri !== "" && !uri.startsWith("#"))
    .map((url) => ({ url, from: path }));
}
