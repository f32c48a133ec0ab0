import { realpathSync } from "node:fs";
import { join } from "node:path";
import { parseXml, XmlElement } from "@rgrove/parse-xml";
import { expand, type Machine, type Manager, prefixOf, programPath, readParsed, type Source } from "./machine.ts";

/** As Maven documents it: https://maven.apache.org/guides/introduction/introduction-to-repositories.html; the super POM names it. */
const central: Repository = { id: "central", url: "https://repo.maven.apache.org/maven2", from: "Maven's default" };

interface Repository extends Source {
  readonly id: string;
}

interface Mirror extends Repository {
  readonly of: string;
  /** Maven refuses what it would fetch there. */
  readonly blocked: boolean;
}

interface Profile {
  readonly id: string;
  readonly byDefault: boolean;
  /** Of packages, and of plug-ins. */
  readonly repositories: readonly (readonly Repository[])[];
}

/** The repositories of the profiles that are on, or the mirrors in their place, from the user's settings and the installation's. */
export const maven: Manager = (machine) => {
  const files = settingsFiles(machine).flatMap((path) => {
    const root = readParsed(path, "XML", (text) => parseXml(text).root);
    return root ? [{ root, read: (element: XmlElement) => repository(element, path, machine) }] : [];
  });
  const mirrors = firstById(
    files.flatMap(({ root, read }) =>
      below(root, "mirrors", "mirror").map(
        (element): Mirror => ({ ...read(element), of: textOf(element, "mirrorOf"), blocked: textOf(element, "blocked") === "true" }),
      ),
    ),
  );
  const profiles = firstById(
    files.flatMap(({ root, read }) =>
      below(root, "profiles", "profile").map(
        (element): Profile => ({
          id: textOf(element, "id"),
          byDefault: below(element, "activation", "activeByDefault").some(({ text }) => text.trim() === "true"),
          repositories: [below(element, "repositories", "repository"), below(element, "pluginRepositories", "pluginRepository")].map(
            (found) => found.map(read),
          ),
        }),
      ),
    ),
  );
  const named = files.flatMap(({ root }) => below(root, "activeProfiles", "activeProfile").map(({ text }) => text.trim()));
  const chosen = profiles.filter(({ id }) => named.includes(id));
  const active = chosen.length > 0 ? chosen : profiles.filter(({ byDefault }) => byDefault);
  return [0, 1]
    .flatMap((kind) => firstById([...active.flatMap(({ repositories }) => repositories[kind] ?? []), central]))
    .map((one) => mirrorOf(one, mirrors) ?? one)
    .filter((one) => !("blocked" in one && one.blocked));
};

/** The user's before the installation's, whose values they take the place of. */
function settingsFiles(machine: Machine): string[] {
  const { home, environment } = machine;
  const program = programPath(machine, "mvn");
  const installation = environment.MAVEN_HOME || environment.M2_HOME || (program && prefixOf(realpathSync(program)));
  return [join(home, ".m2/settings.xml"), ...(installation ? [join(installation, "conf/settings.xml")] : [])];
}

function repository(element: XmlElement, path: string, { environment }: Machine): Repository {
  const id = textOf(element, "id");
  return {
    id,
    ...expand(textOf(element, "url"), /\$\{env\.(\w+)\}/g, (name) => environment[name]),
    from: `${element.name} "${id}" in ${path}`,
  };
}

/** Maven looks for a mirror of just that repository first. */
function mirrorOf(one: Repository, mirrors: readonly Mirror[]): Mirror | undefined {
  return (
    mirrors.find(({ of }) => of === one.id) ??
    mirrors.find(({ of }) =>
      matches(
        one,
        of.split(",").map((part) => part.trim()),
      ),
    )
  );
}

function matches({ id, url }: Repository, patterns: readonly string[]): boolean {
  if (patterns.includes(`!${id}`)) return false;
  const { protocol, hostname } = URL.canParse(url) ? new URL(url) : { protocol: "", hostname: "" };
  const external = protocol !== "file:" && hostname !== "localhost" && hostname !== "127.0.0.1";
  return patterns.some(
    (pattern) =>
      pattern === id ||
      pattern === "*" ||
      (pattern === "external:*" && external) ||
      (pattern === "external:http:*" && external && protocol === "http:"),
  );
}

function firstById<T extends { readonly id: string }>(all: readonly T[]): T[] {
  return all.filter(({ id }, index) => all.findIndex((other) => other.id === id) === index);
}

function children(element: XmlElement, name: string): XmlElement[] {
  return element.children.filter((child): child is XmlElement => child instanceof XmlElement && child.name === name);
}

function below(element: XmlElement, list: string, name: string): XmlElement[] {
  return children(element, list).flatMap((one) => children(one, name));
}

function textOf(element: XmlElement, name: string): string {
  return children(element, name)[0]?.text.trim() ?? "";
}
