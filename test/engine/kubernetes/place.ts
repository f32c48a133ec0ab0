import { join } from "node:path";

/** Where the cluster's programs, their state and their logs lie; `run.ts` makes it, and names it to all that it starts. */
export const folderVariable = "AGENT_SESSIONS_CLUSTER";

/** Where the CNI plug-ins of this machine lie. */
export const pluginsVariable = "AGENT_SESSIONS_CLUSTER_PLUGINS";

/** The cluster's addresses, all in a network namespace of its own. */
export const addresses = {
  node: "192.168.77.1",
  /** The one host outside the cluster: router, name server and web server at once. */
  outside: "192.168.77.2",
  /** What the outside host is also known by: a server on the internet, another, and a cloud's metadata service. */
  listed: "203.0.113.10",
  other: "203.0.113.11",
  metadata: "169.254.169.254",
  apiServer: "https://192.168.77.1:6443",
  pods: "10.244.0.0/16",
  services: "10.96.0.0/16",
  names: "10.96.0.10",
} as const;

/** Names that the cluster's and the outside name server answer. */
export const hosts = { "listed.example": addresses.listed, "other.example": addresses.other } as const;

/** The image of the cluster's own pods: one static program, the `inside` of the Go module. */
export const insideImage = "cluster.test/inside:1";

export const context = "agent-sessions-test";
export const nodeName = "node";

/** @throws Error outside the place that `run.ts` makes */
export function inPlace(...path: readonly string[]): string {
  const folder = process.env[folderVariable];
  if (folder === undefined) throw new Error("The cluster needs a place of its own; start its tests with: npm run test:kubernetes");
  return join(folder, ...path);
}
