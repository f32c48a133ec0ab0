import { describe, expect, test } from "vitest";
import { addedCapabilities, capability, droppedCapabilities } from "../../../policy/rules/read/capabilities.ts";
import { isOwnCgroup } from "../../../policy/rules/read/cgroup.ts";
import { commandLine, healthCommands, pairs } from "../../../policy/rules/read/commands.ts";
import { environment } from "../../../policy/rules/read/environment.ts";
import { isFloating, parseImage } from "../../../policy/rules/read/image.ts";
import { onEveryInterface, publishedPorts } from "../../../policy/rules/read/ports.ts";
import { securityOption, securityOptions } from "../../../policy/rules/read/security-options.ts";
import { skipsHostKey } from "../../../policy/rules/read/ssh.ts";
import { allowsRoot, groupOf, identity, identityOf } from "../../../policy/rules/read/user.ts";
import type { Props } from "../../../policy/rules/read/value.ts";
import {
  type Container,
  neverStarts,
  onExternal,
  onFargate,
  onWindows,
  type Platform,
  runsOnce,
} from "../../../policy/rules/read/workload.ts";

/** How each platform writes one thing, read on it and, to see that it is not, on the others. */

const platforms = ["docker", "swarm", "kubernetes", "ecs"] as const;

function container(platform: Platform, spec: Props, pod: Props = {}): Container {
  const subject = { resource: { urn: "", type: "", name: "x", props: {} }, kind: "x", name: "x", props: {}, isPatch: false };
  const workload = { platform, subject, title: "it", spec: pod, metadata: {}, extent: "pod" } as const;
  return { platform, workload, title: "it", spec, role: "main" };
}

/** What is read of one spec on each platform. */
const onEach = <T>(spec: Props, read: (container: Container) => Iterable<T>): Record<string, T[]> =>
  Object.fromEntries(platforms.map((platform) => [platform, [...read(container(platform, spec))]]));

const none = { docker: [], swarm: [], kubernetes: [], ecs: [] };

describe("capabilities", () => {
  test.each<[Props, object, object]>([
    [{ capabilities: { adds: ["a"], drops: ["b"] } }, { docker: ["A"] }, { docker: ["b"] }],
    [{ capAdds: ["a"], capDrops: ["b"] }, { swarm: ["A"] }, { swarm: ["b"] }],
    [{ securityContext: { capabilities: { add: ["a"], drop: ["b"] } } }, { kubernetes: ["A"] }, { kubernetes: ["b"] }],
    [{ linuxParameters: { capabilities: { add: ["a"], drop: ["b"] } } }, { ecs: ["A"] }, { ecs: ["b"] }],
    [{}, {}, {}],
  ])("in %j", (spec, added, dropped) => {
    expect(onEach(spec, addedCapabilities)).toEqual({ ...none, ...added });
    expect(onEach(spec, droppedCapabilities)).toEqual({ ...none, ...dropped });
  });

  test.each([
    ["SYS_ADMIN", "SYS_ADMIN"],
    ["cap_sys_admin", "SYS_ADMIN"],
    [" Cap_Sys_Admin ", "SYS_ADMIN"],
    ["XCAP_A", "XCAP_A"],
    ["CAP_CAP_A", "CAP_A"],
  ])("%j is %s", (spelling, expected) => {
    expect(capability(spelling)).toBe(expected);
  });
});

describe("variables", () => {
  test.each<[Props, object]>([
    [
      { envs: ["A=b", "C=", "D=e=f", "=g", "H"] },
      {
        docker: [
          { name: "A", value: "b" },
          { name: "C", value: "" },
          { name: "D", value: "e=f" },
        ],
      },
    ],
    [
      { env: { A: "b", C: null, D: 1 } },
      {
        swarm: [
          { name: "A", value: "b" },
          { name: "C", value: "" },
          { name: "D", value: "1" },
        ],
        kubernetes: "malformed",
      },
    ],
    [
      { env: [{ name: "A", value: "b" }, { name: "C", valueFrom: {} }, { value: "d" }] },
      {
        swarm: "malformed",
        kubernetes: [
          { name: "A", value: "b" },
          { name: "C", value: "" },
          { name: "", value: "d" },
        ],
      },
    ],
    [{ environment: [{ name: "A", value: "b" }] }, { ecs: [{ name: "A", value: "b" }] }],
    [{}, {}],
  ])("in %j", (spec, expected) => {
    const read = (platform: Platform) => {
      try {
        return [...environment(container(platform, spec))];
      } catch {
        return "malformed";
      }
    };
    expect(Object.fromEntries(platforms.map((platform) => [platform, read(platform)]))).toEqual({ ...none, ...expected });
  });
});

