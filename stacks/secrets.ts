import { execFile } from "node:child_process";
import { SecretReference } from "../components/session-part.ts";
import { egressKeyFault, type Judge, judgeOf, keyFault, loginJudge, ofMonitoring, pullSecretFault, textFault } from "./secret-faults.ts";
import type { SecretSource } from "./settings/credentials.ts";
import { gatewaySecrets } from "./settings/gateway.ts";
import { monitoringSecrets } from "./settings/monitoring.ts";
import { NotTaken, readRegular } from "./settings/regular-file.ts";
import { type Settings, SettingsError } from "./settings.ts";

/** Seconds that a command may take to print a secret. */
const commandSeconds = 60;

/**
 * Looks a secret of the stack's encrypted configuration up; undefined where it counts as unknown.
 *
 * @throws Error with what is wrong, to follow the secret's name
 */
export type EncryptedConfig = (name: string) => string | undefined;

/** Where there is no encrypted configuration to read. */
export const noEncryptedConfig: EncryptedConfig = () => {
  throw new Error(
    "is encrypted by the Pulumi CLI, which the embedded engine does without; deploy this stack with the CLI (--engine pulumi), or name an env, a file or a command",
  );
};

/** For a plan that the Pulumi CLI carries out: what only it can read counts as unknown. */
export const unknownHere: EncryptedConfig = () => undefined;

/**
 * The variable by which the command tells the program, which the Pulumi CLI starts, what it targets: ids of sessions with commas
 * between. What is not targeted stays as the state has it, whatever the program says.
 */
export const onlyVariable = "AGENT_SESSIONS_ONLY";

export interface CommandOptions {
  /** With false, what commands would print counts as unknown. @default true */
  readonly commands?: boolean;
  /** With true, a variable that is not set and a file that is not there count as unknown. @default false */
  readonly absent?: boolean;
  /** Told of each command before any runs. @default nobody */
  readonly announce?: (line: string) => void;
  /** The sessions whose secrets are read; those of the others are empty, as for a plan that leaves these out. @default all */
  readonly only?: readonly string[];
}

/** The values of a deployment's secrets. They are read once, so that what is applied is what was planned. */
export class Secrets {
  /** Those that count as unknown: the key of each, and what people call it. */
  readonly unknown = new Set<string>();
  readonly #encrypted: EncryptedConfig;
  readonly #options: CommandOptions;
  readonly #read = new Map<string, Promise<string | undefined>>();
  readonly #values = new Map<string, string>();

  constructor(encrypted: EncryptedConfig, options: CommandOptions = {}) {
    this.#encrypted = encrypted;
    this.#options = options;
  }

