import { isIP } from "node:net";
import type { AllowedHost } from "../../components/egress-proxy/args.ts";
import { knownSets, managers } from "../egress-sets/index.ts";
import { type Expansion, type Machine, type Source, Unreadable, wayOut } from "../egress-sets/machine.ts";
import { isNamedSecret } from "../../policy/rules/read/secret-detection.ts";
import { holdsToken } from "../../policy/rules/read/token-formats.ts";
import { shippedSets } from "../egress-sets/shipped.ts";
import type { Deployment } from "../schema.ts";
import { readAllowedHost, readHost } from "./allowed-host.ts";
import type { MachineRead } from "./machine-reads.ts";
import type { Resolved } from "./resolved-schema.ts";
import { sentence } from "./sentences.ts";

/** An entry that names a set. */
export interface SetSetting {
  readonly set: string;
  readonly region?: string;
  readonly addresses?: readonly string[];
}

/** A set's hosts, and what is wrong with it: each what follows the set's name in a sentence. */
interface Contents {
  readonly hosts: readonly AllowedHost[];
  readonly wrong: readonly string[];
}

/** The sets that entries of an allow list can name: those that ship, those of package managers, and those of the settings. */
export class EgressSets {
  readonly names: readonly string[];
  /** The sets whose contents this machine said. */
  readonly reads: MachineRead[] = [];
  /** Whether all that the settings add has its form, so that a name that is not among them is none. */
  readonly #sound: boolean;
  readonly #added: ReadonlyMap<string, readonly AllowedHost[]>;
  readonly #machine: Machine;
  /** What the package managers' sets became: their files are read once, and only when a session names the set. */
  readonly #found = new Map<string, Contents>();

  /** @param resolved the contents of package managers' sets, in the place of what this machine says */
  constructor(
    given: Deployment["egressSets"],
    machine: Machine,
    sound: boolean,
    mistakes: string[],
    resolved: Resolved["egressSets"] = {},
  ) {
    this.#sound = sound;
    this.#machine = machine;
    for (const [name, entries] of Object.entries(resolved)) {
      const path = ["resolved", "egressSets", name];
      if (!Object.hasOwn(managers, name))
        mistakes.push(sentence(path, entries, 'is no set of a package manager; remove it, or run "npx sessions resolve"'));
      const hosts = entries.flatMap((entry, index) => readAllowedHost(entry, [...path, index], mistakes));
      this.#found.set(name, { hosts, wrong: [] });
    }
    this.names = [...new Set([...knownSets, ...Object.keys(given ?? {})])];
    this.#added = new Map(
      Object.entries(given ?? {}).map(([name, entries]) => [
        name,
        entries.flatMap((entry, index) => {
          const path = ["egressSets", name, index];
          if (typeof entry !== "string" || !this.names.includes(entry)) return readAllowedHost(entry, path, mistakes);
          mistakes.push(sentence(path, entry, "is a set's name, and a set holds hosts; list both sets in allow, or write its hosts here"));
          return [];
        }),
      ]),
    );
  }

  /**
   * The hosts that an entry stands for. What is wrong with it is added to the mistakes.
   *
   * @param region that of the session's credentials, for a set by region whose entry names none
   */
  resolve(entry: SetSetting, path: readonly PropertyKey[], region: string | undefined, mistakes: string[]): AllowedHost[] {
    const { set, addresses = [] } = entry;
    const refuse = (key: "set" | "region", value: string, rest: string) => mistakes.push(sentence([...path, key], value, rest));
    if (!this.names.includes(set)) {
      if (this.#sound) refuse("set", set, `is no set; known: ${this.names.join(", ")}; add it to egressSets, or name one of these`);
      return [];
    }
    const byRegion = isByRegion(set);
    if (!byRegion && entry.region !== undefined)
      refuse("region", entry.region, `belongs to a set by region (${Object.keys(shippedSets).filter(isByRegion).join(", ")}); remove it`);
    const chosen = entry.region ?? region;
    if (byRegion && chosen === undefined) {
      refuse("set", set, `is a set by region; write {set: ${set}, region: eu-central-1}, or credentials with a region`);
      return [];
    }
    const { hosts, wrong } = Object.hasOwn(managers, set) ? this.#managed(set) : { hosts: shippedHosts(set, chosen), wrong: [] };
    for (const rest of wrong) refuse("set", set, rest);
    return [...hosts, ...(this.#added.get(set) ?? [])].map((host) => ({
      ...host,
      addresses: [...new Set([...host.addresses, ...addresses])],
      sets: [set],
    }));
  }

  #managed(name: string): Contents {
    const found = this.#found.get(name);
    if (found !== undefined) return found;
    const read = readManager(name, this.#machine);
    this.#found.set(name, read);
    const hosts = read.hosts.flatMap(({ host, ports }) => ports.map((port) => `${host}:${port}`));
    this.reads.push({ what: `egressSets.${name}`, value: [...new Set(hosts)] });
    return read;
  }
}