describe("the words that are run", () => {
  test.each<[Props, object]>([
    [
      { entrypoints: ["a"], command: ["b"] },
      { docker: ["a", "b"], kubernetes: ["b"], ecs: ["b"] },
    ],
    [
      { commands: ["a"], args: ["b"] },
      { swarm: ["a", "b"], kubernetes: ["b"] },
    ],
    [
      { command: ["a"], args: ["b"] },
      { docker: ["a"], swarm: ["b"], kubernetes: ["a", "b"], ecs: ["a"] },
    ],
    [
      { entryPoint: ["a"], command: ["b"] },
      { docker: ["b"], kubernetes: ["b"], ecs: ["a", "b"] },
    ],
  ])("in %j", (spec, expected) => {
    expect(onEach(spec, commandLine)).toEqual({ ...none, ...expected });
  });

  test.each<[Props, object]>([
    [{ healthcheck: { tests: ["CMD", "a"] } }, { docker: [["CMD", "a"]], swarm: [["CMD", "a"]], ecs: [[]] }],
    [{ healthCheck: { command: ["CMD", "a"] } }, { docker: [[]], swarm: [[]], ecs: [["CMD", "a"]] }],
    [
      { livenessProbe: { exec: { command: ["a"] } }, lifecycle: { preStop: { exec: { command: ["b"] } } } },
      { docker: [[]], swarm: [[]], ecs: [[]], kubernetes: expect.arrayContaining([["a"], ["b"]]) },
    ],
  ])("as a health check in %j", (spec, expected) => {
    expect(onEach(spec, healthCommands)).toEqual({ ...none, ...expected });
  });

  test("each stands with the one behind it", () => {
    expect([[], ["a"], ["a", "b", "c"]].map((words) => [...pairs(words)])).toEqual([
      [],
      [["a", ""]],
      [
        ["a", "b"],
        ["b", "c"],
        ["c", ""],
      ],
    ]);
  });
});

describe("ports", () => {
  const read = (spec: Props) =>
    Object.fromEntries(platforms.map((platform) => [platform, [...publishedPorts(container(platform, {}, spec).workload)]]));
  const port = { title: "it", internal: 80, external: 8080, address: undefined };

  test.each<[Props, object]>([
    [{ ports: [{ internal: 80, external: 8080, ip: "127.0.0.1" }] }, { docker: [{ ...port, address: "127.0.0.1" }] }],
    [{ ports: [{ internal: 80 }] }, { docker: [{ ...port, external: undefined }] }],
    [{ endpointSpec: { ports: [{ targetPort: 80, publishedPort: 8080 }] } }, { swarm: [port] }],
    [{}, {}],
  ])("in %j", (spec, expected) => {
    expect(read(spec)).toEqual({ ...none, ...expected });
  });

  test.each<[string | undefined, boolean]>([
    [undefined, true],
    ["", true],
    ["0.0.0.0", true],
    ["::", true],
    ["127.0.0.1", false],
    ["10.0.0.1", false],
  ])("at %s: on every interface is %s", (address, is) => {
    expect(onEveryInterface({ title: "it", internal: 80, external: 80, address })).toBe(is);
  });
});

