import type Docker from "dockerode";
import type { Properties } from "../program.ts";
import { ignore } from "./answers.ts";
import { labelsOf, refuseUnknown } from "./inputs.ts";

/** Creates a volume. @returns its name */
export async function createVolume(docker: Docker, inputs: Properties, labels: Readonly<Record<string, string>>): Promise<string> {
  refuseUnknown("docker.Volume", String(inputs.name), inputs, ["name", "driver", "driverOpts", "labels"]);
  const name = String(inputs.name);
  await docker.createVolume({
    Name: name,
    Driver: String(inputs.driver ?? "local"),
    DriverOpts: inputs.driverOpts as Record<string, string> | undefined,
    Labels: { ...labelsOf(inputs), ...labels },
  });
  return name;
}

/** Removes a volume and its data. One that is gone already is fine. */
export async function removeVolume(docker: Docker, name: string): Promise<void> {
  await docker.getVolume(name).remove().catch(ignore(404));
}
