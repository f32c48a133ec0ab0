import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type Docker from "dockerode";
import { localBase, stockBase } from "../../../../components/hardened-image/args.ts";
import { CommandError, which, type Report } from "./command.ts";
import { consent, SetupError, type Install } from "./consent.ts";
import { canInstallPackages, installPackages } from "./debian.ts";
import { bootstrapArguments, debianArchitecture, debianSources } from "./debian-base.ts";

export interface EnsureBaseImageOptions {
  readonly docker: Docker;
  /** @default "ask" */
  readonly install?: Install;
  readonly report: Report;
  /** Seconds without progress after which a registry counts as unreachable. @default 20 */
  readonly patience?: number;
}

/**
 * Makes sure that there is a base image and returns its name. The one that was made here wins, so that builds stay the
 * same once there is one; then a stock image that is here already; then a registry; then Debian packages.
 *
 * @throws SetupError with the way out where no base can be had.
 */
export async function ensureBaseImage({ docker, install = "ask", report, patience = 20 }: EnsureBaseImageOptions): Promise<string> {
  for (const name of [localBase, stockBase]) if (await exists(docker, name)) return name;
  report(`Pulling the base image ${stockBase} …`);
  const refusal = await pull(docker, stockBase, patience, report);
  if (refusal === undefined) return stockBase;

  report(`No registry gives ${stockBase} (${refusal}); the base image is made from Debian packages.`);
  const otherwise = `Without it, load a base image from elsewhere (docker load) and name it in the settings as agent-sessions:image: { base: NAME }.`;
  if (which("mmdebstrap") === undefined) {
    if (!canInstallPackages()) {
      throw new SetupError(
        `No image registry answers (${refusal}), and this machine cannot make a base image: that takes Debian or Ubuntu, root and the package mmdebstrap. ${otherwise}`,
      );
    }
    await consent(["install the Debian packages mmdebstrap and debian-archive-keyring (about 2 MB)"], install, otherwise, report);
    await installPackages(["mmdebstrap", "debian-archive-keyring"], report);
  }
  await build(docker, report);
  return localBase;
}

async function exists(docker: Docker, name: string): Promise<boolean> {
  try {
    await docker.getImage(name).inspect();
    return true;
  } catch (error) {
    if ((error as { statusCode?: number }).statusCode === 404) return false;
    throw error;
  }
}

/** Pulls an image; returns why it could not, or undefined. A registry that says nothing for `patience` seconds is left. */
export async function pull(
  docker: Pick<Docker, "pull" | "modem">,
  name: string,
  patience: number,
  report: Report,
): Promise<string | undefined> {
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), patience * 1000);
  const silence = new Promise<never>((_, reject) => {
    abort.signal.addEventListener("abort", () => reject(new Error(`no answer for ${patience} seconds`)));
  });
  const transfer = async () => {
    const stream = await docker.pull(name, { abortSignal: abort.signal });
    await new Promise<void>((resolve, reject) => {
      docker.modem.followProgress(
        stream,
        (error) => (error ? reject(error) : resolve()),
        ({ id, status }: { id?: string; status?: string }) => {
          timer.refresh();
          if (id !== undefined && /complete$/.test(status ?? "")) report(`${id}: ${status}`);
        },
      );
    });
  };
  try {
    await Promise.race([transfer(), silence]);
    return undefined;
  } catch (error) {
    return reason(error);
  } finally {
    clearTimeout(timer);
  }
}

/** The last clause of an engine's error, which says what happened; what is before it names addresses. */
function reason(error: unknown): string {
  const { message, json } = error as Error & { json?: { message?: string } };
  return (json?.message ?? message).trim().replace(/\s+/g, " ");
}

/** Streams a fresh Debian into the engine. It gets its name only when it is whole. */
async function build(docker: Docker, report: Report): Promise<void> {
  const architecture = debianArchitecture((await docker.info()).Architecture);
  const command = bootstrapArguments(architecture, await debianSources());
  report(`Making ${localBase} from Debian packages; this takes about a minute …`);
  const child = spawn("mmdebstrap", command, { stdio: ["ignore", "pipe", "pipe"] });
  const tail: string[] = [];
  createInterface({ input: child.stderr }).on("line", (line) => {
    tail.push(line);
    if (tail.length > 8) tail.shift();
    if (/^I: (running apt-get update|downloading|extracting|installing|creating)/.test(line)) report(line.slice(3));
  });
  const ended = new Promise<void>((resolve, reject) => {
    child.on("error", (error) => reject(new CommandError(`mmdebstrap cannot be started: ${error.message}`)));
    child.on("close", (code, signal) =>
      code === 0 ? resolve() : reject(new CommandError(`mmdebstrap ended with ${signal ?? code}:\n${tail.join("\n")}`)),
    );
  });
  try {
    const [imported] = await Promise.all([importImage(docker, child.stdout), ended]);
    const [repo, tag] = localBase.split(":") as [string, string];
    await docker.getImage(imported).tag({ repo, tag });
  } catch (error) {
    child.kill();
    await ended.catch(() => {});
    throw new SetupError(
      `The base image could not be made from Debian packages. ${reasonOf(error, tail)}\nCheck that \`apt-get update\` works on this machine.`,
    );
  }
}

function reasonOf(error: unknown, tail: readonly string[]): string {
  return error instanceof CommandError ? error.message : `${(error as Error).message}\n${tail.join("\n")}`;
}

async function importImage(docker: Docker, archive: NodeJS.ReadableStream): Promise<string> {
  const stream = await docker.importImage(archive, { changes: 'CMD ["/bin/bash"]' });
  const events = await new Promise<{ status?: string }[]>((resolve, reject) => {
    docker.modem.followProgress(stream, (error, output) => (error ? reject(error) : resolve(output)));
  });
  const id = events.map(({ status }) => status).findLast((status) => status?.startsWith("sha256:"));
  if (id === undefined) throw new Error("the engine did not say which image it imported");
  return id;
}