describe("security options", () => {
  test.each<[string, string, string | undefined]>([
    ["no-new-privileges", "no-new-privileges", undefined],
    [" No-New-Privileges ", "no-new-privileges", undefined],
    ["no-new-privileges:true", "no-new-privileges", "true"],
    ["no-new-privileges=true", "no-new-privileges", "true"],
    [" Label = type:x ", "label", "type:x"],
    ["label:type:X", "label", "type:X"],
    ["label:a=b", "label:a", "b"],
    ["=x", "", "x"],
    [":x", "", "x"],
    ["x=", "x", ""],
  ])("%j", (written, name, value) => {
    expect(securityOption(written)).toEqual({ name, value });
  });

  test("are Docker's and those of ECS", () => {
    const a = [{ name: "a", value: undefined }];
    expect(onEach({ securityOpts: ["a"] }, securityOptions)).toEqual({ ...none, docker: a });
    expect(onEach({ dockerSecurityOptions: ["a"] }, securityOptions)).toEqual({ ...none, ecs: a });
  });
});

describe("a user", () => {
  test.each<[string | undefined, object]>([
    [undefined, { is: "unproven" }],
    ["", { is: "unproven" }],
    ["0", { is: "root", uid: 0 }],
    ["000", { is: "root", uid: 0 }],
    ["+0", { is: "root", uid: 0 }],
    ["-0", { is: "root", uid: 0 }],
    ["root", { is: "root", uid: 0 }],
    [" root :x", { is: "root", uid: 0 }],
    [":1000", { is: "root", uid: 0 }],
    [" ", { is: "root", uid: 0 }],
    ["0:1000", { is: "root", uid: 0 }],
    ["1000", { is: "other", uid: 1000 }],
    ["+1000:0", { is: "other", uid: 1000 }],
    ["10", { is: "other", uid: 10 }],
    ["01", { is: "other", uid: 1 }],
    ["-1", { is: "other" }],
    ["x0", { is: "other" }],
    ["0x", { is: "other" }],
    ["1000x", { is: "other" }],
    ["Root", { is: "other" }],
    ["agent", { is: "other" }],
  ])("%j", (user, expected) => {
    expect(identityOf(user)).toEqual(expected);
    if (user !== undefined)
      for (const platform of ["docker", "swarm", "ecs"] as const) expect(identity(container(platform, { user }))).toEqual(expected);
  });

  test.each([
    [undefined, undefined],
    ["a", undefined],
    ["a:b", "b"],
    ["a: b ", "b"],
    [":", ""],
  ])("the group of %j", (user, group) => {
    expect(groupOf(user)).toBe(group);
  });

  const windows = { os: { name: "windows" } };
  const name = (runAsUserName: string) => ({ windowsOptions: { runAsUserName } });
  test.each<[Props, Props, string, boolean]>([
    [{}, {}, "unproven", false],
    [{ runAsUser: 0 }, { securityContext: { runAsUser: 5 } }, "root", false],
    [{ runAsUser: 5 }, { securityContext: { runAsUser: 0 } }, "other", false],
    [{}, { securityContext: { runAsUser: 0 } }, "root", false],
    [{}, { securityContext: { runAsUser: 5, runAsNonRoot: false } }, "other", false],
    [{ runAsNonRoot: true }, {}, "other", false],
    [{ runAsNonRoot: true }, { securityContext: { runAsNonRoot: false } }, "other", false],
    [{ runAsNonRoot: false }, { securityContext: { runAsNonRoot: true } }, "root", true],
    [{}, { securityContext: { runAsNonRoot: true } }, "other", false],
    [{}, { securityContext: { runAsNonRoot: false } }, "root", false],
    [{}, windows, "unproven", false],
    [{ runAsNonRoot: true }, windows, "other", false],
    [{ runAsNonRoot: false }, windows, "unproven", true],
    [{}, { ...windows, securityContext: { runAsNonRoot: true } }, "other", false],
    [{ runAsUser: 0 }, windows, "unproven", false],
    [name("ContainerUser"), windows, "other", false],
    [name("ContainerAdministrator"), windows, "root", false],
    [name("administrator"), windows, "root", false],
    [name("NT AUTHORITY\\SYSTEM"), windows, "root", false],
    [name("NotAdministrator"), windows, "other", false],
    [name("Administrators"), windows, "other", false],
    [name("System\\me"), windows, "other", false],
    [name(""), windows, "unproven", false],
    [{}, { ...windows, securityContext: name("Administrator") }, "root", false],
    [name("me"), { ...windows, securityContext: name("Administrator") }, "other", false],
  ])("of a pod's container %j in %j", (securityContext, pod, is, takesBack) => {
    const one = container("kubernetes", { securityContext }, pod);
    expect([identity(one).is, allowsRoot(one)]).toEqual([is, takesBack]);
  });

  test("on other platforms nobody takes a pod's word back", () => {
    for (const platform of ["docker", "swarm", "ecs"] as const)
      expect(allowsRoot(container(platform, { securityContext: { runAsNonRoot: false } }))).toBe(false);
  });
});

