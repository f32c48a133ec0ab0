import type { Resource } from "../../../policy/evaluate.ts";
import { evaluate } from "../../../policy/evaluate.ts";
import { dockerApp } from "../foreign/docker-app.ts";
import { ecsApp } from "../foreign/ecs-app.ts";
import { kubernetesApp } from "../foreign/kubernetes-app.ts";
import { compliant } from "../fixtures.ts";
import { coverage, reasons } from "./coverage.ts";
import { type Opinion, opinionsOn, opinionsOnDockerfiles } from "./judges.ts";

/** What is compared: stacks that know nothing of us, and the fixtures that our rules let pass. */
export const sets: Readonly<Record<string, readonly Resource[]>> = {
  docker: dockerApp,
  kubernetes: kubernetesApp,
  ecs: ecsApp,
  ...Object.fromEntries(Object.entries(compliant).map(([name, resources]) => [`compliant, ${name}`, resources])),
};

export interface Comparison {
  readonly set: string;
  /** Found by another judge and by us. */
  readonly both: readonly Opinion[];
  /** Found by another judge and left by us, with the reason. */
  readonly explained: readonly (Opinion & { readonly reason: string })[];
  /** Found by another judge alone. */
  readonly missed: readonly Opinion[];
  /** Found by us alone: rule and resource. */
  readonly ours: readonly string[];
}

/** Compares what the judges find in every set, and in Dockerfiles, with what we find. */
export function compare(folder: string, workspace: string, dockerfiles: readonly string[]): Comparison[] {
  const ofSets = Object.entries(sets).map(([set, resources], index) => {
    const { findings } = evaluate(resources, { level: "production" });
    const found = findings.filter(({ verdict }) => verdict === "violation" || verdict === "recommendation");
    return sort(
      set,
      opinionsOn(folder, workspace, String(index), resources),
      new Set(found.map(({ rule, resource }) => `${rule} ${resource.split("::").at(-1)}`)),
    );
  });
  return [...ofSets, sort("Dockerfiles", opinionsOnDockerfiles(folder, dockerfiles), new Set())];
}

const reasonFor = ({ check, resource }: Opinion): string | undefined => reasons[check] ?? reasons[`${check} ${resource}`];

function sort(set: string, opinions: readonly Opinion[], found: ReadonlySet<string>): Comparison {
  const ours = ({ check, resource }: Opinion) =>
    (coverage[check] ?? []).map((rule) => `${rule} ${resource}`).filter((one) => found.has(one));
  const both = opinions.filter((opinion) => ours(opinion).length > 0);
  const alone = opinions.filter((opinion) => ours(opinion).length === 0);
  const shared = new Set(both.flatMap(ours));
  return {
    set,
    both,
    explained: alone.flatMap((opinion) => {
      const reason = reasonFor(opinion);
      return reason === undefined ? [] : [{ ...opinion, reason }];
    }),
    missed: alone.filter((opinion) => reasonFor(opinion) === undefined),
    ours: [...found].filter((one) => !shared.has(one)).sort(),
  };
}
