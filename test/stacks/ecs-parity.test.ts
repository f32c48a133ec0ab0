import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { baseline } from "../../policy/baseline.ts";
import { type ControlName, controls } from "../../stacks/controls/list.ts";
import { isPromised, platformControls } from "../../stacks/controls.ts";
import { deploy } from "../../stacks/deploy.ts";
import { noEncryptedConfig, Secrets } from "../../stacks/secrets.ts";
import { parse } from "../../stacks/settings.ts";
import type { Registration } from "../../stacks/recorder/program.ts";
import { concealSecrets } from "../../stacks/recorder/secret-inputs.ts";
import { mark } from "../support/aws/request.ts";
import { rolledOut } from "../support/aws/stack.ts";
import { ecsSecrets, onEcs } from "../support/ecs.ts";
import { type Recorded, record } from "../support/record.ts";

/** The same settings ask Docker and Fargate for the same protections; where not, the controls have the reason. */

const secret = { env: "ECS_TEST_TOKEN" } as const;
const sessions = [
  { id: "a", credentials: { kind: "file", secret } },
  { id: "b", network: { egress: { allow: ["example.com"] } } },
] as const;

let docker: Recorded;
let ecs: Recorded;
beforeAll(async () => {
  // The same with an engine here and without one.
  vi.stubEnv("DOCKER_HOST", "unix:///nowhere/docker.sock");
  ecs = await onEcs(sessions);
  const settings = parse({ strategy: "local", sessions }, { environment: {} });
  docker = await record(() => deploy(settings, { project: "agent-sessions", stack: "test" }, new Secrets(noEncryptedConfig)));
});
afterAll(() => void vi.unstubAllEnvs());

interface Mounted {
  readonly target: string;
  readonly readOnly: boolean;
}

/** What a session's container is, as Docker and as Fargate are asked for it. */
interface OnDocker {
  readonly [key: string]: unknown;
  readonly entrypoints: readonly string[];
  readonly mounts: readonly (Mounted & { readonly source: string })[];
  readonly healthcheck: { readonly tests: readonly string[]; readonly retries: number } & Record<
    "interval" | "startPeriod" | "timeout",
    string
  >;
  readonly ulimits: readonly { readonly name: string; readonly soft: number; readonly hard: number }[];
  readonly networksAdvanced?: readonly { readonly name: string }[];
}
interface OnEcs {
  readonly [key: string]: unknown;
  readonly mountPoints: readonly { readonly containerPath: string; readonly readOnly: boolean; readonly sourceVolume: string }[];
  readonly healthCheck: { readonly command: readonly string[]; readonly retries: number } & Record<
    "interval" | "startPeriod" | "timeout",
    number
  >;
  readonly ulimits: readonly { readonly name: string; readonly softLimit: number; readonly hardLimit: number }[];
}

const named = ({ all }: Recorded, name: string) => {
  const found = all.find((one) => one.name === name);
  if (found === undefined) throw new Error(`nothing is called ${name}`);
  return found;
};
const onDocker = (id: string) => named(docker, `${id}-container`).inputs as unknown as OnDocker;
const definitionOf = (id: string) => named(ecs, `${id}-definition`).inputs;
const onFargate = (id: string) =>
  (JSON.parse(String(definitionOf(id).containerDefinitions)) as OnEcs[]).find(({ name }) => name === "session") as OnEcs;

const persistent = ["/logs", "/session", "/workspace"];
const sorted = (mounts: readonly Mounted[]) => mounts.map(({ target, readOnly }) => `${target} ${readOnly ? "read" : "written"}`).sort();
const seconds = (text: string) => Number(text.replace(/s$/, ""));

describe("a session's container", () => {
  test.each<[string, (container: OnDocker) => unknown, (container: OnEcs) => unknown, unknown]>([
    ["user", ({ user }) => user, ({ user }) => user, `${baseline.user.uid}:${baseline.user.gid}`],
    ["read-only root", ({ readOnly }) => readOnly, ({ readonlyRootFilesystem }) => readonlyRootFilesystem, true],
    [
      "capabilities",
      ({ capabilities }) => ({ add: [], drop: (capabilities as { drops: unknown }).drops, ...(capabilities as { adds?: object }).adds }),
      ({ linuxParameters }) => (linuxParameters as { capabilities: unknown }).capabilities,
      { add: [], drop: ["ALL"] },
    ],
    ["memory, in MiB", ({ memory }) => memory, ({ memory }) => memory, baseline.limits.memory / 1024 ** 2],
    ["processor time, in cores", ({ cpus }) => Number(cpus), ({ cpu }) => Number(cpu) / 1024, baseline.limits.cpu],
    [
      "open files",
      ({ ulimits }) => ulimits,
      ({ ulimits }) => ulimits.map(({ name, softLimit, hardLimit }) => ({ name, soft: softLimit, hard: hardLimit })),
      [{ name: "nofile", soft: baseline.limits.openFiles, hard: baseline.limits.openFiles }],
    ],
    [
      "what runs, below its init",
      ({ entrypoints }) => entrypoints,
      ({ entryPoint, command }) => [...(entryPoint as string[]), ...(command as string[])],
      [...baseline.init, "/usr/local/bin/session-entrypoint"],
    ],
    [
      "health",
      ({ healthcheck: { tests, retries, interval, timeout, startPeriod } }) => [
        tests,
        retries,
        ...[interval, timeout, startPeriod].map(seconds),
      ],
      ({ healthCheck: { command, retries, interval, timeout, startPeriod } }) => [
        command.slice(0, 2),
        retries,
        interval,
        timeout,
        startPeriod,
      ],
      [["CMD", expect.stringContaining("health")], expect.any(Number), expect.any(Number), expect.any(Number), expect.any(Number)],
    ],
    ["seconds to end in", ({ destroyGraceSeconds }) => destroyGraceSeconds, ({ stopTimeout }) => stopTimeout, 10],
    ["ports of its own", ({ ports = [] }) => ports, ({ portMappings }) => portMappings, []],
    [
      "mounts, the secret's among them",
      ({ mounts }) => sorted(mounts),
      ({ mountPoints }) =>
        sorted(
          mountPoints
            .map(({ containerPath, readOnly }) => ({ target: containerPath, readOnly }))
            // What Docker mounts as memory.
            .filter(({ target }) => !target.startsWith("/tmp")),
        ),
      ["/auth read", ...persistent.map((target) => `${target} written`)],
    ],
  ])("%s is the same", (_, ofDocker, ofEcs, wanted) => {
    expect(ofDocker(onDocker("a"))).toEqual(wanted);
    expect(ofEcs(onFargate("a"))).toEqual(ofDocker(onDocker("a")));
  });
});

