import { fromHome } from "../../components/session-volumes/host-path.ts";
import { isAbsolute } from "node:path";
import type { SessionImageArgs } from "../../components/hardened-image/args.ts";
import type { Deployment } from "../schema.ts";
import type { MachineRead } from "./machine-reads.ts";
import type { Resolved } from "./resolved-schema.ts";
import { type HostPath, hostPath } from "./host-paths.ts";
import { NotTaken, readRegular } from "./regular-file.ts";
import { shown } from "./sentences.ts";

/** The version of the agent that images hold unless settings say otherwise. */
export const defaultAgent = { package: "@anthropic-ai/claude-code", version: "2.1.329" } as const;

/** The base is left out where the strategy chooses it. */
export type ImageSettings = Omit<SessionImageArgs, "base" | "source"> & { readonly base?: string };

export function resolveImage(
  image: Deployment["image"],
  root: string,
  environment: NodeJS.ProcessEnv,
  resolved: Resolved = {},
): { args: ImageSettings; hostPaths: HostPath[]; reads: MachineRead[]; mistakes: string[] } {
  const mistakes: string[] = [];
  const given = image?.caBundle ?? resolved.caBundle;
  const base = image?.base ?? resolved.base;
  // Whatever the user's own Node trusts, the build has to trust too: it goes through the same proxy.
  const caBundle = given === "none" ? undefined : (given ?? (environment.NODE_EXTRA_CA_CERTS || undefined));
  const path = caBundle === undefined || isAbsolute(caBundle) ? caBundle : fromHome(caBundle, root);
  const key =
    image?.caBundle !== undefined ? "image.caBundle" : resolved.caBundle !== undefined ? "resolved.caBundle" : "NODE_EXTRA_CA_CERTS";
  const named = `${key}: ${shown(caBundle)}`;
  const fault = path === undefined ? undefined : certificatesFault(path);
  if (fault !== undefined) mistakes.push(`${named} ${fault}, or set image.caBundle: none.`);
  const agent = image?.agent === "none" ? undefined : { ...defaultAgent, ...image?.agent };
  const { revision, created } = image ?? {};
  const args = {
    variant: image?.variant ?? ("slim" as const),
    ...(base !== undefined && { base }),
    ...(agent !== undefined && { agent: { package: agent.package ?? defaultAgent.package, version: agent.version } }),
    ...(image?.packages !== undefined && { packages: image.packages }),
    ...(path !== undefined && { caBundle: path }),
    ...(image?.registry !== undefined && { registry: image.registry }),
    ...(image?.platform !== undefined && { platform: image.platform }),
    labels: { ...(revision !== undefined && { revision }), ...(created !== undefined && { created }) },
  };
  const reads: MachineRead[] = [
    ...(base === undefined ? [{ what: "base", value: [] } as const] : []),
    ...(given === undefined ? [{ what: "caBundle", value: path === undefined ? [] : [path] } as const] : []),
  ];
  return { args, reads, hostPaths: path === undefined ? [] : [hostPath(path, { named, writable: false })], mistakes };
}

/** All that a machine trusts has some hundreds of KB. */
const longestBundle = 10 * 1024 * 1024;

function certificatesFault(path: string): string | undefined {
  const rest = "is not a file of PEM certificates; name one";
  try {
    return readRegular(path, longestBundle).includes("-----BEGIN CERTIFICATE-----") ? undefined : rest;
  } catch (error) {
    return error instanceof NotTaken ? error.message : rest;
  }
}
