/**
 * What one request of an engine opened and found. The SDK hands every policy a copy of the same inputs, which costs more than
 * all rules together: the first policy that runs opens them for all, and those with nothing to say are not run at all.
 */
import type { PolicyResource, ResourceValidationArgs, StackValidationArgs } from "@pulumi/policy";
import { defaultsOf, policyName } from "./configuration.ts";
import { concerns, judge, judgeStack, type Target, targetOf, type Verdict } from "./judge.ts";
import type { Resource, Subject } from "./rules/read/subject.ts";
import { unknown } from "./rules/read/value.ts";
import type { Rule, Settings, Unjudged } from "./rules/rule.ts";
import type { Severity } from "./rules/severity.ts";

/** The rules of a pack by the types that they look at, found once for each type. */
export class Concerns {
  readonly #rules: readonly Rule[];
  readonly #byType = new Map<string, ReadonlySet<Rule>>();

  constructor(rules: readonly Rule[]) {
    this.#rules = rules;
  }

  about(type: string): ReadonlySet<Rule> {
    let concerned = this.#byType.get(type);
    if (concerned === undefined) {
      concerned = new Set(this.#rules.filter((rule) => concerns(rule, type)));
      this.#byType.set(type, concerned);
    }
    return concerned;
  }
}

/** What an engine tells a policy of its settings, and no other policy. */
export type GetConfig = () => Record<string, unknown>;

/**
 * How policies ask for their settings, by policy name. Kept from the first time that each is run: the function answers with
 * what is configured when it is called.
 */
export type Configured = Map<string, GetConfig>;

/** What a policy's settings are. */
export const settingsOf = (rule: Rule, getConfig: GetConfig): Settings => ({ ...defaultsOf(rule), ...getConfig() });

export class Pass {
  readonly #concerns: Concerns;
  readonly #configured: Configured;
  /** The engine's own errors for what is not known, by path. */
  readonly missing = new Map<string, unknown>();
  /** What rules without settings found: it is the same for each of their policies. */
  readonly #verdicts = new Map<Rule, Verdict>();
  #target: Target | undefined;
  #subjects: readonly Subject[] | undefined;

  constructor(rules: Concerns, configured: Configured) {
    this.#concerns = rules;
    this.#configured = configured;
  }

  /** Whether a policy may have something to say: every one may until the first has run. */
  mayFind(rule: Rule, severity: Severity): boolean {
    if (this.#target === undefined && this.#subjects === undefined) return true;
    if (this.#target === undefined ? !rule.stack : !this.#concerns.about(this.#target.resource.type).has(rule)) return false;
    const getConfig = this.#configured.get(policyName(rule, severity));
    if (rule.settings && getConfig === undefined) return true;
    const { found, unjudged } = rule.settings && getConfig ? this.#judge(rule, settingsOf(rule, getConfig)) : this.#verdictOf(rule);
    if (found.some((one) => (one.severity ?? rule.severity) === severity)) return true;
    // What is malformed in one resource is another rule's to say.
    return severity === rule.severity && (this.#target === undefined ? unjudged !== undefined : unjudged?.why === "unknown");
  }

  /** What a rule finds in the resource that is asked about. */
  resource(rule: Rule, args: ResourceValidationArgs, settings: Settings): Verdict {
    this.#target ??= targetOf(resourceOf(args, this.missing));
    if (!this.#concerns.about(args.type).has(rule)) return { found: [] };
    return rule.settings ? this.#judge(rule, settings) : this.#verdictOf(rule);
  }

  /** What a rule finds in the stack that is asked about. */
  stack(rule: Rule, args: StackValidationArgs, settings: Settings): Verdict {
    this.#subjects ??= args.resources.flatMap((one) => targetOf(resourceOf(one, this.missing)).subjects.items);
    return rule.settings ? this.#judge(rule, settings) : this.#verdictOf(rule);
  }

  #verdictOf(rule: Rule): Verdict {
    let verdict = this.#verdicts.get(rule);
    if (verdict === undefined) {
      verdict = this.#judge(rule, defaultsOf(rule));
      this.#verdicts.set(rule, verdict);
    }
    return verdict;
  }

  #judge(rule: Rule, settings: Settings): Verdict {
    if (this.#target === undefined) return judgeStack(rule, this.#subjects ?? [], settings);
    if (!rule.unjudged) return judge(rule, this.#target, settings);
    const missed = this.#missed(this.#target.resource.type);
    const found = [...rule.unjudged(missed, settings)].map((one) => (typeof one === "string" ? { message: one } : one));
    return { found };
  }

  /** What the other rules could not judge about the resource. */
  #missed(type: string): Unjudged[] {
    return [...this.#concerns.about(type)].flatMap((rule) => (rule.unjudged ? [] : (this.#verdictOf(rule).unjudged ?? [])));
  }
}

/**
 * A resource as the engine hands it over: reading what is unknown throws, so every value is read once, here.
 *
 * @param missing takes the engine's own errors, by path
 */
export function resourceOf(args: ResourceValidationArgs | PolicyResource, missing: Map<string, unknown>): Resource {
  const parent = "dependencies" in args ? args.parent?.urn : args.opts.parent;
  return {
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
