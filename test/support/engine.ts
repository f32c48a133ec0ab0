import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type Docker from "dockerode";
import { connectEngine } from "../../components/container-engine/connect.ts";
import { findEngine } from "../../components/container-engine/find.ts";
import { ensureBaseImage } from "../../stacks/cli/setup/base-image.ts";
import { ensureEngine } from "../../stacks/cli/setup/engine.ts";
import { project, root } from "../../stacks/cli/stack.ts";
import { textConfig } from "../../stacks/configuration.ts";
import { EmbeddedEngine } from "../../stacks/embedded/engine.ts";

/** Once before all tests: an engine and the images where this machine can have them; live tests skip, and say so, elsewhere. */
export async function setup(): Promise<() => void> {
  const report = (line: string) => console.warn(`set-up: ${line}`);
  const probe = async () =>
    connectEngine(await findEngine())
      .ping()
      .then(
        () => true,
        () => false,
      );
  try {
    await ensureEngine({ probe, install: "yes", report });
    const docker = connectEngine(await findEngine());
    await ensureBaseImage({ docker, install: "yes", report });
    await buildImages(docker);
  } catch (error) {
    report((error as Error).message);
  }
  return temporaryFolders();
}

/**
 * A folder for all temporary folders of the run, since what a file of tests makes for tests that are then skipped is removed by
 * none of them. Its name is short, for the sockets in it.
 *
 * @returns what removes it
 */
function temporaryFolders(): () => void {
  const folder = mkdtempSync(join(tmpdir(), "as-"));
  process.env.TMPDIR = folder;
  return () => rmSync(folder, { recursive: true, force: true });
}

/** What the tests' sessions run in. Two files that built one image at once would get two, and each would change the other's sessions. */
async function buildImages(docker: Docker): Promise<void> {
  const described = {
    "agent-sessions:image": { agent: "none" },
    "agent-sessions:sessions": [{ id: "set-up", network: { egress: { allow: ["example.com"] } } }],
  };
  await new EmbeddedEngine({ project, stack: "set-up", root, config: textConfig({ config: described }) }, docker).buildImages();
}
