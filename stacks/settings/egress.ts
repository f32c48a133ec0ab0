import { isIP } from "node:net";
import { parse } from "tldts";
import { privateRanges } from "../../components/egress-proxy/addresses.ts";
import { type AllowedHost, webPorts } from "../../components/egress-proxy/args.ts";
import type { Egress } from "../../components/isolated-network/args.ts";
import { isCoveredBy } from "../../policy/rules/read/cidr.ts";
import type { SessionSetting } from "../schema.ts";
import { sentence } from "./sentences.ts";

type EgressSetting = NonNullable<SessionSetting["network"]>["egress"];

/** Where a session may connect to, with the entries of its list read. What is wrong with one is added to the mistakes. */
export function resolveEgress(given: EgressSetting, place: readonly PropertyKey[], mistakes: string[]): Egress {
  if (given === undefined) return "none";
  if (typeof given === "string") return given;
  if (given.allow.length === 0 && given.mode !== "audit")
    mistakes.push(sentence([...place, "allow"], [], "is empty; name a host, or write egress: none"));
  return {
    ...(given.mode !== undefined && { mode: given.mode }),
    allow: given.allow.flatMap((entry, index): AllowedHost[] => {
      const { host: text, addresses } = typeof entry === "string" ? { host: entry, addresses: [] } : entry;
      const path = [...place, "allow", index];
      const wrong = addresses.filter((block) => block.includes(".") === block.includes(":") || !isCoveredBy(block, privateRanges));
      for (const block of wrong)
        mistakes.push(
          sentence(
            [...path, "addresses"],
            block,
            `is not inside a private range (${privateRanges.join(", ")}); public addresses need no entry, and those of this machine and of metadata services are never reached`,
          ),
        );
      const read = readHost(text);
      if (typeof read !== "string") return [{ ...read, addresses }];
      mistakes.push(sentence(typeof entry === "string" ? path : [...path, "host"], text, read));
      return [];
    }),
  };
}

/** A name or `*.suffix` with an optional port, or why it is refused. */
function readHost(text: string): Omit<AllowedHost, "addresses"> | string {
  if (/^[*.]+(:\d+)?$/.test(text)) return "would allow everything; name hosts, or write egress: open if that is meant";
  if (isIP(text.replace(/^\[|\](:\d+)?$/g, "")) > 0 || /^[\d.]+(:\d+)?(\/\d+)?$/.test(text))
    return 'is an address, and hosts are allowed by name; write the name, and {host: name, addresses: ["10.20.0.0/16"]} if it is a private one';
  const [, given = "", port] =
    /^((?:\*\.)?(?:[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?\.)*[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?)(?::(\d{1,5}))?$/i.exec(text) ?? [];
  if (given === "" || given.length > 253) return 'is not the name of a host; write "example.com", "*.example.com" or "example.com:8443"';
  if (port !== undefined && (Number(port) < 1 || Number(port) > 65_535)) return "has a port that does not exist; write one from 1 to 65535";
  const host = given.toLowerCase();
  const wide = host.startsWith("*.");
  const suffix = publicSuffix(host.replace("*.", ""), wide);
  if (suffix !== undefined) return `${suffix}; name ${wide ? "the hosts below it" : "a host below it"}`;
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
