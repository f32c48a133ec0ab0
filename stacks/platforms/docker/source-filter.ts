import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Finding } from "../platform.ts";

/**
 * What the kernel does with packets whose source it would not answer on the same way. A sealed session's bridge has no address, so
 * any filter drops what comes from there; without one, what is sent to everybody reaches services of the host.
 *
 * @param folder the kernel's settings, a folder for each interface
 */
export function sourceFilter(folder = "/proc/sys/net/ipv4/conf"): Finding[] {
  const unfiltered = interfacesWithout(folder);
  // Only on Linux.
  if (unfiltered === undefined) return [];
  return [
    {
      subject: "filter of sources",
      found: unfiltered.length === 0 ? "on" : `rp_filter is 0 for ${unfiltered.join(", ")}`,
      verdict: unfiltered.length === 0 ? "ok" : "note",
      means:
        unfiltered.length === 0
          ? "no datagram from a sealed session reaches this machine"
          : 'multicasts from sealed sessions on a bridge reach services of this machine, one way; "sysctl -w net.ipv4.conf.all.rp_filter=2", and a line of it in /etc/sysctl.d, ends that',
    },
  ];
}

/** The bridges that filter nothing, and those still to be made; nothing where the kernel does not say. */
function interfacesWithout(folder: string): string[] | undefined {
  try {
    const value = (name: string) => Number(readFileSync(join(folder, name, "rp_filter"), "utf8"));
    // The stricter of an interface's value and that for all counts; a new interface takes the default.
    if (value("all") !== 0) return [];
    const bridges = readdirSync(folder).filter((name) => name.startsWith("br-") && value(name) === 0);
    return [...(value("default") === 0 ? ["new bridges"] : []), ...bridges.sort()];
  } catch {
    return undefined;
  }
}
