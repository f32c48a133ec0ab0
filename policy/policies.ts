/** Rules as Pulumi policies: names, schemas and reports as the engine wants them. Judging is `judge.ts`. */
import type { PolicyResource, ResourceValidationArgs, ResourceValidationPolicy, StackValidationPolicy } from "@pulumi/policy";
import { defaultEnforcement, defaultsOf, policyName, severitiesOf } from "./configuration.ts";
import { exceptionFor, exceptionsIn } from "./exceptions.ts";
import { concerns, judge, judgeStack, type Target, targetOf } from "./judge.ts";
import { rules as everyRule } from "./rules/index.ts";
import type { Resource } from "./rules/read/subject.ts";
import { unknown } from "./rules/read/value.ts";
import type { Judgement, Rule, Settings, Unjudged } from "./rules/rule.ts";
import type { Severity } from "./rules/severity.ts";

type Policy = ResourceValidationPolicy & Partial<StackValidationPolicy>;

/** Exceptions as the engine checks them. */
const exceptionsSchema = {
  type: "array" as const,
  description: "Violations that somebody answers for, until a day.",
  items: {
    type: "object" as const,
    required: ["resource", "reason", "owner", "expires"],
    properties: {
      resource: { type: "string" as const, description: "URN or name; * stands for anything." },
      reason: { type: "string" as const, minLength: 1 },
      owner: { type: "string" as const, minLength: 1 },
      expires: { type: "string" as const, pattern: "^[0-9]{4}-[0-9]{2}-[0-9]{2}$" },
    },
  },
};

/** Every rule that looks at resources, one policy for each severity it finds. */
export function policies(rules: readonly Rule[] = everyRule): Policy[] {
  return rules
    .filter((rule) => !rule.configuration)
    .flatMap((rule) => severitiesOf(rule).map((severity) => policyOf(rule, severity, rules)));
}

function policyOf(rule: Rule, severity: Severity, rules: readonly Rule[]): Policy {
  const [framework] = rule.frameworks;
  const policy: Policy = {
    name: policyName(rule, severity),
    displayName: rule.name,
    description: rule.title,
    severity,
    enforcementLevel: defaultEnforcement(rule, severity, "local"),
    remediationSteps: rule.remediation,
    url: `RULES.md#${rule.id.toLowerCase()}`,
    tags: rule.frameworks.map(({ name, reference }) => `${name} ${reference}`),
    configSchema: { properties: { ...structuredClone(rule.settings ?? {}), exceptions: exceptionsSchema } },
  };
  if (framework) policy.framework = { ...framework, specification: rule.title };
  const isMain = severity === rule.severity;
  const wanted = (one: Judgement) => (one.severity ?? rule.severity) === severity;

  if (rule.container || rule.workload || rule.resource || rule.unjudged)
    policy.validateResource = (args, report) => {
      if (!concerns(rule, args.type)) return;
      const { resource, missing } = resourceOf(args);
      const settings: Settings = { ...defaultsOf(rule), ...args.getConfig<Record<string, unknown>>() };
      const target = targetOf(resource);
      const { found, unjudged } = rule.unjudged
        ? { found: missedBy(rules, rule, target, settings), unjudged: undefined }
        : judge(rule, target, settings);
      for (const one of found) if (wanted(one) && !isExcepted(settings, resource.urn)) report(one.message);
      if (isMain) sayUnknown(unjudged, missing);
    };
  if (rule.stack)
    policy.validateStack = (args, report) => {
      const opened = args.resources.map(resourceOf);
      const settings: Settings = { ...defaultsOf(rule), ...args.getConfig<Record<string, unknown>>() };
      const subjects = opened.flatMap(({ resource }) => targetOf(resource).subjects.items);
      const { found, unjudged } = judgeStack(rule, subjects, settings);
      for (const one of found) {
        const urn = one.subject?.resource.urn;
        if (wanted(one) && !(urn !== undefined && isExcepted(settings, urn))) report(one.message, urn);
      }
      if (isMain && unjudged?.why === "malformed") report(`The inputs must be readable: one is not ${unjudged.detail}.`);
      if (isMain) sayUnknown(unjudged, new Map(opened.flatMap(({ missing }) => [...missing])));
    };
  return policy;
}

function isExcepted(settings: Settings, urn: string): boolean {
  return exceptionFor(exceptionsIn(settings), urn, new Date()) !== undefined;
}

/** What a rule about the other rules finds. */
function missedBy(rules: readonly Rule[], rule: Rule, target: Target, settings: Settings): Judgement[] {
  const missed: Unjudged[] = [];
  for (const other of rules) {
    if (!concerns(other, target.resource.type)) continue;
    const { unjudged } = judge(other, target, defaultsOf(other));
    if (unjudged) missed.push(unjudged);
  }
  return [...(rule.unjudged?.(missed, settings) ?? [])].map((one) => (typeof one === "string" ? { message: one } : one));
}

/** The engine's own error for an unknown value makes it say that the policy could not run. */
function sayUnknown(unjudged: Unjudged | undefined, missing: ReadonlyMap<string, unknown>): void {
  if (unjudged?.why !== "unknown") return;
  const [first] = missing.values();
  const error = missing.get(unjudged.detail) ?? first;
  if (error) throw error;
}

interface OpenedResource {
  readonly resource: Resource;
  /** The engine's own errors, by path. */
  readonly missing: ReadonlyMap<string, unknown>;
}

/** A resource as the engine hands it over: reading what is unknown throws, so every value is read once, here. */
function resourceOf(args: ResourceValidationArgs | PolicyResource): OpenedResource {
  const missing = new Map<string, unknown>();
  const parent = "dependencies" in args ? args.parent?.urn : args.opts.parent;
  return {
    missing,
    resource: {
      urn: args.urn,
      type: args.type,
      name: args.name,
      props: copy(args.props, "", missing) as Record<string, unknown>,
      protect: args.opts.protect,
      ignoreChanges: args.opts.ignoreChanges,
      custom: args.provider !== undefined,
      secretsOpened: true,
      ...(parent === undefined ? {} : { parent }),
      ...("dependencies" in args ? { dependencies: args.dependencies.map(({ urn }) => urn) } : {}),
    },
  };
}

function copy(value: unknown, path: string, missing: Map<string, unknown>): unknown {
  if (typeof value !== "object" || value === null) return value;
  const result: Record<string, unknown> = {};
  for (const key of Object.keys(value)) {
    try {
      result[key] = copy((value as Record<string, unknown>)[key], `${path}.${key}`, missing);
    } catch (error) {
      missing.set(`${path}.${key}`, error);
      result[key] = unknown;
    }
  }
  return Array.isArray(value) ? Object.values(result) : result;
}
