import { text, texts } from "./read/value.ts";
import { advice, type Rule } from "./rule.ts";

/** Types behind which a workload runs that no rule can see. */
const opaque =
  /^(kubernetes:Release|command:.*|pulumi-(nodejs|python):dynamic.*|aws:cloudformation:Stack(Set)?|aws:ecs:ExpressGatewayService)$/;

const machines = new Set(["aws:ec2:Instance", "aws:ec2:LaunchTemplate", "aws:ec2:LaunchConfiguration", "aws:ec2:SpotInstanceRequest"]);

/** Packages whose resources the rules know, or that run nothing. */
const known = ["agent-sessions", "aws", "aws-native", "docker", "docker-build", "kubernetes", "pulumi", "random", "tls", "time", "std"];

export const opaqueWorkload: Rule = {
  id: "GEN-001",
  name: "opaque-workload",
  title: "A workload is hidden behind a type that no rule can look into",
  severity: "high",
  also: ["low"],
  frameworks: [],
  remediation: "Use the platform's own types; a chart can be rendered (helm.v4.Chart) so that each object is seen.",
  reads: "the resource's type, userData",
  settings: {
    trustedTypes: {
      type: "array",
      items: { type: "string" },
      description: "Types that somebody has looked into.",
      default: [],
    },
    knownPackages: {
      type: "array",
      items: { type: "string" },
      description: "Packages that run no containers.",
      default: [],
    },
  },
  *resource({ resource, kind, name, props }, settings) {
    if ([...texts(settings.trustedTypes)].includes(resource.type)) return;
    const provider = kind.split(":")[0] ?? "";
    if (opaque.test(kind)) yield `The resource "${name}" must be of a type that rules can look into, not ${resource.type}.`;
    else if (machines.has(kind) && (text(props.userData) || text(props.userDataBase64)))
      yield `The machine "${name}" must not start workloads by its user data.`;
    else if (resource.custom === true && ![...known, ...texts(settings.knownPackages)].includes(provider))
      yield advice(`The resource "${name}" must be looked at by somebody: no rule knows the package ${provider}.`);
  },
};
