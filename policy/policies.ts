/** Rules as Pulumi policies: names, schemas and reports as the engine wants them. Judging is `judge.ts`. */
import type { ResourceValidationArgs, ResourceValidationPolicy, StackValidationArgs, StackValidationPolicy } from "@pulumi/policy";
import { defaultEnforcement, policyName, severitiesOf } from "./configuration.ts";
import { exceptionFor, exceptionsIn } from "./exceptions.ts";
import { Concerns, type Configured, Pass, resourceOf, settingsOf } from "./pass.ts";
import { isRemediable, remedied } from "./remediate.ts";
import { remedies } from "./rules/remedies.ts";
import { rules as everyRule } from "./rules/index.ts";
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
export function policies(rules: readonly Rule[] = everyRule): Policies {
  return new Policies(rules);
}

/**
 * The policies of a pack. An engine's request goes through the list once, so that each walk is a {@link Pass}: what has
 * nothing to say is left out from where the first policy has run.
 */
class Policies extends Array<Policy> {
  readonly #concerns: Concerns;
  readonly #configured: Configured = new Map();
  readonly #named: readonly (readonly [Rule, Severity])[];

  constructor(rules: readonly Rule[]) {
    super();
    this.#concerns = new Concerns(rules);
    this.#named = rules
      .filter((rule) => !rule.configuration)
      .flatMap((rule) => severitiesOf(rule).map((severity) => [rule, severity] as const));
    for (const [rule, severity] of this.#named) this.push(this.#policyOf(rule, severity, () => this.#pass()));
  }

  /** Methods that make a new array make a plain one. */
  static override get [Symbol.species](): ArrayConstructor {
    return Array;
  }

  override *[Symbol.iterator](): ArrayIterator<Policy> {
    const pass = this.#pass();
    for (const [rule, severity] of this.#named) if (pass.mayFind(rule, severity)) yield this.#policyOf(rule, severity, () => pass);
  }

  #pass(): Pass {
    return new Pass(this.#concerns, this.#configured);
  }

  #policyOf(rule: Rule, severity: Severity, passOf: () => Pass): Policy {
    return policyOf(rule, severity, passOf, this.#configured);
  }
}

function policyOf(rule: Rule, severity: Severity, passOf: () => Pass, configured: Configured): Policy {
  const policy: Policy = { ...descriptionOf(rule, severity) };
  const settingsIn = ({ getConfig }: ResourceValidationArgs | StackValidationArgs): Settings => {
    if (rule.settings) configured.set(policy.name, getConfig);
    return settingsOf(rule, getConfig);
  };
  const isMain = severity === rule.severity;
  const wanted = (one: Judgement) => (one.severity ?? rule.severity) === severity;

  if (rule.container || rule.workload || rule.resource || rule.unjudged)
    policy.validateResource = (args, report) => {
      const settings = settingsIn(args);
      const pass = passOf();
      const { found, unjudged } = pass.resource(rule, args, settings);
      for (const one of found) if (wanted(one) && !isExcepted(settings, args.urn)) report(one.message);
      if (isMain) sayUnknown(unjudged, pass.missing);
    };
  if (isRemediable(rule, severity))
    policy.remediateResource = (args) => {
      const settings = settingsOf(rule, args.getConfig);
      if (isExcepted(settings, args.urn)) return undefined;
      const missing = new Map<string, unknown>();
      const { isRemedied, unjudged } = remedied(rule, () => resourceOf(args, missing), args.props, settings);
      if (!isRemedied) sayUnknown(unjudged, missing);
      return isRemedied ? args.props : undefined;
    };
  if (rule.stack)
    policy.validateStack = (args, report) => {
      const settings = settingsIn(args);
      const pass = passOf();
      const { found, unjudged } = pass.stack(rule, args, settings);
      for (const one of found) {
        const urn = one.subject?.resource.urn;
        if (wanted(one) && !(urn !== undefined && isExcepted(settings, urn))) report(one.message, urn);
      }
      if (isMain && unjudged?.why === "malformed") report(`The inputs must be readable: one is not ${unjudged.detail}.`);
      if (isMain) sayUnknown(unjudged, pass.missing);
    };
  return policy;
}

const descriptions = new Map<string, Policy>();

/** What an engine lists of a policy, made once. */
function descriptionOf(rule: Rule, severity: Severity): Policy {
  const name = policyName(rule, severity);
  const made = descriptions.get(name);
  if (made) return made;
  const [framework] = rule.frameworks;
  const description: Policy = {
    name,
    displayName: rule.name,
    description: rule.title,
    severity,
    enforcementLevel: defaultEnforcement(rule, severity, "local"),
    remediationSteps: [
      rule.remediation,
      ...Object.entries(remedies[rule.id] ?? {}).map(([platform, words]) => `${platform}: ${words}`),
    ].join("\n"),
    url: `RULES.md#${rule.id.toLowerCase()}`,
    tags: rule.frameworks.map(({ name, reference }) => `${name} ${reference}`),
    configSchema: { properties: { ...structuredClone(rule.settings ?? {}), exceptions: exceptionsSchema } },
    ...(framework && { framework: { ...framework, specification: rule.title } }),
  };
  descriptions.set(name, description);
  return description;
}

function isExcepted(settings: Settings, urn: string): boolean {
  return exceptionFor(exceptionsIn(settings), urn, new Date()) !== undefined;
}

/** The engine's own error for an unknown value makes it say that the policy could not run. */
function sayUnknown(unjudged: Unjudged | undefined, missing: ReadonlyMap<string, unknown>): void {
  if (unjudged?.why !== "unknown") return;
  const [first] = missing.values();
  const error = missing.get(unjudged.detail) ?? first;
  if (error) throw error;
}
