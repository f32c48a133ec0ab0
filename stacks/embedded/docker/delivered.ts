import type Docker from "dockerode";
import { ignore } from "../../../components/container-engine/answers.ts";
import type { Properties } from "../../recorder/program.ts";
import { labelsOf, refuseUnknown } from "./inputs.ts";

/** Secrets and files of configurations that Swarm keeps for services. */

/** Creates a secret. @returns its id */
export async function createSecret(docker: Docker, inputs: Properties, labels: Readonly<Record<string, string>>): Promise<string> {
  refuseUnknown("docker.Secret", String(inputs.name), inputs, ["name", "data", "labels"]);
  const { id } = (await docker.createSecret(toSpec(inputs, labels))) as { id: string };
  return id;
}

/** Creates a file of a configuration. @returns its id */
export async function createConfig(docker: Docker, inputs: Properties, labels: Readonly<Record<string, string>>): Promise<string> {
  refuseUnknown("docker.ServiceConfig", String(inputs.name), inputs, ["name", "data", "labels"]);
  const { id } = (await docker.createConfig(toSpec(inputs, labels))) as { id: string };
  return id;
}

const toSpec = (inputs: Properties, labels: Readonly<Record<string, string>>) => ({
  Name: String(inputs.name),
  Data: String(inputs.data),
  Labels: { ...labelsOf(inputs), ...labels },
});

/** Removes a secret; no service may have it. One that is gone already is fine. */
export async function removeSecret(docker: Docker, id: string): Promise<void> {
  await docker.getSecret(id).remove().catch(ignore(404));
}

/** Removes a file of a configuration; no service may have it. One that is gone already is fine. */
export async function removeConfig(docker: Docker, id: string): Promise<void> {
  await docker.getConfig(id).remove().catch(ignore(404));
}
