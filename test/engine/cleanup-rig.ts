import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import type Docker from "dockerode";
import { labelNames, sessionLabels } from "../../components/container-engine/object-labels.ts";
import { containerName, volumeName } from "../../components/session.ts";
import { cleaned } from "../../stacks/cli/cleanup.ts";
import { identify } from "../../stacks/identity.ts";
import type { CleanupPlan, CleanupRequest, Removed } from "../../stacks/platforms/cleanup.ts";
import { markLabels, marks } from "../../stacks/platforms/docker/cleanup/marks.ts";
import { DockerStack } from "../../stacks/platforms/docker/live-stack.ts";
import { sessionImage } from "../../stacks/runtime/docker/workspace.ts";
import type { CleanupPolicy } from "../../stacks/settings.ts";
import { Rig } from "./rig.ts";

export const day = 86_400_000;

/** A policy, all of which but its trigger has an ordinary value. */
export const policy = (name: string, more: Partial<CleanupPolicy> & Pick<CleanupPolicy, "trigger">): CleanupPolicy => ({
  name,
  volumes: ["workspace", "session", "logs"],
  containers: false,
  ...more,
});

/** A stack that is cleaned up, with volumes of sessions that are gone. */
export class CleanupRig extends Rig {
  readonly #prefix: string;

  /** @param prefix with which the names of its sessions and strangers begin */
  constructor(docker: Docker, stack: string, prefix: string, root?: string) {
    super(docker, stack, root);
    this.#prefix = prefix;
  }

  get #identity() {
    return identify("agent-sessions", this.stack, this.root);
  }

  get live(): DockerStack {
    return new DockerStack(this.docker, { project: "agent-sessions", stack: this.stack, root: this.root, config: {} });
  }

  /** The labels that the embedded engine gives a volume of a session. */
  labels(session: string, kind: string): Record<string, string> {
    const { deployment } = this.#identity;
    const owner = { project: "agent-sessions", stack: this.stack, sessionId: session };
    return {
      ...sessionLabels(owner),
      kind,
      [labelNames.deployment]: deployment,
      [labelNames.resource]: "urn:x",
      [labelNames.retain]: "true",
    };
  }

  /** Makes the volume of a session that is gone. @returns its name */
  async left(session: string, kind: string, more: Docker.VolumeCreateOptions = {}): Promise<string> {
    const name = volumeName(containerName(session), kind);
    await this.docker.createVolume({ Name: name, Labels: this.labels(session, kind), ...more });
    return name;
  }

  /** A session's container that runs, with volumes of it mounted. */
  async running(session: string, kinds: readonly string[]): Promise<Docker.Container> {
    const { kind: _, ...labels } = this.labels(session, "");
    const stem = containerName(session);
    const container = await this.docker.createContainer({
      name: stem,
      Image: await sessionImage(this.docker),
      Entrypoint: ["sleep", "infinity"],
      Cmd: [],
      Labels: labels,
      Healthcheck: { Test: ["NONE"] },
      HostConfig: {
        NetworkMode: "none",
        Init: true,
        Mounts: kinds.map((kind) => ({ Type: "volume", Source: volumeName(stem, kind), Target: `/${kind}` })),
      },
    });
    await container.start();
    return container;
  }

  /** The container by which a run that was killed has read a volume. */
  async reader(): Promise<{ readonly labels: Readonly<Record<string, string>> }> {
    const labels = markLabels(this.#identity, marks.reader, { serves: "gone" });
    await this.docker.createContainer({ Image: await sessionImage(this.docker), Entrypoint: ["false"], Labels: labels });
    return { labels };
  }

  /** What is left for who watches. */
  async lastRun(): Promise<Readonly<Record<string, string>> | undefined> {
    const volume = await this.docker
      .getVolume(`agent-sessions-${this.stack}-cleanup`)
      .inspect()
      .catch(() => undefined);
    return volume?.Labels;
  }

  /** Runs a shell line as root with a volume at /data. @returns what it prints */
  async inVolume(volume: string, line: string): Promise<string> {
    const container = await this.docker.createContainer({
      Image: await sessionImage(this.docker),
      User: "0",
      Entrypoint: ["bash", "-c", line],
      Cmd: [],
      Tty: true,
      HostConfig: { NetworkMode: "none", Mounts: [{ Type: "volume", Source: volume, Target: "/data" }] },
    });
    try {
      await container.start();
      await container.wait();
      return (await container.logs({ stdout: true })).toString("utf8").trim();
    } finally {
      await container.remove({ force: true, v: false });
    }
  }

  /** Puts an archive back into a volume as the page of clean-up says. */
  async restore(volume: string, path: string): Promise<void> {
    const image = await sessionImage(this.docker);
    const mount = ["--mount", `type=volume,src=${volume},dst=/volume`];
    const words = ["run", "--rm", "--interactive", "--network", "none", "--user", "0", ...mount, "--entrypoint", "tar", image];
    const unpack = path.endsWith(".gz") ? "-xz" : "-x";
    execFileSync("docker", [...words, unpack, "--numeric-owner", "-C", "/volume"], { input: readFileSync(path) });
  }

  request(policies: readonly CleanupPolicy[], more: Partial<CleanupRequest> = {}): CleanupRequest {
    return { policies, asked: [], described: [], now: new Date(), ...more };
  }

  async planOf(policies: readonly CleanupPolicy[], more: Partial<CleanupRequest> = {}): Promise<CleanupPlan> {
    return (await this.live.cleaner()).plan(this.request(policies, more));
  }

  /** @param say told of what takes long */
  async clean(policies: readonly CleanupPolicy[], more: Partial<CleanupRequest> = {}, say = (_: string) => {}): Promise<Removed> {
    return cleaned(await this.live.cleaner(), this.request(policies, more), new AbortController().signal, say);
  }

  /** Every object of the engine, by kind and name, that is called as this rig's are; other tests have theirs there. */
  async everything(): Promise<string[]> {
    const [containers, networks, { Volumes }] = await Promise.all([
      this.docker.listContainers({ all: true }),
      this.docker.listNetworks(),
      this.docker.listVolumes(),
    ]);
    return [
      ...containers.map(({ Names: [name = ""], State }) => `container ${name.slice(1)} ${State}`),
      ...networks.map(({ Name }) => `network ${Name}`),
      ...(Volumes ?? []).map(({ Name }) => `volume ${Name}`),
    ]
      .filter(
        (line) => line.includes(` ${this.#prefix}`) || line.includes(` claude-agent-${this.#prefix}`) || line.includes(`-${this.stack}-`),
      )
      .sort();
  }
}

/** Names of what went, or stayed. */
export const names = (items: readonly { readonly name: string }[]): string[] => items.map(({ name }) => name).sort();
