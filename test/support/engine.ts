import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import type Docker from "dockerode";
import { connectEngine } from "../../components/container-engine/connect.ts";
import { findEngine } from "../../components/container-engine/find.ts";
import { ensureBaseImage } from "../../stacks/platforms/docker/setup/base-image.ts";
import type { Report } from "../../stacks/platforms/docker/setup/command.ts";
import type { Install } from "../../stacks/platforms/docker/setup/consent.ts";
import { ensureEngine, isOfThisMachine } from "../../stacks/platforms/docker/setup/engine.ts";
import { project, root } from "../../stacks/cli/stack.ts";
import { textConfig } from "../../stacks/configuration.ts";
import { EmbeddedEngine } from "../../stacks/embedded/engine.ts";
import { beginNotes, removeLeftBehind } from "./left-behind.ts";

/** Seconds that anything is waited for before it is said not to come: the machine may be busy with others' work. */
export const patience = 120;

/** Where the runs on this machine note what they deploy. */
const notes = join(tmpdir(), `agent-sessions-tests-${userInfo().uid}`);

/** Once before all tests: an engine and the images where this machine can have them; live tests skip, and say so, elsewhere. */
export async function setup(): Promise<() => void> {
  const report = (line: string) => console.warn(`set-up: ${line}`);
  beginNotes(notes);
  await prepareEngine(report).catch((error: Error) => report(error.message));
  return temporaryFolders();
}

/** What the tests may do to this machine: nothing where somebody named another engine for them. */
export async function mayInstall(): Promise<Install> {
  return isOfThisMachine(await findEngine()) ? "yes" : "no";
}

/** Makes the engine that the tests run on answer, and hold their images. @throws SetupError when it cannot, or may not */
export async function prepareEngine(report: Report): Promise<void> {
  const ping = async () => connectEngine(await findEngine()).ping();
  const probe = () =>
    ping().then(
      () => true,
      () => false,
    );
  const install = await mayInstall();
  await ensureEngine({ engine: await findEngine(), probe, install, report });
  const docker = connectEngine(await findEngine());
  await removeLeftBehind(docker, notes);
  await ensureBaseImage({ docker, install, report });
  await buildImages(docker);
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
    // Of all strategies on an engine the one with the most images.
    "agent-sessions:strategy": "single-node",
    "agent-sessions:image": { agent: "none" },
    "agent-sessions:sessions": [{ id: "set-up", network: { egress: { allow: ["example.com"] } } }],
  };
  await new EmbeddedEngine({ project, stack: "set-up", root, config: textConfig({ config: described }) }, docker).buildImages();
}
