import type { FoundEngine } from "../../../../components/container-engine/find.ts";
import { consent, SetupError, type Install } from "./consent.ts";
import type { Report } from "./command.ts";
import { which } from "./command.ts";
import { answers, configureEngine, startEngine } from "./daemon.ts";
import { canInstallPackages, installPackages } from "./debian.ts";

export interface EnsureEngineOptions {
  /** The engine that is asked for. */
  readonly engine: FoundEngine;
  /** Whether a container engine answers now. */
  readonly probe: () => Promise<boolean>;
  /** Why one on another machine did not answer, with the way out. */
  readonly why?: () => string | undefined;
  /** @default "ask" */
  readonly install?: Install;
  readonly report: Report;
}

/** What has an installed Podman answer to who runs this: its package leaves the socket of its API closed. */
export const openPodman = `systemctl ${process.getuid?.() === 0 ? "" : "--user "}enable --now podman.socket`;

/** The steps for a person whose machine set-up cannot change, for a platform as Node names it. @param installed what is, if anything */
export function engineSteps(platform: NodeJS.Platform, installed?: "docker" | "podman"): string {
  if (platform === "darwin")
    return "Start Docker Desktop, OrbStack or colima (`brew install colima docker && colima start`), then run this again.";
  if (platform !== "linux") return "Run this inside WSL 2 or another Linux machine, where a container engine can be started.";
  if (installed === "podman") return `Podman is installed here and does not answer to this user: ${openPodman}`;
  if (installed === "docker") {
    return [
      "A container engine is installed here but does not answer to this user. As root:",
      "  systemctl enable --now docker",
      '  usermod -aG docker "$USER"     # then log in again; members of this group are as good as root',
      "or start rootless Podman: systemctl --user enable --now podman.socket",
    ].join("\n");
  }
  return [
    "Install a container engine, then run this again:",
    "  Debian, Ubuntu:  sudo apt-get update && sudo apt-get install -y docker.io",
    "  Fedora, RHEL:    sudo dnf install -y podman && systemctl --user enable --now podman.socket",
    "  others:          https://docs.docker.com/engine/install",
    "On Debian or Ubuntu this command does it by itself when it runs as root.",
  ].join("\n");
}

/** Whether an engine is the one that set-up can start here, and not one that somebody named. */
export function isOfThisMachine({ address, source }: FoundEngine): boolean {
  return source === "socket" || source === "default" || /^unix:\/\/(\/var)?\/run\/docker\.sock$/.test(address);
}

/**
 * Makes sure that a container engine answers: starts the one that is installed, or installs Docker from Debian packages.
 *
 * @throws SetupError with the exact steps where it cannot, or may not.
 */
export async function ensureEngine({ engine, probe, why, install = "ask", report }: EnsureEngineOptions): Promise<void> {
  if (await probe()) return;
  if (!isOfThisMachine(engine)) {
    const reason = why?.();
    const rest = reason === undefined ? ". Start it there, or name another one" : `: ${reason}`;
    throw new SetupError(`No container engine answers at ${engine.address} (${engine.source})${rest}.`);
  }
  const installed = which("dockerd") !== undefined;
  const steps = engineSteps(process.platform, installed ? "docker" : which("podman") === undefined ? undefined : "podman");
  const mayStart = process.platform === "linux" && process.getuid?.() === 0;
  if (!mayStart || (!installed && !canInstallPackages())) throw new SetupError(`No container engine answers.\n${steps}`);

  const plan = [
    ...(installed ? [] : ["install the Debian packages docker.io and iptables (about 300 MB)"]),
    "start the Docker engine, with address pools for more than 50 networks where it has no settings yet",
  ];
  await consent(plan, install, steps, report);
  configureEngine(report);
  if (!installed) {
    await installPackages(["docker.io", "iptables"], report);
    // The package starts the engine by itself where there is a service manager.
    if (await answers(probe, 2)) return;
  }
  await startEngine({ probe, report });
  report("The container engine answers.");
}