  /** Reads all that the sessions need. @throws SettingsError with all that cannot be read, without any value */
  async read(settings: Pick<Settings, "sessions" | "parent" | "monitoring" | "gateway" | "cluster" | "egressKey">): Promise<void> {
    const { sessions, parent, monitoring, gateway, cluster, egressKey } = settings;
    const { only } = this.#options;
    const chosen = sessions.filter(({ id }) => only?.includes(id) ?? true);
    const needed = chosen.flatMap(({ credentials, repositories }) => [
      ...("secret" in credentials && credentials.secret !== undefined ? [{ secret: credentials.secret, judge: judgeOf(credentials) }] : []),
      ...repositories.flatMap((repository) =>
        repository.kind === "url" && repository.credential !== undefined ? [{ secret: repository.credential.secret, judge: keyFault }] : [],
      ),
    ]);
    if (parent?.login !== undefined) needed.push({ secret: parent.login.secret, judge: loginJudge(parent.login.username) });
    needed.push(...monitoringSecrets(monitoring).map(({ secret, holds }) => ({ secret, judge: ofMonitoring[holds] })));
    needed.push(...gatewaySecrets(gateway));
    if (cluster?.pullSecret !== undefined) needed.push({ secret: cluster.pullSecret, judge: pullSecretFault });
    if (egressKey !== undefined) needed.push({ secret: egressKey, judge: egressKeyFault });
    const read = needed.filter(({ secret }) => secret.from !== "cluster");
    const commands = read.flatMap(({ secret }) => (secret.from === "command" && !this.#read.has(identity(secret)) ? [secret] : []));
    if (this.#options.commands !== false)
      for (const line of new Set(commands.map((secret) => `${secret.key}: running ${nameOf(secret)}`))) this.#options.announce?.(line);
    const mistakes = await Promise.all(read.map(({ secret, judge }) => this.#readOne(secret, judge)));
    const all = mistakes.filter((mistake) => mistake !== undefined);
    if (all.length > 0) throw new SettingsError([...new Set(all)]);
  }

  /** A secret that was read, by the place where it is kept. */
  reference(source: SecretSource): SecretReference {
    const kept = source.from === "cluster" ? { name: source.name, key: source.value } : undefined;
    return new SecretReference(nameOf(source), () => this.valueOf(source), kept);
  }

  protected valueOf(source: SecretSource): string {
    const value = this.#values.get(identity(source));
    if (value === undefined && this.#options.only === undefined) throw new Error(`${source.key} has not been read`);
    return value ?? "";
  }

  async #readOne(secret: SecretSource, judge: Judge): Promise<string | undefined> {
    const id = identity(secret);
    const reading = this.#read.get(id) ?? this.#fetch(secret);
    this.#read.set(id, reading);
    try {
      const value = (await reading)?.replace(/\r?\n$/, "");
      const fault = value === undefined ? undefined : (textFault(value) ?? judge(value));
      if (fault !== undefined) throw new Error(fault);
      if (value === undefined) this.unknown.add(`${secret.key}: ${nameOf(secret)}`);
      this.#values.set(id, value ?? "");
      return undefined;
    } catch (error) {
      return `${secret.key}: ${nameOf(secret)} ${(error as Error).message}.`;
    }
  }

  async #fetch(source: SecretSource): Promise<string | undefined> {
    switch (source.from) {
      case "env": {
        const value = process.env[source.name];
        if (value === undefined && !this.#options.absent) throw new Error("is not set where this runs; export it");
        return value;
      }
      case "file":
        return this.#fromFile(source.path);
      case "command":
        return this.#options.commands === false ? undefined : run(source.words);
      case "config":
        return this.#encrypted(source.name);
      case "cluster":
        throw new Error("is the cluster's, and read by nobody here");
    }
  }

  #fromFile(path: string): string | undefined {
    try {
      return readRegular(path, longestFile);
    } catch (error) {
      if (error instanceof NotTaken) throw error;
      const { code } = error as NodeJS.ErrnoException;
      if (code === "ENOENT" && this.#options.absent) return undefined;
      throw new Error(code === "ENOENT" ? "is not there; name the file that holds the secret" : `cannot be read (${code})`);
    }
  }
}

/** A secret has 64 KB at most, and its file a line break. */
const longestFile = 64 * 1024 + 2;

/** Secrets that are not read, for a plan that is only judged: it needs none of the values. */
export class UnreadSecrets extends Secrets {
  constructor() {
    super(unknownHere);
  }

  override async read(): Promise<void> {}

  protected override valueOf(): string {
    return "";
  }
}

/** Sources that are read as one. */
function identity({ key: _, ...source }: SecretSource): string {
  return JSON.stringify(source);
}

/** What people call a secret: where it is kept. Of a command only the program, as an argument may be secret itself. */
export function nameOf(source: SecretSource): string {
  switch (source.from) {
    case "file":
      return `file ${source.path}`;
    case "command":
      return `command ${source.words[0]}`;
    case "cluster":
      return `${source.value} of the cluster's ${source.name}`;
    default:
      return `${source.from} ${source.name}`;
  }
}

/** What a program prints. What it says beside that may hold the secret, so it is not told. */
function run([program, ...args]: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile(
      program as string,
      args,
      { encoding: "utf8", timeout: commandSeconds * 1000, maxBuffer: 64 * 1024 },
      (error, output) => {
        if (error === null) return resolve(output);
        const how =
          error.code === "ENOENT"
            ? "is not in PATH"
            : error.code === "ERR_CHILD_PROCESS_STDIO_MAXBUFFER"
              ? "printed more than 64 KB"
              : error.killed
                ? `took longer than ${commandSeconds} s`
                : `ended with ${error.code}`;
        reject(new Error(`${how}; run it by hand to see why`));
      },
    );
    child.stdin?.end();
  });
}
