import type { V1NetworkPolicy, V1NetworkPolicyEgressRule, V1Pod } from "@kubernetes/client-node";
import { labelNames } from "../../../components/cluster/labels.ts";
import type { IsolationLevel } from "../../../components/isolated-network/args.ts";
import { terminal } from "../../../components/session-container/attach.ts";
import type { Description } from "../runtime.ts";
import type { ClusterPlace } from "./client.ts";
import { sessionContainer, type Workload } from "./objects.ts";
import { selects } from "./policies.ts";
import { nameOf } from "./pods.ts";
import { amountOf } from "./quantity.ts";

/** What is asked once for all sessions. */
export interface Surrounding {
  /** All of the namespace. */
  readonly policies: readonly V1NetworkPolicy[];
  /** The pods of the stack's egress proxies. */
  readonly proxies: readonly V1Pod[];
}

/** What a session is found to be. */
export function describe(place: ClusterPlace, workload: Workload, pod: V1Pod | undefined, { policies, proxies }: Surrounding): Description {
  const { name, object } = workload;
  const container = containerOf(workload);
  const { memory, cpu } = container?.resources?.limits ?? {};
  const labels = object.spec?.template.metadata?.labels ?? {};
  const own = policies.filter((policy) => selects(policy, labels));
  const target = pod === undefined ? `${workload.kind.toLowerCase()}/${name}` : nameOf(pod);
  return {
    container: pod === undefined ? name : nameOf(pod),
    network:
      own
        .map(({ metadata }) => metadata?.name ?? "")
        .sort()
        .join(", ") || "the cluster's",
    isolation: isolationIn(
      own,
      workload.id,
      proxies.filter(({ metadata }) => metadata?.labels?.[labelNames.serves] === workload.id),
    ),
    memory: amountOf(memory),
    cpu: amountOf(cpu),
    // The kubelet's own, of which the API says nothing.
    processes: 0,
    disk: Number(container?.env?.find(({ name }) => name === "SESSION_DISK_LIMIT")?.value ?? 0),
    attach: `kubectl --context ${place.context} --namespace ${place.namespace} exec -it ${target} -c ${sessionContainer} -- ${terminal}`,
    created: (object.metadata?.creationTimestamp ?? new Date(0)).toISOString(),
  };
}

/** The session's container as its pods are made from it. */
export const containerOf = ({ object }: Workload) => object.spec?.template.spec?.containers.find(({ name }) => name === sessionContainer);

/** How far the policies that select a session cut it off, by what they say; whether the cluster enforces them is verify's to find. */
export function isolationIn(policies: readonly V1NetworkPolicy[], id: string, proxies: readonly V1Pod[] = []): IsolationLevel {
  const outgoing = policies.filter(({ spec }) => spec?.policyTypes?.includes("Egress") || spec?.egress !== undefined);
  if (outgoing.length === 0) return "shared";
  const rules = outgoing.flatMap(({ spec }) => spec?.egress ?? []).filter((rule) => !(leadsTo(rule, id) && isNoWayOut(rule)));
  if (rules.length === 0) return "sealed";
  return rules.every((rule) => leadsTo(rule, id)) && !proxies.some(admitsAny) ? "egress-filtered" : "isolated";
}

/** Whether a proxy only records what is not on its list, which its rules alone tell. */
const admitsAny = ({ spec }: V1Pod): boolean =>
  (spec?.containers ?? []).some(({ env = [] }) =>
    env.some(({ name, value }) => name === "EGRESS_RULES" && /^http_access allow .*\bas_audited$/m.test(value ?? "")),
  );

/** What serves sessions and takes nothing of theirs to anywhere but one URL of the settings: a key's proxy, and what hands out a clone. */
const noWayOut: readonly string[] = ["credential-proxy", "repository"];
const isNoWayOut = ({ to = [] }: V1NetworkPolicyEgressRule): boolean =>
  to.every(({ podSelector }) => noWayOut.includes(podSelector?.matchLabels?.[labelNames.kind] ?? ""));

/** Whether a rule leads to nothing but what serves the session: its own proxies, and clones. */
export function leadsTo({ to = [] }: V1NetworkPolicyEgressRule, id: string): boolean {
  return (
    to.length > 0 &&
    to.every(
      ({ podSelector: { matchLabels = {} } = {}, namespaceSelector, ipBlock }) =>
        namespaceSelector === undefined &&
        ipBlock === undefined &&
        (matchLabels[labelNames.serves] === id || matchLabels[labelNames.repository] !== undefined),
    )
  );
}
