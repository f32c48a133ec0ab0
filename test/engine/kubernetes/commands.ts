import { Checkout, type Result } from "../../cli/checkout.ts";
import type { Cluster } from "./cluster.ts";

/** The command `sessions`, as somebody runs it whose stack file describes what a stack of tests has on the cluster. */
export class Commands {
  readonly #cluster: Cluster;
  readonly #checkout = new Checkout();

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  /** Writes the stack file. */
  describe({ kubernetes, sessions }: { readonly kubernetes: object; readonly sessions: readonly object[] }): void {
    const { stack, context, kubeconfig } = this.#cluster;
    const more = { strategy: "kubernetes", image: { agent: "none" }, kubernetes: { ...kubernetes, context, kubeconfig } };
    this.#checkout.write(stack, sessions, more);
  }

  run(command: string, ...args: readonly string[]): Promise<Result> {
    return this.#checkout.run([command, "--stack", this.#cluster.stack, ...args]);
  }

  /** Enters a session's terminal, and types these keys once it shows the prompt of a shell. */
  attach(session: string, keys: string): Promise<Result> {
    return this.#checkout.runOnTerminal(["attach", session, "--stack", this.#cluster.stack], /\$ /, keys);
  }

  /** What a command prints as JSON. @throws Error with what it complains of when it prints none */
  async told<Answer>(command: string, ...args: readonly string[]): Promise<Answer> {
    const { stdout, stderr } = await this.run(command, ...args, "--json");
    if (stdout === "") throw new Error(stderr);
    return JSON.parse(stdout) as Answer;
  }

  list(): Promise<readonly { readonly session: string; readonly state: string; readonly why?: string }[]> {
    return this.told("list");
  }

  dispose(): void {
    this.#checkout.dispose();
  }
}
