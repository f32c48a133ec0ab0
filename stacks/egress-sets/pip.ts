import { existsSync } from "node:fs";
import { join } from "node:path";
import { type Machine, type Manager, readText, type Source, Unreadable, wayOut } from "./machine.ts";

/** As pip documents it: `pip help install`, --index-url. */
const index: Source = { url: "https://pypi.org/simple", from: "pip's default" };

/** Indexes that list files of another host; other indexes are taken to hold theirs. */
const files: Readonly<Record<string, string>> = {
  "pypi.org": "https://files.pythonhosted.org",
  "test.pypi.org": "https://test-files.pythonhosted.org",
};

/** The indexes and links of `pip install`, from its files and variables, https://pip.pypa.io/en/stable/topics/configuration/. */
export const pip: Manager = (machine) => {
  const settings = new Map(configurationFiles(machine).flatMap((path) => [...readFile(path)]));
  const value = (key: string): Source | undefined => {
    const variable = `PIP_${key.toUpperCase().replaceAll("-", "_")}`;
    const given = machine.environment[variable];
    if (given) return { url: given, from: `the variable ${variable}` };
    return settings.get(`install.${key}`) ?? settings.get(`global.${key}`);
  };
  const several = (key: string): Source[] => {
    const found = value(key);
    if (found === undefined) return [];
    const words = found.url.split(/\s/).filter((word) => word !== "");
    return words.map((url) => ({ url, from: found.from }));
  };
  const indexes = /^(1|y|yes|t|true|on)$/i.test(value("no-index")?.url ?? "")
    ? []
    : [value("index-url") ?? index, ...several("extra-index-url")];
  // A link without a scheme is a folder of this machine.
  const links = several("find-links").filter(({ url }) => url.includes("://"));
  return [...indexes, ...links].flatMap((source) => [source, ...filesOf(source)]);
};

function filesOf({ url, from }: Source): Source[] {
  const host = URL.canParse(url) ? new URL(url).hostname : "";
  return Object.hasOwn(files, host) ? [{ url: files[host] as string, from }] : [];
}

/** The later over the earlier. A file that `PIP_CONFIG_FILE` names takes the user's place, and the null device that of all. */
function configurationFiles({ system, home, environment }: Machine): string[] {
  const named = environment.PIP_CONFIG_FILE;
  if (named === "/dev/null") return [];
  const shared = (environment.XDG_CONFIG_DIRS ?? join(system, "etc/xdg")).split(":").filter((folder) => folder !== "");
  return [
    join(system, "Library/Application Support/pip/pip.conf"),
    ...shared.map((folder) => join(folder, "pip/pip.conf")),
    join(system, "etc/pip.conf"),
    ...(named && existsSync(named)
      ? []
      : [
          join(home, ".pip/pip.conf"),
          join(environment.XDG_CONFIG_HOME ?? join(home, ".config"), "pip/pip.conf"),
          join(home, "Library/Application Support/pip/pip.conf"),
        ]),
    ...(environment.VIRTUAL_ENV ? [join(environment.VIRTUAL_ENV, "pip.conf")] : []),
    ...(named ? [named] : []),
  ];
}

/** Values by `section.key`. A line that is indented further than its key belongs to the value before it. */
function readFile(path: string): ReadonlyMap<string, Source> {
  const values = new Map<string, Source>();
  let section = "";
  let key = "";
  let indent = 0;
  for (const [number, line] of (readText(path) ?? "").split(/\r?\n/).entries()) {
    if (/^\s*([#;]|$)/.test(line)) continue;
    const depth = line.search(/\S/);
    const before = values.get(key);
    const [, header] = /^\[(.+)\]/.exec(line) ?? [];
    const [, name, value] = /^\s*(.*?)\s*[=:]\s*(.*?)\s*$/.exec(line) ?? [];
    if (before !== undefined && depth > indent) values.set(key, { ...before, url: `${before.url}\n${line.trim()}` });
    else if (header !== undefined) [section, key] = [header, ""];
    else if (name === undefined || value === undefined || section === "")
      throw new Unreadable(`is read from ${path}, which is no configuration of pip's (line ${number + 1}); ${wayOut}`);
    else {
      const plain = name.toLowerCase().replaceAll("_", "-").replace(/^--/, "");
      [key, indent] = [`${section}.${plain}`, depth];
      values.set(key, { url: value, from: `${plain} in ${path}` });
    }
  }
  return values;
}
