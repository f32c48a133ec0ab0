import { askHealth } from "../../stacks/runtime/docker/health.ts";
import type { SessionState } from "../../stacks/runtime/session-state.ts";
import { table } from "../../stacks/cli/table.ts";
import { type Rig, until } from "../engine/rig.ts";

/** How long faults took to be seen and to be over, for the table at the end. */
export class Measured {
  readonly #rig: () => Rig;
  readonly #rows: string[][] = [];

  constructor(rig: () => Rig) {
    this.#rig = rig;
  }

  /**
   * Brings a fault about and waits until it is seen and until it is over.
   *
   * @param strike brings it about
   * @param seen whether what `sessions list` says now tells of it; nothing where nobody is to notice
   * @param calm whether it has ended by itself, where a healthy session does not tell
   * @param over what ends it, where it does not end by itself; then the sessions are healthy
   */
  async fault(
    what: string,
    {
      sessions,
      strike,
      seen,
      calm = async () => true,
      over,
    }: {
      readonly sessions: readonly string[];
      strike(): Promise<unknown>;
      readonly seen?: () => Promise<boolean>;
      readonly calm?: () => Promise<boolean>;
      over?(): Promise<unknown>;
    },
  ): Promise<void> {
    const begun = Date.now();
    await strike();
    if (seen !== undefined) await until(seen, 120, `${what}: that anybody sees it`);
    const detected = Date.now();
    await over?.();
    const mended = Date.now();
    await until(calm, 120, `${what}: its end`);
    for (const id of sessions) await until(async () => (await this.state(id)).state === "healthy", 180, `${what}: the return of ${id}`);
    const from = over === undefined ? begun : mended;
    this.#rows.push([
      what,
      seen === undefined ? "not to be noticed" : `${detected - begun} ms`,
      `${Date.now() - from} ms${over === undefined ? "" : " after it was mended"}`,
    ]);
  }

  /** What a session is, as `sessions list` says it. */
  state(id: string): Promise<SessionState> {
    return askHealth(this.#rig().docker, id, `claude-agent-${id}`);
  }

  print(): void {
    console.log(table(["fault", "seen after", "healthy again after"], this.#rows));
  }
}