/** The hosts of a set that ships; none for another. */
const namesIn = (set: string) => (Object.hasOwn(shippedSets, set) ? Object.keys(shippedSets[set]?.hosts ?? {}) : []);
const isByRegion = (set: string) => namesIn(set).some((host) => host.includes("{region}"));

function shippedHosts(set: string, region = ""): AllowedHost[] {
  return namesIn(set).map((host) => ({ host: host.replace("{region}", region), ports: [443], addresses: [] }));
}

/** What a manager's configuration on this machine leads to. */
function readManager(name: string, machine: Machine): Contents {
  try {
    const sources = managers[name]?.(machine) ?? [];
    const read = sources.map(readSource);
    const hosts = read.flatMap((one) => (typeof one === "object" ? [one] : []));
    const wrong = read.filter((one) => typeof one === "string");
    if (hosts.length + wrong.length > 0) return { hosts, wrong };
    const places = [...new Set(sources.map(({ from }) => from))];
    return { hosts, wrong: [`leads to no web server${places.length > 0 ? ` (${places.join(", ")})` : ""}; ${wayOut}`] };
  } catch (error) {
    if (error instanceof Unreadable) return { hosts: [], wrong: [error.message] };
    throw error;
  }
}

/** The host behind a URL, why a session cannot reach it, or nothing for what does not go through the proxy, such as a folder. */
function readSource({ url: text, from, expansions = [] }: Source): AllowedHost | string | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url !== undefined && url.protocol !== "http:" && url.protocol !== "https:") return undefined;
  const variables = expansions.filter((expansion) => decidesHost(text, expansion));
  const misused = variables.find(isSecret);
  if (misused !== undefined)
    return `is read from ${from}, whose host the variable ${misused.variable} decides, and that is a secret by its name or form; ${wayOut}`;
  const part = variables.find((expansion) => !namesHost(text, expansion));
  if (part !== undefined)
    return `is read from ${from}, whose host the variable ${part.variable} decides without being the full name of one; ${wayOut}`;
  const host = url?.hostname.replace(/\.$/, "") ?? "";
  if (url === undefined || host.includes("$"))
    return `is read from ${from}, which ${text.includes("${") ? "names a variable that has no value here" : "is no URL"}; ${wayOut}`;
  const shown = variables.length === 0 ? host : `the host that the variable ${variables[0]?.variable} names`;
  const unreachable = (why: string) => `leads to ${shown} (${from}), which ${why}; ${wayOut}`;
  if (isIP(host.replace(/^\[|\]$/g, "")) > 0) return unreachable("is an address, and hosts are allowed by name");
  if (/(^|\.)localhost$/.test(host)) return unreachable("is this machine, and no session reaches that");
  if (host.startsWith("*.")) return unreachable("is every host below a name, and a mirror is one");
  const read = readHost(`${host}:${url.port || (url.protocol === "http:" ? 80 : 443)}`);
  return "why" in read ? unreachable(read.why) : { ...read, addresses: [] };
}

const hostAndPort = (text: string): string | undefined => (URL.canParse(text) ? new URL(text).host : undefined);

/** Whether a URL would lead elsewhere with another value of a variable in it. */
function decidesHost(text: string, { value, at }: Expansion): boolean {
  const other = `${text.slice(0, at)}other${text.slice(at + value.length)}`;
  return hostAndPort(other) !== hostAndPort(text);
}

const isSecret = ({ variable, value }: Expansion) => isNamedSecret(variable, value) || holdsToken(value);

/** Whether a value is, alone, the full name of the host that a URL leads to, or its port: a part of a name could be anything. */
function namesHost(text: string, { value }: Expansion): boolean {
  const { hostname, port } = URL.canParse(text) ? new URL(text) : { hostname: "", port: "" };
  if (value === port) return true;
  return hostname.includes(".") && [value, `https://${value}`].some((own) => URL.canParse(own) && new URL(own).hostname === hostname);
}
