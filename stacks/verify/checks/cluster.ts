import type { ClusterTarget, SessionFacts } from "../../runtime/cluster-facts.ts";
import { check, type Check, type Surroundings, heldUnless } from "../check.ts";
import type { Promised } from "../promised.ts";
import { sealed } from "./network.ts";

/** Outcomes by what was tried, such as `tcp 192.0.2.1 port 80`. */
type Outcomes = Readonly<Record<string, string>>;

/** Seconds until silence counts as no answer. */
const patience = 2;

/** Where a session's pod would find a token for the API server. */
const tokenFolder = "/var/run/secrets/kubernetes.io/serviceaccount";

/** What of the cluster the session is to find closed. */
function closedTo(session: Promised, { cluster }: Surroundings): readonly ClusterTarget[] {
  return (cluster?.targets ?? []).filter(({ serves }) => {
    if (serves === undefined) return true;
    return serves === "open" ? sealed(session) : serves.session !== session.id;
  });
}

const nameOf = ({ address, port }: ClusterTarget) => `tcp ${address} port ${port}`;

const factsOf = ({ id }: Promised, { cluster }: Surroundings): SessionFacts | undefined => cluster?.sessions.get(id);

/** A promise that is made on a cluster alone. */
const onCluster =
  (text: string) =>
  (_: Promised, { cluster }: Surroundings) =>
    cluster === undefined ? undefined : text;

const unknown = { notTried: "the cluster says nothing of its pod" };

export const clusterChecks: readonly Check[] = [
  check<Outcomes>({
    id: "cluster-services",
    control: "isolation",
    promise: onCluster("nothing of the cluster answers: its network enforces the policies that it takes"),
    attempt(session, surroundings) {
      const targets = closedTo(session, surroundings);
      const how = `connect to ${[...new Set(targets.map(({ what }) => what))].join(", ") || "the API server"}, which listen for others`;
      if (targets.length === 0) return { how, notTried: "this user may not read where any of it is" };
      return { how, probe: "reach", args: { targets: targets.map(({ address, port }) => ["tcp", address, port]), seconds: patience } };
    },
    expectation(outcomes, session, surroundings) {
      // Some networks refuse in the name of what they guard, and each of these listens.
      const reached = closedTo(session, surroundings).filter((target) => outcomes[nameOf(target)] === "connected");
      return heldUnless(
        reached.map(
          ({ what, address, port }) =>
            `${what} at ${address}:${port} is reached: a policy that closes it is not enforced, or another opens it`,
        ),
        [...new Set(Object.values(outcomes))].sort().join(", "),
      );
    },
  }),
  check<{ readonly opened: readonly string[]; readonly unjudged: readonly string[] }>({
    id: "policies-add-up",
    control: "isolation",
    promise: onCluster("no policy opens what the session's own keep closed"),
    attempt(session, surroundings) {
      const how = "read every policy, of every kind that the cluster serves, that selects its pod";
      const facts = factsOf(session, surroundings);
      return facts === undefined
        ? { how, ...unknown }
        : { how, answer: facts.opened(session.network.isolation === "isolated" && !sealed(session)) };
    },
    expectation({ opened, unjudged }) {
      if (opened.length === 0 && unjudged.length > 0) return { held: undefined, found: unjudged.join("; ") };
      return heldUnless(opened, "none does");
    },
  }),
  check<{ readonly level: string; readonly version: string }>({
    id: "pod-security",
    control: "isolation",
    promise: (_, { cluster }) =>
      cluster && `the namespace ${cluster.namespace} admits no pod that Pod Security restricted at ${cluster.promisedVersion} does not`,
    attempt(_, { cluster }) {
      const how = "read the namespace's labels";
      if (cluster === undefined) return { how, ...unknown };
      return "notTried" in cluster.podSecurity ? { how, ...cluster.podSecurity } : { how, answer: cluster.podSecurity };
    },
    expectation: ({ level, version }, _, { cluster }) =>
      heldUnless(
        [
          ...(level === "restricted" ? [] : [`it enforces ${level === "" ? "nothing" : level}`]),
          ...(version === cluster?.promisedVersion ? [] : [`it enforces it at ${version === "" ? "no version of its own" : version}`]),
        ],
        `${level} at ${version}`,
      ),
  }),
  check<{ readonly entries: number } | { readonly error: string }>({
    id: "cluster-token",
    control: "ownSecrets",
    promise: onCluster("the pod has no token for the API server"),
    attempt: () => ({ how: `look for one in ${tokenFolder} and in the pod's volumes`, probe: "entries", args: { folder: tokenFolder } }),
    expectation(answer, session, surroundings) {
      const tokens = factsOf(session, surroundings)?.tokens ?? [];
      const inside = "error" in answer && answer.error === "ENOENT" ? [] : [`${tokenFolder} is there`];
      return heldUnless([...tokens, ...inside], "none");
    },
  }),
  check<readonly string[]>({
    id: "account-rights",
    control: "ownSecrets",
    promise: onCluster("its account may read no Secret, and make or enter no pod"),
    attempt(session, surroundings) {
      const how = "ask the API server what the account may do";
      const { rights } = factsOf(session, surroundings) ?? { rights: unknown };
      return "notTried" in rights ? { how, ...rights } : { how, answer: rights };
    },
    expectation: (rights) =>
      heldUnless(
        rights.map((right) => `it may ${right}`),
        "none of it",
      ),
  }),
];
