import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type Docker from "dockerode";
import { chooseBase } from "../../components/container-engine/base-image.ts";
import { findEngine } from "../../components/container-engine/find.ts";
import { plainOutput } from "../../components/container-engine/output.ts";
import { buildContext } from "../../components/hardened-image/context.ts";
import { toDockerImage } from "../../components/hardened-image/docker.ts";
import { archiveOf } from "../../stacks/embedded/docker/archive.ts";
import { buildImage } from "../../stacks/embedded/docker/image.ts";
import { parse } from "../../stacks/settings.ts";

/** Runs `promtool` or `amtool` on files, which it finds in its working folder by their names. */
export type PrometheusTool = (
  program: "promtool" | "amtool",
  args: readonly string[],
  files: Readonly<Record<string, string>>,
) => Promise<{ readonly code: number; readonly output: string }>;

/** Of this machine where it has both, else of the image that is made from Debian's packages. @param docker undefined where no engine answers */
export async function prometheusTools(docker: Docker | undefined): Promise<PrometheusTool | undefined> {
  if (["promtool", "amtool"].every((program) => spawnSync(program, ["--version"]).status === 0)) return here;
  if (docker === undefined) return undefined;
  const image = await monitoringImage(docker);
  return (program, args, files) => inContainer(docker, image, [program, ...args], files);
}

/** The image with Prometheus, Alertmanager and their tools. @returns its name */
export async function monitoringImage(docker: Docker): Promise<string> {
  const { image } = parse({ sessions: [] });
  const base = image.base ?? (await chooseBase(await findEngine()));
  const { caBundle } = image;
  const inputs = toDockerImage(
    { source: "monitoring", base, ...(caBundle !== undefined && { caBundle }) },
    buildContext("images/monitoring", caBundle),
  );
  const there = await docker
    .getImage(inputs.imageName)
    .inspect()
    .then(
      () => true,
      () => false,
    );
  if (!there) await buildImage(docker, inputs, () => {});
  return inputs.imageName;
}

const here: PrometheusTool = async (program, args, files) => {
  const folder = mkdtempSync(join(tmpdir(), "prometheus-"));
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  const { status, stdout, stderr } = spawnSync(program, args, { cwd: folder, encoding: "utf8" });
  rmSync(folder, { recursive: true });
  return { code: status ?? -1, output: stdout + stderr };
};

async function inContainer(docker: Docker, image: string, command: string[], files: Readonly<Record<string, string>>) {
  const container = await docker.createContainer({
    Image: image,
    Entrypoint: command,
    WorkingDir: "/files",
    HostConfig: { NetworkMode: "none" },
  });
  try {
    const uploads = Object.entries(files).map(([name, content]) => ({ file: `/files/${name}`, content }));
    await container.putArchive(archiveOf(uploads), { path: "/" });
    await container.start();
    const { StatusCode: code } = (await container.wait()) as { StatusCode: number };
    return { code, output: plainOutput(await container.logs({ stdout: true, stderr: true })) };
  } finally {
    await container.remove({ force: true });
  }
}
