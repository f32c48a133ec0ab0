import { chooseBase } from "../../components/container-engine/base-image.ts";
import { findEngine } from "../../components/container-engine/find.ts";
import type { StackSource } from "../configuration.ts";
import type { SessionRuntime } from "../runtime/runtime.ts";
import type { Settings } from "../settings.ts";
import type { Consent, Finding, LiveStack, Platform, Say } from "./platform.ts";

/** A platform of others' that answers by its API. Its client's library is loaded when something is asked of it. */
export abstract class RemotePlatform<Client> implements Platform {
  protected readonly source: StackSource;

  constructor(source: StackSource) {
    this.source = source;
  }

  abstract prepare(settings: Settings, consent: Consent, say: Say): Promise<LiveStack>;
  abstract runtime(): Promise<SessionRuntime>;

  /** What people call it. */
  protected abstract readonly called: string;
  /** @throws Error when it does not answer, or not to this user */
  protected abstract answering(): Promise<Client>;
  protected abstract stackOn(client: Client): Promise<LiveStack>;
  protected abstract findingsOn(client: Client): Promise<readonly Finding[]>;

  async open(): Promise<LiveStack> {
    return this.stackOn(await this.answering());
  }

  async reach(): Promise<LiveStack | undefined> {
    return this.answering().then(
      (client) => this.stackOn(client),
      () => undefined,
    );
  }

  /** Images are built by an engine of this machine's and pushed, so it is that engine's. */
  async baseImage(): Promise<string> {
    return chooseBase(await findEngine({}));
  }

  async examine(): Promise<readonly Finding[]> {
    try {
      return await this.findingsOn(await this.answering());
    } catch (error) {
      const { message } = error as Error;
      return [{ subject: this.called, found: message, verdict: "missing", means: "no session can be started or asked" }];
    }
  }
}
