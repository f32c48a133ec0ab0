import type { EngineClient } from "../../components/container-engine/connect.ts";
import { containerName } from "../../components/session.ts";
import { baseline } from "../../policy/baseline.ts";
import { sentence } from "../settings/sentences.ts";
import { stackPorts } from "../settings/stack-ports.ts";
import { type Settings, SettingsError } from "../settings.ts";
import { isOf } from "./other-stacks.ts";
import type { StackIdentity } from "./strategy.ts";

/**
 * Compares the ports of what serves all sessions with those that other containers of the engine publish, such as the same services
 * of another stack: the engine finds out when it starts them, by which time half of the stack is there. An engine that does not
 * answer has nothing to compare with.
 *
 * @throws SettingsError with what is taken
 */
export async function refuseTakenPorts(docker: EngineClient, settings: Settings, stack: StackIdentity): Promise<void> {
  const wanted = stackPorts(settings);
  if (stack.deployment === undefined || wanted.length === 0) return;
  const containers = await docker.listContainers().catch(() => []);
  // A container of a session's own name is taken over, or its name refused.
  const own = new Set(settings.sessions.map(({ id }) => `/${containerName(id)}`));
  const others = containers.filter(({ Names, Labels }) => !isOf(stack, Labels ?? {}) && !Names.some((name) => own.has(name)));
  const mistakes = wanted.flatMap(({ path, port, address = baseline.publishAddress, wayOut = "write another port" }) => {
    const other = others.find(({ Ports }) =>
      Ports.some(({ PublicPort, Type, IP }) => PublicPort === port && Type === "tcp" && meets(address, IP)),
    );
    const name = other?.Names[0]?.slice(1);
    return other === undefined ? [] : [sentence([...path], port, `is taken by container ${name} of this engine; ${wayOut}`)];
  });
  if (mistakes.length > 0) throw new SettingsError(mistakes);
}

/** Whether a port that is published at one address is one of another too. Podman leaves out the address that stands for all. */
const meets = (address: string, other = "") => address === "0.0.0.0" || [address, "0.0.0.0", ""].includes(other);
