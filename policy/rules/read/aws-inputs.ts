/** What rules, schedules, pipes and state machines hand to what they start, where that is no task of ECS. */
import { each, isRecord, knownEntries, type Props, record, records, text } from "./value.ts";

/** What one target is given: text, or what its JSON says. */
export function* inputsIn(kind: string, props: Props): Iterable<unknown> {
  if (kind === "aws:cloudwatch:EventTarget" && !isRecord(props.ecsTarget)) yield* given(props);
  if (kind === "aws:events:Rule") yield* each(records(props.targets), (target) => (isRecord(target.ecsParameters) ? [] : given(target)));
  if (kind === "aws:scheduler:Schedule") {
    const target = record(props.target);
    if (!isRecord(target.ecsParameters)) yield* given(target);
  }
  if (kind === "aws:pipes:Pipe") {
    const { inputTemplate, batchJobParameters } = record(props.targetParameters);
    yield* [inputTemplate, record(props.enrichmentParameters).inputTemplate].map(content);
    yield record(batchJobParameters);
  }
  if (kind === "aws:batch:JobDefinition") yield record(props.parameters);
}

function* given(target: Props): Iterable<unknown> {
  yield content(target.input);
  yield content(templateOf(target));
}

/** The template of a target's input. */
export const templateOf = (target: Props): unknown => record(target.inputTransformer).inputTemplate;

/** What a text says in JSON, where the places of a template are empty; the text itself where it says nothing. */
export function content(input: unknown): unknown {
  if (typeof input !== "string") return input;
  for (const written of [input, input.replace(/<[\w.$-]+>/g, "null")])
    try {
      return JSON.parse(written) as unknown;
    } catch {
      // A template with places that are not quoted, or no JSON.
    }
  return text(input);
}

/** The words in an input, each with the name that it has there; a path into what is handed over at run time is none. */
export function* namedWords(value: unknown, name = ""): Iterable<readonly [name: string, words: string]> {
  if (typeof value === "string" || typeof value === "number") {
    const words = String(value);
    if (!name.endsWith(".$") && !words.startsWith("{%")) yield [name, words];
  } else if (typeof value === "object" && value !== null) {
    const known = new Map([...knownEntries(value)].map(([key, inner]) => [key.toLowerCase(), inner]));
    const variable = known.get("name") ?? known.get("key");
    if (typeof variable === "string" && known.has("value")) yield* namedWords(known.get("value"), variable);
    for (const [key, inner] of knownEntries(value)) yield* namedWords(inner, Array.isArray(value) ? name : key);
  }
}
