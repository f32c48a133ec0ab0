import type { V1Container, V1PodSpec } from "@kubernetes/client-node";
import { beforeAll, expect, test } from "vitest";
import { isPromised, platformControls } from "../../stacks/controls.ts";
import { type ControlName, controls } from "../../stacks/controls/list.ts";
import { noEncryptedConfig, Secrets } from "../../stacks/secrets.ts";
import { parse } from "../../stacks/settings.ts";
import { docker } from "../../stacks/strategies/docker.ts";
import { deploySessions } from "../../stacks/strategies/sessions.ts";
import { clusterObjects } from "../support/cluster-manifests.ts";
import { record } from "../support/record.ts";

/** The same settings on Docker and on Kubernetes: the same protections, or the reason why not. */

const session = { id: "a", network: { egress: { allow: ["api.anthropic.com"] } }, reservations: { memory: "1 GB", cpu: 1 } };

interface DockerContainer {
  readonly [key: string]: unknown;
  readonly user: string;
  readonly memory: number;
  readonly memorySwap: number;
  readonly cpus: string;
  readonly shmSize: number;
  readonly memoryReservation: number;
  readonly cpuShares: number;
  readonly tmpfs: Readonly<Record<string, string>>;
  readonly securityOpts: readonly string[];
  readonly capabilities: { readonly drops: readonly string[]; readonly adds?: readonly string[] };
  readonly networksAdvanced: readonly object[];
  readonly dns: readonly string[];
  readonly ulimits: readonly { readonly name: string; readonly hard: number }[];
  readonly labels: readonly { readonly label: string; readonly value: string }[];
}

let onDocker: DockerContainer;
let pod: V1PodSpec;
let inPod: V1Container;
const memoryAt = (path: string) => {
  const name = inPod.volumeMounts?.find(({ mountPath }) => mountPath === path)?.name;
  return pod.volumes?.find((volume) => volume.name === name)?.emptyDir;
};

beforeAll(async () => {
  const settings = parse({ strategy: "local", sessions: [session] }, { environment: {} });
  const options = {
    stack: { project: "agent-sessions", stack: "test" },
    secrets: new Secrets(noEncryptedConfig),
    base: "base",
    debug: false,
    opts: {},
  };
  const { of } = await record(() => deploySessions(settings, docker, options));
  onDocker = of("Container").find(({ inputs }) => inputs.name === "claude-agent-a")?.inputs as unknown as DockerContainer;
  const objects = await clusterObjects({ sessions: [session] });
  const set = objects.find(({ type }) => type.endsWith(":StatefulSet"));
  const spec = set?.props.spec as { template: { spec: V1PodSpec } } | undefined;
  if (spec === undefined) throw new Error("no StatefulSet is made");
  pod = spec.template.spec;
  inPod = pod.containers[0] as V1Container;
});

const [Mi, Gi] = [1024 ** 2, 1024 ** 3];
const bytes = (written = "") => Number.parseFloat(written) * (written.endsWith("Gi") ? Gi : Mi);
const sizeOf = (path: string) => Number(/size=(\d+)/.exec(onDocker.tmpfs[path] ?? "")?.[1]);

/** A protection, as each has it in words or figures that can be compared. */
const same: Readonly<Record<string, () => readonly [docker: unknown, kubernetes: unknown]>> = {
  user: () => [onDocker.user, `${inPod.securityContext?.runAsUser}:${inPod.securityContext?.runAsGroup}`],
  readOnlyRoot: () => [onDocker.readOnly, inPod.securityContext?.readOnlyRootFilesystem],
  capabilities: () => [onDocker.capabilities, { drops: inPod.securityContext?.capabilities?.drop }],
  noNewPrivileges: () => [
    onDocker.securityOpts.some((one) => /^no-new-privileges(:true)?$/.test(one)),
    inPod.securityContext?.allowPrivilegeEscalation === false,
  ],
  privileged: () => [onDocker.privileged ?? false, inPod.securityContext?.privileged],
  memory: () => [onDocker.memory * Mi, bytes(inPod.resources?.limits?.memory)],
  cpu: () => [Number(onDocker.cpus), Number(inPod.resources?.limits?.cpu)],
  reservedMemory: () => [onDocker.memoryReservation * Mi, bytes(inPod.resources?.requests?.memory)],
  reservedCpu: () => [onDocker.cpuShares / 1024, Number(inPod.resources?.requests?.cpu)],
  tmp: () => [sizeOf("/tmp"), bytes(memoryAt("/tmp")?.sizeLimit)],
  agentTmp: () => [sizeOf("/tmp/agent"), bytes(memoryAt("/tmp/agent")?.sizeLimit)],
  sharedMemory: () => [onDocker.shmSize * Mi, bytes(memoryAt("/dev/shm")?.sizeLimit)],
  sealedNames: () => [onDocker.dns, pod.dnsConfig?.nameservers],
  hostNetwork: () => [onDocker.networkMode ?? false, pod.hostNetwork ?? false],
  hostProcesses: () => [onDocker.pidMode ?? false, pod.hostPID ?? false],
  hostIpc: () => [onDocker.ipcMode === "private", pod.hostIPC !== true],
};

test.each(Object.keys(same))("%s is the same on both", (name) => {
  const [here, there] = same[name]?.() ?? [];
  expect(here).toBeDefined();
  expect(there).toEqual(here);
});

/** What Docker does for a session and a cluster does not, by its control; the platform's column has the reason for people. */
const less: Partial<Readonly<Record<ControlName, () => boolean>>> = {
  processes: () => onDocker.labels.some(({ label }) => label === "pids_limit"),
  openFiles: () => onDocker.ulimits.some(({ name }) => name === "nofile"),
  systemCalls: () => onDocker.securityOpts.some((one) => one.startsWith("seccomp={")),
  noPrograms: () => /noexec/.test(onDocker.tmpfs["/tmp"] ?? ""),
};

test("what a cluster does not do and Docker does is told to whoever plans, and nothing else", () => {
  const { docker: here, kubernetes: there } = platformControls;
  const told = (Object.keys(controls) as ControlName[]).filter((name) => isPromised(here, name) && there.column[name].how === "reported");
  expect(told.sort()).toEqual(Object.keys(less).sort());
  expect(Object.entries(less).map(([name, holds]) => [name, holds()])).toEqual(Object.keys(less).map((name) => [name, true]));
});

test("system calls are those of the node's runtime, as a profile of this machine is not on a node", () => {
  expect(pod.securityContext?.seccompProfile).toEqual({ type: "RuntimeDefault" });
});
