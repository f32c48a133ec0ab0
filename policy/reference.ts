/** The rule reference and the level files, as text. */
import { defaultEnforcement, policyName, severitiesOf } from "./configuration.ts";
import { rules } from "./rules/index.ts";
import type { Platform } from "./rules/read/workload.ts";
import { remedies } from "./rules/remedies.ts";
import type { Rule } from "./rules/rule.ts";
import { type Enforcement, type Level, levels } from "./rules/severity.ts";

const families: Readonly<Record<string, string>> = {
  CTR: "Containers on every platform",
  NET: "Docker networks",
  VOL: "Volumes and mounts",
  IMG: "Images",
  PRV: "Providers",
  PLG: "Plugins of the engine",
  K8S: "Kubernetes",
  ECS: "AWS ECS",
  EFS: "AWS EFS",
  SG: "AWS security groups",
  IAM: "AWS IAM",
  SEC: "Secrets",
  LOG: "Logs",
  ECR: "AWS ECR",
  CB: "AWS CodeBuild",
  GEN: "Everything",
};

const platformNames: Readonly<Record<Platform, string>> = { docker: "Docker", swarm: "Swarm", kubernetes: "Kubernetes", ecs: "ECS" };

/** Paths, from this folder, and contents of all generated files. */
export function files(): ReadonlyMap<string, string> {
  return new Map([["RULES.md", reference()], ...levels.map((level) => [`levels/${level}.json`, levelFile(level)] as const)]);
}

/** The enforcement of every policy of the pack at a level, by policy name. */
export function enforcementAt(level: Level): Readonly<Record<string, Enforcement>> {
  const entries = rules
    .filter((rule) => !rule.configuration)
    .flatMap((rule) => severitiesOf(rule).map((severity) => [policyName(rule, severity), defaultEnforcement(rule, severity, level)]));
  return Object.fromEntries(entries);
}

/** A level as a file for `--policy-pack-config`. */
const levelFile = (level: Level): string => `${JSON.stringify(enforcementAt(level), null, 2)}\n`;

function reference(): string {
  const sections = Object.entries(families).map(([family, title]) => {
    const own = rules.filter(({ id }) => id.startsWith(`${family}-`));
    return [`## ${title}`, ...own.map(section)].join("\n\n");
  });
  return `${[introduction, podSecurity, ...sections].join("\n\n")}\n`;
}

/**
 * The section of one rule.
 *
 * @param words its id or its name, in any case
 * @returns undefined when there is no such rule
 */
export function explained(words: string): string | undefined {
  const wanted = words.trim().toLowerCase();
  const rule = rules.find(({ id, name }) => id.toLowerCase() === wanted || name === wanted);
  return rule && section(rule);
}

function section(rule: Rule): string {
  const facts = [
    ["Severity", severitiesOf(rule).join(", ")],
    ["Reads", rule.reads],
    ["Platforms", rule.platforms?.join(", ") ?? ""],
    ["Also in", rule.frameworks.map(({ name, reference }) => `${name} ${reference}`).join("; ")],
    ["What to do", rule.remediation],
    ["Enforcement", rule.enforcement ? levels.map((level) => `${level}: ${rule.enforcement?.[level]}`).join(", ") : ""],
    ["In a cluster", rule.admission ? "the ValidatingAdmissionPolicy of `admission.ts` refuses such pods" : ""],
    ["With enforcement `remediate`", rule.automatic ? "the engine is given the safe value" : ""],
  ];
  const settings = Object.entries(rule.settings ?? {}).map(
    ([key, { description, default: value }]) => `- Setting \`${key}\`: ${description} Default: \`${JSON.stringify(value)}\`.`,
  );
  const platforms = Object.entries(remedies[rule.id] ?? {}).map(
    ([platform, words]) => `- On ${platformNames[platform as Platform]}: ${words}`,
  );
  const lines = facts.flatMap(([name, words]) => (words ? [`- ${name}: ${words}`] : []));
  return [`### ${rule.id}`, `${rule.title} (\`${rule.name}\`).`, [...lines, ...platforms, ...settings].join("\n")].join("\n\n");
}