describe("a network", () => {
  /** To which addresses the sessions of a group connect, which is what a security group is for. */
  const addresses = (group: string) =>
    ecs
      .of("SecurityGroupEgressRule")
      .filter(({ name, inputs }) => name.startsWith(`network-${group}-to-`) && inputs.cidrIpv4 !== undefined);
  const placeOf = (id: string) =>
    all.find(({ name }) => name === `${id}-service`)?.inputs.networkConfiguration as {
      readonly securityGroups: readonly string[];
      readonly subnets: readonly string[];
    };
  const inside = ["network-sessions-0", "network-sessions-1"].map((name) => mark(name, "id"));
  let all: readonly Registration[];
  beforeAll(async () => {
    all = await rolledOut({ ecs: { egressKey: { env: "EGRESS_KEY" } }, sessions: [{ id: "a" }, sessions[1]] });
  });

  test("of a session without egress leads nowhere", () => {
    expect([onDocker("a").networkMode, onDocker("a").networksAdvanced]).toEqual(["none", undefined]);
    expect(placeOf("a")).toMatchObject({ assignPublicIp: false, securityGroups: [mark("network-sealed-group", "id")], subnets: inside });
    expect(addresses("sealed")).toEqual([]);
    expect(ecs.of("Route").filter(({ name }) => name.includes("sessions"))).toEqual([]);
  });

  test("of one with an allow list leads to its proxy alone", () => {
    expect(onDocker("b").networksAdvanced?.map(({ name }) => name)).toEqual(["claude-agent-b"]);
    expect(named(docker, "b-bridge").inputs).toMatchObject({ name: "claude-agent-b", internal: true });
    expect(addresses("filtered")).toEqual([]);
    expect(named(ecs, "egress-proxy-readers-to-egress-proxy").inputs).toMatchObject({ fromPort: 3128, toPort: 3128 });
    expect(placeOf("b")).toMatchObject({ assignPublicIp: false, securityGroups: [mark("network-filtered-group", "id")], subnets: inside });
  });
});

test("a secret is in no container, label or tag, and in no other session's reach", () => {
  for (const { all, one } of [
    { all: docker.all, one: onDocker("a") },
    { all: ecs.all, one: definitionOf("a") },
  ]) {
    expect(JSON.stringify(one)).not.toContain(ecsSecrets[secret.env]);
    const holding = all.filter(({ inputs }) => JSON.stringify(inputs).includes(ecsSecrets[secret.env]));
    // Where it is, it is marked as one, so that no state or preview shows it.
    expect(holding.map(({ inputs }) => JSON.stringify(concealSecrets(inputs)).includes(ecsSecrets[secret.env]))).toEqual([false]);
    expect(holding[0]?.name).toMatch(/^a-/);
  }
  expect(sorted(onDocker("b").mounts)).toEqual(persistent.map((target) => `${target} written`));
  expect(JSON.stringify(definitionOf("b"))).not.toMatch(/"\/auth|\/a\/auth/);
  expect(JSON.stringify(definitionOf("a"))).toMatch(/\/a\/auth/);
});

test("volumes are each session's own, and outlive the stack", () => {
  const ofDocker = (id: string) => onDocker(id).mounts.flatMap(({ source, target }) => (persistent.includes(target) ? [source] : []));
  const ofEcs = (id: string) => {
    const points = ecs.of("AccessPoint").filter(({ name }) => name.startsWith(`${id}-`));
    return points.map(({ inputs }) => (inputs.rootDirectory as { path: string }).path);
  };
  for (const of of [ofDocker, ofEcs]) {
    expect(new Set([...of("a"), ...of("b")]).size).toBe(2 * persistent.length);
    expect(of("a")).toHaveLength(persistent.length);
  }
  const kept = docker.of("Volume").filter(({ retainOnDelete }) => retainOnDelete);
  expect(kept.map(({ inputs }) => inputs.name).sort()).toEqual([...ofDocker("a"), ...ofDocker("b")].sort());
  expect(ecs.one("FileSystem").retainOnDelete).toBe(true);
});

test("what Docker enforces and Fargate does not has its reason and a source", () => {
  const { docker, ecs } = platformControls;
  const names = Object.keys(controls) as ControlName[];
  const weaker = names.filter((name) => isPromised(docker, name) && !isPromised(ecs, name));
  expect(weaker.length).toBeGreaterThan(3);
  for (const name of weaker) {
    const { why, source } = ecs.column[name] as { readonly why?: string; readonly source?: string };
    expect([name, (why ?? "").length > 10, source]).toEqual([
      name,
      true,
      expect.stringMatching(/^(https:\/\/docs\.aws\.amazon\.com|components)\//),
    ]);
  }
});