describe("an image", () => {
  const sha = "0123456789abcdef".repeat(4);
  const hub = "docker.io";

  test.each<[string, string | undefined, string | undefined, boolean]>([
    ["node", hub, undefined, false],
    [" node:24 ", hub, "24", false],
    ["team/agent:1", hub, "1", false],
    ["registry.example/agent", "registry.example", undefined, false],
    ["Registry.Example:5000/a/b:1.2", "registry.example:5000", "1.2", false],
    ["host:5000/a", "host:5000", undefined, false],
    ["localhost/a:1", "localhost", "1", false],
    ["localhosts/a:1", hub, "1", false],
    ["localhost:1", hub, "1", false],
    ["a.b:1", hub, "1", false],
    ["a/b.c/d:1", hub, "1", false],
    [`node@sha256:${sha}`, hub, undefined, true],
    [`node:24@sha256:${sha}`, hub, "24", true],
    [`node@sha256:${sha}0`, hub, undefined, false],
    [`node@sha256:${sha.slice(1)}`, hub, undefined, false],
    [`node@xsha256:${sha}`, hub, undefined, false],
    [`node@sha256:${sha.toUpperCase()}`, hub, undefined, false],
    [`sha256:${sha}`, undefined, undefined, true],
    [sha, undefined, undefined, true],
    [`${sha}0`, hub, undefined, false],
    [`x${sha}`, hub, undefined, false],
    [`${sha.slice(1)}g`, hub, undefined, false],
    ["", hub, undefined, false],
  ])("%s", (reference, registry, tag, pinned) => {
    expect(parseImage(reference)).toEqual({ registry, tag, pinned });
  });

  test.each<[string | undefined, boolean]>([
    [undefined, true],
    ["", true],
    ["latest", true],
    ["LATEST", true],
    ["stable", true],
    ["1", false],
    ["v1", false],
    ["bookworm-2024", false],
  ])("the tag %j floats: %s", (tag, floats) => {
    expect(isFloating(tag)).toBe(floats);
  });
});

test.each<[string, boolean]>([
  ["StrictHostKeyChecking=no", true],
  ["-o StrictHostKeyChecking no", true],
  ["-oStrictHostKeyChecking=no", true],
  ["stricthostkeychecking = 'off'", true],
  ['StrictHostKeyChecking "no"', true],
  ["StrictHostKeyChecking=yes", false],
  ["StrictHostKeyChecking=nobody", false],
  ["StrictHostKeyChecking=accept-new", false],
  ["StrictHostKeyCheckingno", false],
  ["XStrictHostKeyChecking=no", false],
  ["UserKnownHostsFile=/dev/null", true],
  ["-oUserKnownHostsFile /dev/null", true],
  ["GlobalKnownHostsFile = none", true],
  ["UserKnownHostsFile=/dev/nullx", false],
  ["UserKnownHostsFile=~/.ssh/known_hosts", false],
  ["OtherKnownHostsFile=/dev/null", false],
])("%s lets any host pass: %s", (options, is) => {
  expect(skipsHostKey(options)).toBe(is);
});

