import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { stringify } from "yaml";
import { seccompProfile } from "../../components/seccomp/docker.ts";
import type { Registration } from "../../stacks/recorder/program.ts";

export const root = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");

export type Operation = "create" | "nothing" | "add" | "destroy";

/** What one contender runs for one operation, as a process of its own. */
export interface Contender {
  readonly name: string;
  /** Left out for what the contender has no notion of. */
  command(
    operation: Operation,
    sessions: number,
  ): { readonly argv: readonly string[]; readonly env?: Readonly<Record<string, string>>; readonly cwd?: string } | undefined;
}

/** Small limits, so that a hundred sessions fit; the hardening is the product's own. */
export function describeSessions(count: number): object[] {
  return Array.from({ length: count }, (_, index) => ({ id: `bench-${index}`, limits: { memory: "64 MB", cpu: 0.1, processes: 32 } }));
}

/** The embedded engine, with Node's start, as the command runs it, and without waiting for health. */
export function embedded(folder: string): Contender {
  return {
    name: "embedded",
    command: (operation, sessions) => ({
      argv: [
        process.execPath,
        join(root, "stacks/cli/bootstrap.js"),
        join(root, "test/bench/embedded.ts"),
        operation,
        String(sessions),
        folder,
      ],
      cwd: root,
    }),
  };
}

/** The Engine's own interface from one process, with what the embedded engine sends rendered beforehand: the limit. */
export function raw(folder: string, concurrency: number): Contender {
  return {
    name: `raw, ${concurrency} at once`,
    command: (operation, sessions) =>
      operation === "nothing"
        ? undefined
        : {
            argv: [process.execPath, join(root, "test/bench/raw.ts"), operation, String(sessions), folder, String(concurrency)],
            cwd: root,
          },
  };
}

/** docker compose with the same containers, where it is installed. */
export function compose(folder: string): Contender | undefined {
  const command = [["docker", "compose"], ["docker-compose"]].find(
    ([program = "", ...args]) => spawnSync(program, [...args, "version"], { stdio: "ignore" }).status === 0,
  );
  if (command === undefined) return undefined;
  return {
    name: "docker compose",
    command: (operation, sessions) => {
      const file = join(folder, `compose-${operation === "add" || operation === "destroy" ? sessions + 1 : sessions}.yaml`);
      const act = operation === "destroy" ? ["down", "--volumes"] : ["up", "--detach", "--no-build", "--pull", "never"];
      return {
        argv: [...command, "--project-name", "bench", "--file", file, "--progress", "quiet", ...act],
        env: { COMPOSE_PARALLEL_LIMIT: "8" },
      };
    },
  };
}

/** The Pulumi CLI on a stack of its own with a file backend, where it is installed. */
export function pulumi(folder: string): Contender | undefined {
  if (spawnSync("pulumi", ["version"], { stdio: "ignore" }).status !== 0) return undefined;
  const state = join(folder, "pulumi");
  mkdirSync(state, { recursive: true });
  const env = {
    PULUMI_BACKEND_URL: `file://${state}`,
    PULUMI_CONFIG_PASSPHRASE: "bench",
    PULUMI_SKIP_UPDATE_CHECK: "true",
    PATH: `${process.execPath.replace(/\/[^/]*$/, "")}:${process.env.PATH ?? ""}`,
  };
  // In a folder of its own, as it writes a stack file.
  writeFileSync(join(folder, "Pulumi.yaml"), stringify({ name: "agent-sessions", runtime: "nodejs" }));
  execFileSync("pulumi", ["stack", "init", "bench"], { cwd: folder, env: { ...process.env, ...env }, stdio: "ignore" });
  return {
    name: "pulumi",
    command: (operation, sessions) => {
      const file = join(folder, `Pulumi.${operation === "add" ? sessions + 1 : sessions}.yaml`);
      const act = operation === "destroy" ? "destroy" : "up";
      return {
        argv: [
          "pulumi",
          act,
          "--stack",
          "bench",
          "--config-file",
          file,
          "--yes",
          "--skip-preview",
          "--parallel",
          "64",
          "--suppress-progress",
          "--non-interactive",
        ],
        env,
        cwd: root,
      };
    },
  };
}

/** The stack file that the Pulumi CLI takes. */
export function writePulumiConfig(folder: string, sessions: number): void {
  const config = { "agent-sessions:image": { agent: "none" }, "agent-sessions:sessions": describeSessions(sessions) };
  writeFileSync(join(folder, `Pulumi.${sessions}.yaml`), stringify({ config }));
}

interface ContainerInputs {
  readonly name: string;
  readonly hostname?: string;
  readonly user: string;
  readonly entrypoints: readonly string[];
  readonly envs: readonly string[];
  readonly securityOpts: readonly string[];
  readonly memory: number;
  readonly cpus: string;
  readonly shmSize: number;
  readonly ulimits: readonly { name: string; soft: number; hard: number }[];
  readonly mounts: readonly { source: string; target: string; readOnly: boolean }[];
  readonly tmpfs: Readonly<Record<string, string>>;
  readonly healthcheck: { tests: string[]; interval: string; timeout: string; startPeriod: string; retries: number };
  readonly labels: readonly { label: string; value: string }[];
}

/** The same containers as a compose file. */
export function writeCompose(folder: string, sessions: number, registrations: readonly Registration[], image: string): void {
  const containers = registrations
    .filter(({ type }) => type.endsWith(":Container"))
    .map(({ inputs }) => inputs as unknown as ContainerInputs);
  const profile = join(folder, "seccomp.json");
  writeFileSync(profile, seccompProfile);
  const services = Object.fromEntries(
    containers.map((container) => [
      container.name,
      {
        container_name: container.name,
        image,
        hostname: container.hostname,
        user: container.user,
        entrypoint: container.entrypoints,
        environment: container.envs,
        labels: Object.fromEntries(container.labels.filter(({ value }) => value !== "").map(({ label, value }) => [label, value])),
        read_only: true,
        cap_drop: ["ALL"],
        // Compose takes a file's name where the engine takes its text.
        security_opt: container.securityOpts.map((option) => (option.startsWith("seccomp=") ? `seccomp:${profile}` : option)),
        ipc: "private",
        mem_limit: `${container.memory}m`,
        memswap_limit: `${container.memory}m`,
        cpus: Number(container.cpus),
        shm_size: `${container.shmSize}m`,
        pids_limit: Number(container.labels.find(({ label }) => label === "pids_limit")?.value),
        ulimits: Object.fromEntries(container.ulimits.map(({ name, soft, hard }) => [name, { soft, hard }])),
        volumes: container.mounts.map(({ source, target, readOnly }) => ({ type: "volume", source, target, read_only: readOnly })),
        tmpfs: Object.entries(container.tmpfs).map(([target, options]) => `${target}:${options}`),
        network_mode: "none",
        healthcheck: {
          test: container.healthcheck.tests,
          interval: container.healthcheck.interval,
          timeout: container.healthcheck.timeout,
          start_period: container.healthcheck.startPeriod,
          retries: container.healthcheck.retries,
        },
        restart: "always",
        logging: { driver: "json-file", options: { "max-size": "50m", "max-file": "10" } },
      },
    ]),
  );
  const volumes = Object.fromEntries(containers.flatMap(({ mounts }) => mounts.map(({ source }) => [source, { name: source }])));
  writeFileSync(join(folder, `compose-${sessions}.yaml`), stringify({ services, volumes }));
}
