import { SwarmRuntime } from "../../stacks/runtime/swarm.ts";
import { beginning } from "../../stacks/streams.ts";
import { Rig } from "../engine/rig.ts";

/** A checkout whose sessions are services of a swarm. */
export class SwarmRig extends Rig {
  override get runtime(): SwarmRuntime {
    return new SwarmRuntime(this.docker, { project: "agent-sessions", stack: this.stack, root: this.root });
  }

  override async shell(session: string, line: string): Promise<{ code: number; output: string }> {
    const [output, errors] = [beginning(65_536), beginning(65_536)];
    const started = await this.runtime.session(session).start(["bash", "-c", `exec 2>&1; ${line}`]);
    await started.carry(output, errors);
    return { code: (await started.exitCode()) ?? -1, output: output.text().trim() };
  }
}