test.each<[string | undefined, boolean]>([
  [undefined, false],
  ["", false],
  ["/", false],
  ["-.slice", false],
  ["docker", false],
  ["/docker/", false],
  ["docker.slice", false],
  ["system.slice", false],
  ["user.slice", false],
  ["machine.slice", false],
  ["init.scope", false],
  ["kubepods", false],
  ["kubepods.slice", false],
  ["docker/mine", true],
  ["mine.slice", true],
  ["xdocker", true],
  ["system", true],
  ["docker.scope", true],
  ["kubepods.scope", true],
])("the cgroup %j is somebody's own: %s", (parent, is) => {
  expect(isOwnCgroup(parent)).toBe(is);
});

describe("a container that does one job and ends", () => {
  const of = (platform: Platform, spec: Props, role: Container["role"], kind: string): boolean => {
    const one = container(platform, spec);
    return runsOnce({ ...one, role, workload: { ...one.workload, subject: { ...one.workload.subject, kind } } });
  };

  test.each<[Platform, Props, Container["role"], string, boolean]>([
    ["docker", {}, "main", "docker:Container", false],
    ["docker", { mustRun: true }, "main", "docker:Container", false],
    ["docker", { mustRun: false }, "main", "docker:Container", true],
    ["swarm", { mustRun: false }, "main", "docker:Service", false],
    ["kubernetes", {}, "main", "kubernetes:Pod", false],
    ["kubernetes", {}, "init", "kubernetes:Pod", true],
    ["kubernetes", {}, "ephemeral", "kubernetes:Pod", true],
    ["kubernetes", {}, "main", "kubernetes:Job", true],
    ["kubernetes", {}, "main", "kubernetes:CronJob", true],
    ["kubernetes", {}, "main", "kubernetes:Jobs", false],
    ["kubernetes", {}, "main", "kubernetes:MyJob", false],
    ["ecs", {}, "main", "aws:batch:Task", true],
    ["ecs", {}, "main", "aws:ecs:TaskDefinition", false],
  ])("on %s, %j, %s, of a %s: %s", (platform, spec, role, kind, is) => {
    expect(of(platform, spec, role, kind)).toBe(is);
  });

  test.each<[Platform, Props, boolean]>([
    ["docker", { start: false, mustRun: false }, true],
    ["docker", { start: false, mustRun: false, attach: false }, true],
    ["docker", { start: false, mustRun: false, attach: true }, false],
    ["docker", { start: true, mustRun: false }, false],
    ["docker", { start: false, mustRun: true }, false],
    ["docker", { start: false }, false],
    ["docker", { mustRun: false }, false],
    ["swarm", { start: false, mustRun: false }, false],
  ])("one on %s with %j is never started: %s", (platform, spec, is) => {
    expect(neverStarts({ platform, spec })).toBe(is);
  });
});

test.each<[Props, boolean, boolean]>([
  [{}, false, false],
  [{ requiresCompatibilities: ["FARGATE"] }, true, false],
  [{ requiresCompatibilities: ["EC2", "fargate"] }, true, false],
  [{ requiresCompatibilities: ["EXTERNAL"] }, false, true],
  [{ requiresCompatibilities: ["EXTERNAL", "FARGATE"] }, true, false],
  [{ requiresCompatibilities: ["EC2"] }, false, false],
])("a task of %j is on Fargate: %s, outside of AWS: %s", (spec, fargate, external) => {
  const on = (platform: Platform) => container(platform, {}, spec).workload;
  expect([onFargate(on("ecs")), onExternal(on("ecs"))]).toEqual([fargate, external]);
  for (const platform of ["docker", "swarm", "kubernetes"] as const)
    expect([onFargate(on(platform)), onExternal(on(platform))]).toEqual([false, false]);
});

test.each<[Props, boolean]>([
  [{}, false],
  [{ os: { name: "windows" } }, true],
  [{ os: { name: "Windows" } }, true],
  [{ os: { name: "linux" }, nodeSelector: { "kubernetes.io/os": "windows" } }, false],
  [{ nodeSelector: { "kubernetes.io/os": "windows" } }, true],
  [{ nodeSelector: { os: "windows" } }, false],
])("a pod of %j is on Windows: %s", (spec, is) => {
  expect(platforms.map((platform) => onWindows(container(platform, {}, spec).workload))).toEqual([false, false, is, false]);
});
