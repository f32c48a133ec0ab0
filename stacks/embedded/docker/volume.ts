import type Docker from "dockerode";
import { foreignVolume } from "../../../components/container-engine/hooks.ts";
import type { Properties } from "../../recorder/program.ts";
import { ignore } from "../../../components/container-engine/answers.ts";
import { labelsOf, refuseUnknown } from "./inputs.ts";

/**
 * Creates a volume.
 *
 * @returns its name
 * @throws Error when somebody else has taken the name since the plan was made: the engine answers with success and keeps that volume
 */
export async function createVolume(docker: Docker, inputs: Properties, labels: Readonly<Record<string, string>>): Promise<string> {
  refuseUnknown("docker.Volume", String(inputs.name), inputs, ["name", "driver", "driverOpts", "labels"]);
  const name = String(inputs.name);
  const all = { ...labelsOf(inputs), ...labels };
  const volume = await docker.createVolume({
    Name: name,
    Driver: String(inputs.driver ?? "local"),
    DriverOpts: inputs.driverOpts as Record<string, string> | undefined,
    Labels: all,
  });
  const made = await volume.inspect();
  const foreign = foreignVolume(inputs.driverOpts === undefined ? made : { ...made, Options: {} }, all);
  if (foreign !== undefined) throw new Error(`volume ${name} is already there and ${foreign}`);
  return name;
}

/** Removes a volume and its data. One that is gone already is fine. */
export async function removeVolume(docker: Docker, name: string): Promise<void> {
  await docker.getVolume(name).remove().catch(ignore(404));
}
