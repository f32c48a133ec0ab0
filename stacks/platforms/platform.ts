import type { Outcome, Reviewed, Step } from "../recorder/plan.ts";
import type { CommandPlace, SessionRuntime } from "../runtime/runtime.ts";
import type { Secrets } from "../secrets.ts";
import type { Settings } from "../settings.ts";
import type { Cleaner } from "./cleanup.ts";

/** What rolls a stack out: the Pulumi CLI, or the engine built in. */
export type EngineName = "pulumi" | "embedded";

/** Told a line that a person is to know. */
export type Say = (line: string) => void;

/** What commands ask of the platform that a stack's sessions are on. Making one asks nothing. */
export interface Platform {
  /**
   * Makes this machine able to reach the platform and to roll the stack out on it.
   *
   * @throws Error with the steps for a person, where it cannot or may not
   */
  prepare(settings: Settings, consent: Consent, say: Say): Promise<LiveStack>;
  /** What commands ask of the stack's sessions, for those that ask nothing else. @throws Error as `open` does */
  runtime(): Promise<SessionRuntime>;
  /** @throws Error when the platform does not answer, naming where it was looked for */
  open(): Promise<LiveStack>;
  /** Nothing when the platform does not answer. */
  reach(): Promise<LiveStack | undefined>;
  /** What images are built upon there where the settings name nothing. @throws Error as `open` does */
  baseImage(): Promise<string>;
  /** What the platform can and cannot hold to; where it does not answer, a finding that says so. @param seconds for counting what volumes hold */
  examine(settings: Settings, seconds: number): Promise<readonly Finding[]>;
}

/** What a command may do to this machine. */
export interface Consent {
  /** False after `--no-install`. */
  readonly install: boolean;
  /** True after `--yes`. */
  readonly yes?: boolean;
}

/** One thing that a platform can or cannot hold to. */
export interface Finding {
  readonly subject: string;
  readonly found: string;
  /** `ok`, `note` where a promise is weaker here, `missing` where sessions cannot run. */
  readonly verdict: "ok" | "note" | "missing";
  readonly means: string;
}

/** What is there of a stack, whichever engine made it; never anything of another checkout's stack of that name. */
export interface LiveStack {
  readonly runtime: SessionRuntime;
  /** Which engine made what is there, kept data aside; nothing where nothing is. */
  owner(): Promise<EngineName | undefined>;
  /** The sessions of which something is there, if only data. */
  sessions(): Promise<readonly string[]>;
  /** Another text as soon as something was made, made anew or removed. */
  fingerprint(): Promise<string>;
  /** The volumes with data, sorted. @param ids of these sessions; of the whole stack, its services' too, when left out */
  data(ids?: readonly string[]): Promise<readonly string[]>;
  /** Removes one of these for good. */
  removeData(volume: string): Promise<void>;
  /** The workspaces that are kept, also those of sessions that are gone. @param ids of all when left out */
  workspaces(ids?: readonly string[]): Promise<readonly Workspace[]>;
  /** Builds the images that are missing, or all of them; left out where only a roll-out can. */
  buildImages?(options: { readonly force: boolean; readonly line: Say }): Promise<readonly BuiltImage[]>;
  /** Does what the Pulumi CLI's rollout leaves to be done; left out where it leaves nothing. @param only these sessions; all when left out */
  rolledOut?(only?: readonly string[]): Promise<void>;
  /** What cleans the stack up; left out where nothing can. */
  cleaner?(): Promise<Cleaner>;
  /** What rolls the stack out without the Pulumi CLI; left out where only the CLI can, as the strategy then says. */
  engine?(secrets?: Secrets): Promise<BuiltInEngine>;
}

/** A workspace that is kept. */
export interface Workspace {
  readonly session: string;
  /** Works on it where there is no network and no more rights than the session's. @throws Error when that cannot be */
  inside<T>(work: (place: CommandPlace) => Promise<T>): Promise<T>;
}

/** An image of a stack. */
export interface BuiltImage {
  readonly name: string;
  readonly id: string;
  /** Bytes. */
  readonly size: number;
  /** False when it was there already. */
  readonly built: boolean;
}

/** Rolls a stack out without the Pulumi CLI. */
export interface BuiltInEngine {
  /**
   * Compares what the settings describe with what is there, and judges it. Nothing is changed.
   *
   * @throws SettingsError when a secret cannot be read
   */
  plan(options?: { readonly adopt?: boolean; readonly only?: readonly string[] }): Promise<Proposal>;
  /** Removes sessions, those named or all; their data only when asked to. @param removed told of each object */
  remove(
    ids: readonly string[] | undefined,
    deleteData: boolean,
    removed: (type: string, name: string) => void,
  ): Promise<readonly string[]>;
}

/** A plan that can be carried out. */
export interface Proposal extends Reviewed {
  /** Why the platform has no room for it; nothing when it has. */
  shortage(): Promise<string | undefined>;
  /** Carries it out. A step that fails is an outcome, never an error. @returns what became of each step */
  apply(options: ApplyOptions): Promise<readonly Outcome[]>;
}

export interface ApplyOptions {
  /** Requests at once. */
  readonly parallel: number;
  /** Told of each step when it begins and when it ends. */
  readonly progress: { begin(step: Step): void; end(outcome: Outcome): void };
}
