import { isIP } from "node:net";
import { parse } from "tldts";
import { privateRanges } from "../../components/egress-proxy/addresses.ts";
import { type AllowedHost, webPorts } from "../../components/egress-proxy/args.ts";
import { isCoveredBy } from "../../policy/rules/read/cidr.ts";
import { sentence } from "./sentences.ts";

/** An entry that names hosts. */
export type HostSetting = string | { readonly host: string; readonly addresses: readonly string[] };

/** Why a host is no entry of a list. */
export interface Refusal {
  readonly why: string;
  readonly wayOut: string;
}

/** Reads an entry; what is wrong with it is added to the mistakes. */
export function readAllowedHost(entry: HostSetting, path: readonly PropertyKey[], mistakes: string[]): AllowedHost[] {
  const { host: text, addresses } = typeof entry === "string" ? { host: entry, addresses: [] } : entry;
  judgeAddresses(addresses, [...path, "addresses"], mistakes);
  const read = readHost(text);
  if (!("why" in read)) return [{ ...read, addresses }];
  mistakes.push(sentence(typeof entry === "string" ? path : [...path, "host"], text, `${read.why}; ${read.wayOut}`));
  return [];
}

/** Names the blocks that cannot be admitted. */
export function judgeAddresses(addresses: readonly string[], path: readonly PropertyKey[], mistakes: string[]): void {
  for (const block of addresses) {
    if (block.includes(".") !== block.includes(":") && isCoveredBy(block, privateRanges)) continue;
    mistakes.push(
      sentence(
        path,
        block,
        `is not inside a private range (${privateRanges.join(", ")}); public addresses need no entry, and those of this machine and of metadata services are never reached`,
      ),
    );
  }
}

/** A name or `*.suffix` with an optional port, or why it is refused. */
export function readHost(text: string): Omit<AllowedHost, "addresses"> | Refusal {
  if (/^[*.]+(:\d+)?$/.test(text)) return { why: "would allow everything", wayOut: "name hosts, or write egress: open if that is meant" };
  if (isIP(text.replace(/^\[|\](:\d+)?$/g, "")) > 0 || /^[\d.]+(:\d+)?(\/\d+)?$/.test(text))
    return {
      why: "is an address, and hosts are allowed by name",
      wayOut: 'write the name, and {host: name, addresses: ["10.20.0.0/16"]} if it is a private one',
    };
  const [, given = "", port] =
    /^((?:\*\.)?(?:[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?\.)*[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?)(?::(\d{1,5}))?$/i.exec(text) ?? [];
  if (given === "" || given.length > 253)
    return { why: "is not the name of a host", wayOut: 'write "example.com", "*.example.com" or "example.com:8443"' };
  if (port !== undefined && (Number(port) < 1 || Number(port) > 65_535))
    return { why: "has a port that does not exist", wayOut: "write one from 1 to 65535" };
  const host = given.toLowerCase();
  const wide = host.startsWith("*.");
  const why = publicSuffix(host.replace("*.", ""), wide);
  if (why !== undefined) return { why, wayOut: `name ${wide ? "the hosts below it" : "a host below it"}` };
  return { host, ports: port === undefined ? webPorts : [Number(port)] };
}

/** Why a name is too wide. Below a suffix that a company opened to all, one host is a host, and all of them are anybody's. */
function publicSuffix(name: string, wide: boolean): string | undefined {
  const { publicSuffix: suffix, isIcann } = parse(name, { allowPrivateDomains: wide });
  if (wide && !name.includes(".")) return "would allow a whole top-level domain";
  return suffix === name && (isIcann === true || (wide && name.includes(".")))
    ? "is a public suffix, below which anybody can have a name"
    : undefined;
}
