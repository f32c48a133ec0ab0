/** What of the provider's requests to AWS tests imitate. */

export type Fields = Readonly<Record<string, unknown>>;

/** One request. */
export interface AwsRequest {
  /** `ecs.CreateCluster`: the client as boto3 calls it, and the API's operation. */
  readonly operation: string;
  /** Texts may hold marks of what other answers bring; see {@link mark}. */
  readonly input: Fields;
  /** What its answer brings: the resource's outputs, each with where it stands there (JMESPath). @default nothing */
  readonly brings?: Readonly<Record<string, string>>;
}

/** The requests by which the provider makes one resource. */
export type Making = (inputs: Fields, name: string) => readonly AwsRequest[];

/** Stands for an output of a resource until AWS has answered. */
export const mark = (resource: string, output: string): string => `⟦${resource}.${output}⟧`;

/** Keys as most APIs write them. What is undefined is left out, as are the keys that are named. */
export function pascal(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(pascal);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key.replace(/^./, (first) => first.toUpperCase()), pascal(one)]));
}

/** Inputs as an API writes them, without those that it is told otherwise. */
export const inputsOf = (inputs: Fields, ...without: readonly string[]): Fields =>
  pascal(Object.fromEntries(Object.entries(inputs).filter(([key]) => !without.includes(key)))) as Fields;

/** Of inputs those that are there. */
export const present = (inputs: Fields): Fields => Object.fromEntries(Object.entries(inputs).filter(([, value]) => value !== undefined));

const entries = (tags: unknown): [string, string][] => Object.entries((tags ?? {}) as Record<string, string>);

/** Tags as most APIs take them. */
export const tagList = (tags: unknown) => entries(tags).map(([Key, Value]) => ({ Key, Value }));

/** Tags as ECS takes them. */
export const smallTagList = (tags: unknown) => entries(tags).map(([key, value]) => ({ key, value }));

/** Tags as EC2 takes them. */
export const tagSpecifications = (ResourceType: string, tags: unknown) =>
  tags === undefined ? {} : { TagSpecifications: [{ ResourceType, Tags: tagList(tags) }] };
