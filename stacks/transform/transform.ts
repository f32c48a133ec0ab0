/** What a transform of the user's own is given and may answer: plain values, the same under either engine. */

/** Options of a resource that a transform may change; see https://www.pulumi.com/docs/iac/concepts/resources/options/. */
export interface TransformOptions {
  readonly protect: boolean;
  readonly retainOnDelete: boolean;
  readonly deleteBeforeReplace: boolean;
  readonly ignoreChanges: readonly string[];
}

/** A resource as the program asks for it, all of it frozen. */
export interface Registered {
  /** Such as `docker:index/container:Container`. */
  readonly type: string;
  /** The resource's name in the program, such as `review-container`. */
  readonly name: string;
  /** In the place of a secret, and of what is not known before the deployment, stands what can be left as it is, and not read. */
  readonly inputs: Readonly<Record<string, unknown>>;
  readonly options: TransformOptions;
}

/** What is to be asked for instead; what is left out stays. */
export interface Changed {
  /** All inputs: one that is not among them is left out. */
  readonly inputs?: Readonly<Record<string, unknown>>;
  readonly options?: Partial<TransformOptions>;
}

/**
 * The default export of a transform's file. It must answer alike for the same resource: what a plan was judged by is what is made.
 *
 * @returns nothing where the resource is to stay as it is
 */
export type Transform = (resource: Registered) => Changed | undefined | Promise<Changed | undefined>;

const forms: { readonly [Option in keyof TransformOptions]: readonly [form: string, fits: (value: unknown) => boolean] } = {
  protect: ["true or false", (value) => typeof value === "boolean"],
  retainOnDelete: ["true or false", (value) => typeof value === "boolean"],
  deleteBeforeReplace: ["true or false", (value) => typeof value === "boolean"],
  ignoreChanges: ["a list of texts", (value) => Array.isArray(value) && value.every((entry) => typeof entry === "string")],
};

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Reads what a transform answered. @throws Error with what is wrong with it, as a sentence goes on */
export function readAnswer(answer: unknown): Changed {
  if (answer === undefined || answer === null) return {};
  const way = "answer { inputs, options }, or nothing";
  if (!isRecord(answer)) throw new Error(`it answers ${JSON.stringify(answer)}; ${way}`);
  const other = Object.keys(answer).filter((key) => key !== "inputs" && key !== "options");
  if (other.length > 0) throw new Error(`it answers ${other.join(", ")}; ${way}`);
  const { inputs, options } = answer;
  if (inputs !== undefined && !isRecord(inputs)) throw new Error("its inputs are no set of keys and values");
  if (options !== undefined && !isRecord(options)) throw new Error("its options are no set of keys and values");
  for (const [key, value] of Object.entries(options ?? {})) {
    const form = Object.hasOwn(forms, key) ? forms[key as keyof TransformOptions] : undefined;
    if (form === undefined) throw new Error(`options.${key} is not for a transform to change; it changes ${Object.keys(forms).join(", ")}`);
    if (!form[1](value)) throw new Error(`options.${key} is not ${form[0]}`);
  }
  return { ...(inputs && { inputs }), ...(options && { options: options as Partial<TransformOptions> }) };
}
