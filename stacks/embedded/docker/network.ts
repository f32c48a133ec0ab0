import type Docker from "dockerode";
import type { Properties } from "../../recorder/program.ts";
import { ignore } from "../../../components/container-engine/answers.ts";
import { labelsOf, refuseUnknown } from "./inputs.ts";

/** Creates a network. @returns its id */
export async function createNetwork(docker: Docker, inputs: Properties, labels: Readonly<Record<string, string>>): Promise<string> {
  refuseUnknown("docker.Network", String(inputs.name), inputs, ["name", "driver", "internal", "attachable", "options", "labels"]);
  const network = await docker.createNetwork({
    Name: String(inputs.name),
    Driver: String(inputs.driver ?? "bridge"),
    Internal: inputs.internal === true,
    Attachable: inputs.attachable === true,
    Options: inputs.options as Record<string, string> | undefined,
    Labels: { ...labelsOf(inputs), ...labels },
    CheckDuplicate: true,
  });
  return network.id;
}

/** Removes a network; containers of ours on it must be gone. One that is gone already is fine. */
export async function removeNetwork(docker: Docker, id: string): Promise<void> {
  await docker.getNetwork(id).remove().catch(ignore(404));
}
