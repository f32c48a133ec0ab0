import { randomBytes } from "node:crypto";
import type Docker from "dockerode";
import type { Identity } from "../identity.ts";
import { labelNames } from "../../components/container-engine/object-labels.ts";
import type { Plan } from "../recorder/plan.ts";

/** Docker's own pools give about this many networks; more need pools of smaller networks. */
const stockNetworks = 30;

/**
 * Why the engine cannot give as many networks as the plan needs, with the way out; undefined when it can. Only a plan near
 * the stock pools' end is tried out, by making the networks and removing them again.
 */
export async function networkShortage(plan: Plan, docker: Docker, identity: Identity): Promise<string | undefined> {
  // Overlay networks have addresses of the swarm's own.
  const local = new Set(plan.run.registrations.flatMap(({ urn, inputs }) => (inputs.driver === "overlay" ? [] : [urn])));
  const wanted = plan.steps.filter(
    ({ type, operation, urn }) => type === "docker:index/network:Network" && operation === "create" && local.has(urn),
  ).length;
  const present = (await docker.listNetworks()).filter(({ Driver }) => Driver === "bridge").length;
  if (wanted === 0 || wanted + present < stockNetworks - 1) return undefined;

  const run = randomBytes(4).toString("hex");
  // Marked as ours, so that the next run removes what a killed one leaves.
  const Labels = { [labelNames.deployment]: identity.deployment, [labelNames.resource]: "probe" };
  const tried = await Promise.allSettled(
    Array.from({ length: wanted }, (_, index) =>
      docker.createNetwork({ Name: `agent-sessions-probe-${run}-${index}`, Driver: "bridge", Internal: true, Labels }),
    ),
  );
  const made = tried.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
  await Promise.all(made.map((network) => network.remove()));
  if (made.length === wanted) return undefined;
  return (
    `the plan needs ${wanted} networks more, and the engine can give ${made.length}; give it smaller ones in its daemon.json, ` +
    `"default-address-pools": [{"base": "10.201.0.0/16", "size": 28}] makes 4096, and restart it; or run fewer sessions with egress`
  );
}
