import { expect, test } from "vitest";
import { toServiceSpec } from "../../stacks/embedded/docker/service-spec.ts";

/** A service of Swarm's as the embedded engine hands it to the Engine's API, which calls no hook that would limit it. */

const rollout = { parallelism: 1, delay: "2s", failureAction: "rollback", monitor: "5s", maxFailureRatio: "0.5", order: "stop-first" };
const least = {
  name: "a-service",
  labels: [{ label: "pids_limit", value: "128" }],
  updateConfig: rollout,
  rollbackConfig: { ...rollout, failureAction: "pause" },
  taskSpec: { containerSpec: { image: "i" } },
};
const rolledOut = { Parallelism: 1, Delay: 2e9, FailureAction: "rollback", Monitor: 5e9, MaxFailureRatio: 0.5, Order: "stop-first" };

test("a service that says the least has its process limit, and nothing that nobody asked for", () => {
  expect(toServiceSpec(least, { own: "label" })).toEqual({
    Name: "a-service",
    Labels: { pids_limit: "128", own: "label" },
    Mode: { Replicated: { Replicas: 1 } },
    EndpointSpec: { Mode: "vip" },
    UpdateConfig: rolledOut,
    RollbackConfig: { ...rolledOut, FailureAction: "pause" },
    TaskTemplate: {
      ContainerSpec: { Image: "i", Env: [], Labels: {}, Mounts: [], Secrets: [], Configs: [] },
      Resources: { Limits: { Pids: 128 }, Reservations: {} },
      Placement: { Constraints: [] },
      Networks: [],
    },
  });
});

test("a service that says all has all of it", () => {
  const all = {
    ...least,
    labels: Object.entries({ pids_limit: "128", nofile_limit: "1024", sigpending_limit: "256" }).map(([label, value]) => ({
      label,
      value,
    })),
    mode: { replicated: { replicas: 0 } },
    endpointSpec: { mode: "dnsrr" },
    taskSpec: {
      containerSpec: {
        image: "i",
        readOnly: true,
        capDrops: ["ALL"],
        capAdds: ["CAP_CHOWN"],
        user: "1:2",
        commands: ["/usr/bin/tini", "--", "p"],
        args: ["x"],
        labels: [{ label: "kind", value: "k" }],
        env: { A: "1" },
        hostname: "host",
        dir: "/workspace",
        mounts: [
          {
            type: "volume",
            source: "v",
            target: "/v",
            readOnly: true,
            volumeOptions: { driverName: "local", driverOptions: { o: "size=1" } },
          },
          { type: "tmpfs", target: "/tmp", tmpfsOptions: { sizeBytes: 9, mode: 0o700 } },
        ],
        secrets: [{ secretId: "1", secretName: "s", fileName: "/auth/token", fileUid: "3", fileGid: "4", fileMode: 0o400 }],
        configs: [{ configId: "2", configName: "c", fileName: "/etc/c" }],
        dnsConfig: { nameservers: ["127.0.0.1"] },
        healthcheck: { tests: ["CMD", "h"], interval: "5s", timeout: "2s", startPeriod: "3s", retries: 4 },
      },
      resources: { limits: { memoryBytes: 7, nanoCpus: 8 }, reservation: { memoryBytes: 5, nanoCpus: 6 } },
      restartPolicy: { condition: "any", delay: "1s", window: "0s" },
      placement: { constraints: ["node.id==n1"] },
      networksAdvanceds: [{ id: "net", aliases: ["x"] }, { id: "edge" }],
      logDriver: { name: "json-file", options: { "max-file": "2" } },
    },
  };
  expect(toServiceSpec(all, {})).toMatchObject({
    Mode: { Replicated: { Replicas: 0 } },
    EndpointSpec: { Mode: "dnsrr" },
    TaskTemplate: {
      ContainerSpec: {
        Image: "i",
        Command: ["/usr/bin/tini", "--", "p"],
        Args: ["x"],
        Env: ["A=1"],
        Labels: { kind: "k" },
        User: "1:2",
        Dir: "/workspace",
        Hostname: "host",
        ReadOnly: true,
        CapabilityAdd: ["CAP_CHOWN"],
        CapabilityDrop: ["ALL"],
        Mounts: [
          {
            Type: "volume",
            Source: "v",
            Target: "/v",
            ReadOnly: true,
            VolumeOptions: { DriverConfig: { Name: "local", Options: { o: "size=1" } } },
          },
          { Type: "tmpfs", Target: "/tmp", TmpfsOptions: { SizeBytes: 9, Mode: 0o700 } },
        ],
        Secrets: [{ SecretID: "1", SecretName: "s", File: { Name: "/auth/token", UID: "3", GID: "4", Mode: 0o400 } }],
        Configs: [{ ConfigID: "2", ConfigName: "c", File: { Name: "/etc/c", UID: "0", GID: "0", Mode: 0o444 } }],
        DNSConfig: { Nameservers: ["127.0.0.1"], Options: [] },
        HealthCheck: { Test: ["CMD", "h"], Interval: 5e9, Timeout: 2e9, StartPeriod: 3e9, Retries: 4 },
        Ulimits: [
          { Name: "nofile", Soft: 1024, Hard: 1024 },
          { Name: "sigpending", Soft: 256, Hard: 256 },
        ],
      },
      Resources: { Limits: { MemoryBytes: 7, NanoCPUs: 8, Pids: 128 }, Reservations: { MemoryBytes: 5, NanoCPUs: 6 } },
      RestartPolicy: { Condition: "any", Delay: 1e9, Window: 0 },
      Placement: { Constraints: ["node.id==n1"] },
      Networks: [
        { Target: "net", Aliases: ["x"] },
        { Target: "edge", Aliases: [] },
      ],
      LogDriver: { Name: "json-file", Options: { "max-file": "2" } },
    },
  });
});

const place = (containerSpec: object, task: object = {}) => ({ taskSpec: { ...task, containerSpec: { image: "i", ...containerSpec } } });
test.each<[string, object]>([
  ["auth", { auth: {} }],
  ["runtime", place({}, { runtime: "x" })],
  ["privileges", place({ privileges: {} })],
  ["bindOptions", place({ mounts: [{ type: "bind", target: "/x", bindOptions: {} }] })],
])("what cannot be said to the engine, such as %s, is refused and not left out", (input, more) => {
  expect(() => toServiceSpec({ ...least, ...more }, {})).toThrow(
    `a-service: the embedded engine does not know the input ${input} of docker.Service; deploy this stack with the Pulumi CLI (--engine pulumi)`,
  );
});
