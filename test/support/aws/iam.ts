/** Whether policies of a role, or of an endpoint for whoever asks, allow a request, as IAM judges it, as far as the policies here go: what it cannot read it refuses. */

/** What somebody asks of AWS. */
export interface AskedOfAws {
  readonly action: string;
  readonly resource: string;
  /** Keys of the request's context, such as `aws:SecureTransport`. */
  readonly context?: Readonly<Record<string, string>>;
}

type Conditions = Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;

interface Statement {
  readonly Effect: "Allow" | "Deny";
  readonly Principal?: unknown;
  readonly Action: string | readonly string[];
  readonly Resource: string | readonly string[];
  readonly Condition?: Conditions;
}

const known: readonly string[] = ["Effect", "Principal", "Action", "Resource", "Condition"];

/** Matches with `*` and `?`, which go beyond `:` and `/`, too. */
export function matches(pattern: string, text: string): boolean {
  const escaped = pattern
    .replace(/[.+^${}()|[\]\\]/g, "\\$&")
    .replaceAll("*", ".*")
    .replaceAll("?", ".");
  return new RegExp(`^${escaped}$`, "s").test(text);
}

const operators: Readonly<Record<string, (wanted: string, found: string) => boolean>> = {
  StringEquals: (wanted, found) => wanted === found,
  ArnEquals: matches,
  ArnLike: matches,
  StringLike: matches,
  Bool: (wanted, found) => wanted === found,
};

function holds(conditions: Conditions, context: Readonly<Record<string, string>>): boolean {
  return Object.entries(conditions).every(([operator, keys]) => {
    const compare = operators[operator];
    if (compare === undefined) throw new Error(`nobody knows what ${operator} means here`);
    return Object.entries(keys).every(([key, wanted]) => {
      const found = context[key];
      return found !== undefined && [wanted].flat().some((one) => compare(one, found));
    });
  });
}

/** @param documents all that the role has. @throws Error for a statement of a form that is not known here */
export function allows(documents: readonly string[], { action, resource, context = {} }: AskedOfAws): boolean {
  const statements = documents.flatMap((text) => (JSON.parse(text) as { Statement: readonly Statement[] }).Statement);
  const strange = statements.flatMap((one) => Object.keys(one).filter((key) => !known.includes(key)));
  if (strange.length > 0) throw new Error(`nobody knows what ${strange.join(", ")} means here`);
  if (statements.some(({ Principal = "*" }) => Principal !== "*")) throw new Error("nobody knows what another Principal than * means here");
  const fit = statements.filter(
    ({ Action, Resource, Condition = {} }) =>
      [Action].flat().some((one) => matches(one.toLowerCase(), action.toLowerCase())) &&
      [Resource].flat().some((one) => matches(one, resource)) &&
      holds(Condition, context),
  );
  return fit.some(({ Effect }) => Effect === "Allow") && !fit.some(({ Effect }) => Effect === "Deny");
}
