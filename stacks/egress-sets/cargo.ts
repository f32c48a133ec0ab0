import { join } from "node:path";
import { parse } from "smol-toml";
import { type Manager, readParsed, readText, type Source } from "./machine.ts";

/** As cargo documents it: https://doc.rust-lang.org/cargo/reference/registries.html and config.html, registries.crates-io.protocol. */
const sparse = "https://index.crates.io/";
const git = "https://github.com/rust-lang/crates.io-index";
/** Both indexes name this host for downloads; other registries are taken to hold what they list. */
const downloads = "https://static.crates.io";

/** crates.io, or what replaces it, and the other registries, from the user's configuration and cargo's variables. */
export const cargo: Manager = ({ home, environment }) => {
  const folder = environment.CARGO_HOME || join(home, ".cargo");
  // Where both are there, cargo takes the one without an ending.
  const path = [join(folder, "config"), join(folder, "config.toml")].find((file) => readText(file) !== undefined);
  const config = path === undefined ? undefined : readParsed(path, "TOML", parse);
  const sources = tables(config, "source");
  const registries = tables(config, "registries");
  const written = (key: string, value: unknown): Source[] =>
    typeof value === "string" ? [{ url: plain(value), from: `${key} in ${path}` }] : [];

  const protocol = environment.CARGO_REGISTRIES_CRATES_IO_PROTOCOL ?? registries["crates-io"]?.protocol;
  const lookUp = (name: string, passed: ReadonlySet<string> = new Set()): Source[] => {
    const source = sources[name];
    const other = source?.["replace-with"];
    if (typeof other === "string" && !passed.has(other)) return lookUp(other, new Set([...passed, name]));
    if (source !== undefined) return [...written(`source.${name}.registry`, source.registry), ...written(`source.${name}.git`, source.git)];
    const variable = `CARGO_REGISTRIES_${name.toUpperCase().replaceAll("-", "_")}_INDEX`;
    const given = environment[variable];
    if (given) return [{ url: plain(given), from: `the variable ${variable}` }];
    if (name === "crates-io") return [{ url: protocol === "git" ? git : sparse, from: "cargo's default" }];
    return written(`registries.${name}.index`, registries[name]?.index);
  };
  // Shells keep variables in orders of their own, by which the proxy's rules would differ.
  const named = Object.keys(environment)
    .sort()
    .map((name) => /^CARGO_REGISTRIES_(.+)_INDEX$/.exec(name)?.[1])
    .filter((registry) => registry !== undefined)
    .map((registry) => registry.toLowerCase().replaceAll("_", "-"));
  const found = [...new Set(["crates-io", ...Object.keys(registries), ...named])].flatMap((name) => lookUp(name));
  return found.flatMap((source) => (source.url === sparse || source.url === git ? [source, { ...source, url: downloads }] : [source]));
};

/** An index's URL without the word for how it is asked. */
const plain = (index: string): string => index.replace(/^sparse\+/, "");

type Table = Readonly<Record<string, unknown>>;
const isTable = (value: unknown): value is Table => typeof value === "object" && value !== null && !Array.isArray(value);

/** The tables below a key, by name. */
function tables(config: Table | undefined, key: string): Readonly<Record<string, Table>> {
  const value = config?.[key];
  return isTable(value) ? Object.fromEntries(Object.entries(value).filter((entry): entry is [string, Table] => isTable(entry[1]))) : {};
}
