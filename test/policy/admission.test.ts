import { Environment } from "@marcbachmann/cel-js";
import { expect, test } from "vitest";
import { admission } from "../../policy/admission.ts";
import { evaluate, type Resource } from "../../policy/evaluate.ts";
import { rules } from "../../policy/rules/index.ts";
import { podsOf } from "../../policy/rules/read/pods.ts";
import { subjectsOf } from "../../policy/rules/read/subject.ts";
import type { Props } from "../../policy/rules/read/value.ts";
import { cases as containers } from "./cases/containers.ts";
import { cases as docker } from "./cases/docker.ts";
import { cases as generic } from "./cases/generic.ts";
import { cases as kubernetes } from "./cases/kubernetes.ts";
import { cases as secrets } from "./cases/secrets.ts";
import { cases as volumes } from "./cases/volumes.ts";
import { podSpec } from "./fixtures.ts";

/** What a cluster holds pods to by itself refuses what the rules find, and nothing else. */

const image = "registry.corp.example/agent:1.2";
const { variables, validations } = admission([image]);
const environment = new Environment({ unlistedVariablesAreDyn: true });

/** Whether a condition holds for a pod, as the API server asks it: after what it adds itself. */
function holds(expression: string, spec: Props): boolean {
  const known = { object: { spec: asAdmitted(spec) }, variables: {} as Record<string, unknown> };
  for (const { name, expression: of } of variables) known.variables[name] = environment.evaluate(of, known);
  const answer: unknown = environment.evaluate(expression, known);
  if (typeof answer !== "boolean") throw new Error(`${expression} is ${String(answer)}`);
  return answer;
}

/** A pod with what the API server's own plug-in for service accounts adds to it. */
function asAdmitted(spec: Props): Props {
  const token = { name: "kube-api-access", projected: { sources: [{ serviceAccountToken: { path: "token" } }] } };
  const account = { serviceAccountName: "default", ...spec };
  return spec.automountServiceAccountToken === false ? account : { ...account, volumes: [...((spec.volumes as Props[]) ?? []), token] };
}

const asPod = (spec: Props): Resource => ({
  urn: "urn:pulumi:test::test::kubernetes:core/v1:Pod::alpha",
  type: "kubernetes:core/v1:Pod",
  name: "alpha",
  props: { apiVersion: "v1", kind: "Pod", metadata: { name: "alpha", namespace: "sessions" }, spec },
});

/** Every pod of every rule's fixtures, as far as all of it is known and has its form. */
const pods = [...containers, ...docker, ...kubernetes, ...generic, ...secrets, ...volumes].flatMap(({ rule, what, verdict, resources }) =>
  verdict === "not-evaluated" ? [] : resources.flatMap((resource) => podsIn(resource).map((spec) => ({ what: `${rule} ${what}`, spec }))),
);

/** Whether the API server itself takes a pod for one, which it asks before any condition. */
function isWhole(spec: Props): boolean {
  const containers = [spec.containers, spec.initContainers, spec.ephemeralContainers].flat().filter((one) => one !== undefined) as Props[];
  return (
    containers.length > 0 && containers.every(({ image }) => typeof image === "string") && !/":"(true|false)"/.test(JSON.stringify(spec))
  );
}

function podsIn(resource: Resource): Props[] {
  try {
    return [...subjectsOf(resource)].flatMap((subject) =>
      subject.kind.startsWith("kubernetes:")
        ? [...podsOf(subject)].flatMap(({ spec, extent }) => (extent === "pod" && isWhole(spec) ? [spec] : []))
        : [],
    );
  } catch {
    return [];
  }
}

const first = podSpec.containers[0];
const projected = (source: Props) => ({ ...podSpec, volumes: [{ name: "t", projected: { sources: [source] } }] });

/** What is easily overlooked. */
const more = [
  ...(["initContainers", "ephemeralContainers"] as const).map((field) => ({
    what: `a bare container of ${field}`,
    spec: { ...podSpec, [field]: [{ name: "other", image: "busybox:1" }] },
  })),
  { what: "a digest cut short", spec: { ...podSpec, containers: [{ ...first, image: "agent@sha256:0123456789abcdef" }] } },
  { what: "a bundle of certificates", spec: projected({ clusterTrustBundle: { name: "x" } }) },
  { what: "a certificate", spec: projected({ podCertificate: { signerName: "x" } }) },
  { what: "a token for somebody else", spec: projected({ serviceAccountToken: { path: "t", audience: "vault" } }) },
  {
    what: "a token for the cluster by name",
    spec: projected({ serviceAccountToken: { path: "t", audience: "https://kubernetes.default.svc" } }),
  },
  {
    what: "a proxy's name for a link-local address",
    spec: { ...podSpec, hostAliases: [{ ip: "169.254.3.4", hostnames: ["egress-proxy"] }] },
  },
];

const conditions = rules.flatMap((rule) => (rule.admission === undefined ? [] : [[rule.id, rule, rule.admission.expression] as const]));

test.each(conditions)("%s is broken by the same pods for a cluster", (_, rule, expression) => {
  const judged = [...pods, ...more].map(({ what, spec }) => {
    const { findings } = evaluate([asPod(spec)], { rules: [rule] });
    return { what, found: findings.some(({ verdict }) => verdict === "violation"), refused: !holds(expression, spec) };
  });
  expect(judged.filter(({ found, refused }) => found !== refused)).toEqual([]);
  expect(judged.filter(({ refused }) => refused).length).toBeGreaterThan(0);
  expect(judged.filter(({ refused }) => !refused).length).toBeGreaterThan(50);
});

const expressionOf = (id: string) => conditions.find(([one]) => one === id)?.[2] ?? "";

test("a cluster alone asks every emptyDir for a size of its own", () => {
  const spec = { ...podSpec, volumes: [{ name: "tmp", emptyDir: {} }] };
  expect(evaluate([asPod(spec)]).findings.filter(({ rule }) => rule === "CTR-024")).toEqual([]);
  expect(holds(expressionOf("CTR-024"), spec)).toBe(false);
  for (const size of ["0", "0Mi", "0e9"])
    expect([size, holds(expressionOf("CTR-024"), { ...spec, volumes: [{ name: "tmp", emptyDir: { sizeLimit: size } }] })]).toEqual([
      size,
      false,
    ]);
});

test("an image that the deployment names needs no digest, and no other that is called like it", () => {
  const named = (name: string) => holds(expressionOf("CTR-033"), { ...podSpec, containers: [{ ...podSpec.containers[0], image: name }] });
  expect(named(image)).toBe(true);
  for (const other of [`${image}.3`, `evil/${image}`, "registry.corp.example/agent", `${image}@sha256:abc`])
    expect([other, named(other)]).toEqual([other, false]);
});

test("what refuses says what must be, and names its rule", () => {
  expect(validations.map(({ message }) => message.match(/\((\S+) \S+\)$/)?.[1])).toEqual(conditions.map(([id]) => id));
  for (const { message } of validations) expect(message).toMatch(/^(Every container of the|The containers of the|The) pod must .*\. \(/);
});
