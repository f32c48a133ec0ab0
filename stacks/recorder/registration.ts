/** Plain JSON values, with the SDK's signatures for secrets and its text for unknown values. */
export type Properties = Readonly<Record<string, unknown>>;

/** What the program asks of the engine for one resource. */
export interface Registration {
  readonly urn: string;
  readonly type: string;
  readonly name: string;
  /** False for a component. */
  readonly custom: boolean;
  readonly inputs: Properties;
  readonly parent?: string;
  /** `<urn>::<id>` of an explicit provider. */
  readonly provider?: string;
  /** URNs of what must be there first. */
  readonly dependencies: readonly string[];
  /** URNs whose replacement replaces this one. */
  readonly replaceWith: readonly string[];
  readonly ignoreChanges: readonly string[];
  readonly retainOnDelete: boolean;
  readonly deleteBeforeReplace: boolean;
  readonly protect: boolean;
  /** Names of the hooks that it carries, by event, such as `afterCreate`. */
  readonly hooks: Readonly<Record<string, readonly string[]>>;
  /** The inputs, and options as `options.protect`, that a transform of the program changed; left out where none did. */
  readonly transformed?: readonly string[];
}
