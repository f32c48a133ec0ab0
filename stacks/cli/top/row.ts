import type { SessionState } from "../../runtime/session-state.ts";

/** What a session is and uses at one moment. Sizes are bytes; what is not known, or counted nowhere, is left out. */
export interface Row extends Pick<SessionState, "state" | "why"> {
  readonly session: string;
  /** Cores in use since the reading before. */
  readonly cpu?: number;
  /** 0 for no limit, as with the other limits. */
  readonly cpuLimit: number;
  readonly memory?: number;
  readonly memoryLimit: number;
  /** In the folders that the limit counts. */
  readonly disk?: number;
  readonly diskLimit: number;
  /** Bytes a second since the reading before. */
  readonly received?: number;
  readonly sent?: number;
  /** Requests that its allow list refused; left out where it has none. */
  readonly refused?: number;
  /** Seconds since it was made. */
  readonly age: number;
}