const introduction = `# Rules

This file is made from the rules themselves by \`node generate.ts\`; a test compares the two.

A Critical or High violation stops a deployment everywhere, a Medium one does outside the level \`local\`, a Low one never
does. A rule that finds more than one severity is one policy for each: \`CTR-033\` is its own severity, \`CTR-033-low\` the
other; each takes enforcement and exceptions of its own in a \`--policy-pack-config\` file. An engine hands a policy only its
own entry, so a rule's settings stand under each of its names there. \`levels/\` holds such a
file for each level.

What cannot be judged because a value is not known before the update is counted as not evaluated. A stack is secure when it
has no Critical and no High violation and every rule that may find one was judged. At level \`production\` such a rule that
was not judged fails \`check\` too, unless the setting \`allowNotEvaluated\` of \`GEN-002\` is true. In an engine, where a first
preview always has unknown values, it stops the deployment only with \`GEN-002\` set to \`mandatory\`. Advice (a recommendation)
never blocks and costs no score. The score is 100 less 40 for each Critical, 15 for each High, 5 for each Medium and 1 for
each Low violation.

\`"CTR-002": "remediate"\` in that file has the engine write the safe value into resources that break a rule, where its section says so;
no level asks for it. What breaks a rule nevertheless is stopped as \`mandatory\` does. Container definitions of ECS are text of your
own and stay as they are.

An exception names what it is for, why, who answers for it and until when:

\`\`\`json
{
  "CTR-026": {
    "exceptions": [
      { "resource": "*::session-alpha", "reason": "the tool reads no file", "owner": "platform", "expires": "2027-03-31" }
    ]
  }
}
\`\`\`

What belongs to a session is known by the label \`session_id\` on Docker networks and containers. A network may let its members
talk when it is internal, keeps the host's address off its bridge and carries the labels \`session_id\` and
\`purpose=session-egress\` (a session and its proxy), or \`group\` and \`purpose=session-group\`. A container joins it with the same
\`session_id\` or \`group\`, or with \`serves=<session id>,…\`.

\`GEN-006\` and \`GEN-007\` look at the configuration file as a whole, which no policy in an engine is given: they are judged by
\`evaluate\`, not by the pack.`;

/** What Pod Security Standards let pass and the rules do not, and why. Tried on the fixtures of Pod Security admission. */
const podSecurity = `## Beside the Pod Security Standards

What the standards refuse, baseline or restricted, is a violation here, in every kind of object that holds a pod. What they let
pass is clean but for these, which are stricter:

| Rules | Why they ask for more |
|---|---|
| CTR-001 | the standards leave the root filesystem writable, where what breaks in stays until the next start |
| CTR-021, CTR-022, CTR-024 | the standards say nothing of limits; one pod may take a node's memory, CPU or disk |
| CTR-031 | a container that hangs is replaced only when somebody asks it |
| CTR-033 | a tag can be moved after it was looked at |
| K8S-001, K8S-004 | what shares a namespace or an account shares its rights |
| K8S-003 | a token that nothing needs is the first thing that is taken |
| K8S-012 | without a network policy every pod reaches every other |
| K8S-028 | addresses of all services are of use to whoever looks around |
| CTR-002, CTR-005, CTR-007, CTR-016 | restricted asks for them, baseline does not, and fixtures of older versions lack them |
| CTR-003, CTR-004 | baseline leaves the capabilities of an engine's default set, DAC_OVERRIDE and MKNOD among them; restricted does not |
| CTR-016 | an annotation, which the standards of 1.0 to 1.18 took, sets no profile since Kubernetes 1.27 |
| CTR-019 | baseline lets a pod with a user namespace of its own unmask /proc; that trusts the kernel alone |`;
