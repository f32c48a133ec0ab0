import { readFileSync } from "node:fs";
import * as core from "@pulumi/kubernetes/core/v1/index.js";
import * as networking from "@pulumi/kubernetes/networking/v1/index.js";
import { afterAll, beforeAll, expect, test } from "vitest";
import { until } from "../rig.ts";
import { Cluster } from "./cluster.ts";
import { addresses, insideImage } from "./place.ts";

/** That the rig tells the truth: what the other files show would else be shown by nothing. */

const cluster = new Cluster("rig");
const { namespace } = cluster;
const labelled = (name: string) => ({ name, namespace, labels: { app: name } });

const web = (name: string) =>
  new core.Pod(name, {
    metadata: labelled(name),
    spec: {
      terminationGracePeriodSeconds: 1,
      containers: [
        {
          name,
          image: insideImage,
          imagePullPolicy: "Never",
          args: ["web", ":8080", name],
          ports: [{ name: "web", containerPort: 8080 }],
        },
      ],
    },
  });

const service = () =>
  new core.Service("one", { metadata: labelled("one"), spec: { selector: { app: "one" }, ports: [{ port: 80, targetPort: "web" }] } });

/** What pod `two` reaches; each target in the form that `dial` takes. */
async function reached(...targets: readonly string[]): Promise<boolean[]> {
  return Promise.all(targets.map(async (target) => (await cluster.exec("two", ["/inside", "dial", target])).code === 0));
}

async function targets(): Promise<string[]> {
  const [pod, live] = [await cluster.pod("one"), await cluster.core.readNamespacedService({ name: "one", namespace })];
  return [
    `${pod.status?.podIP}:8080`,
    `${live.spec?.clusterIP}:80`,
    "10.96.0.1:443",
    `${addresses.node}:10250`,
    `${addresses.listed}:80`,
    `${addresses.metadata}:80`,
  ];
}

const isolated = (egress: readonly object[]) =>
  new networking.NetworkPolicy("two", {
    metadata: labelled("two"),
    spec: { podSelector: { matchLabels: { app: "two" } }, policyTypes: ["Egress"], egress: [...egress] },
  });

/** Applies two pods, one with a Service, and what a test adds. */
const apply = (add: () => void = () => {}) =>
  cluster.run(async () => {
    new core.Namespace(namespace, { metadata: { name: namespace } });
    service();
    web("one");
    web("two");
    add();
    return {};
  });

beforeAll(async () => {
  await cluster.up();
  await apply();
  await Promise.all([cluster.ready("one"), cluster.ready("two")]);
});
afterAll(() => cluster.down());

test("a second apply changes nothing, and what is no longer registered is removed", async () => {
  const account = () => void new core.ServiceAccount("extra", { metadata: labelled("extra") });
  expect((await apply(account)).get(`ServiceAccount/${namespace}/extra`)).toBe("create");
  expect(new Set((await apply(account)).values())).toEqual(new Set(["same"]));
  expect([...(await apply())].filter(([, operation]) => operation !== "same")).toEqual([[`ServiceAccount/${namespace}/extra`, "delete"]]);
});

test("a field that the server does not know is refused, by its name", async () => {
  const spec = { ports: [{ port: 80, portal: 81 }] };
  await expect(apply(() => void new core.Service("wrong", { metadata: labelled("wrong"), spec }))).rejects.toThrow(
    /Service\/.*\/wrong: .*portal: field not declared in schema/,
  );
});

test("without a policy a pod reaches all targets, and under one that isolates it only what that allows", async () => {
  const all = await targets();
  expect(await reached(...all)).toEqual(all.map(() => true));

  await apply(() => void isolated([]));
  await until(async () => !(await reached(...all)).includes(true), 10, "The end of all ways out");

  const toOne = { to: [{ podSelector: { matchLabels: { app: "one" } } }], ports: [{ port: "web" }] };
  await apply(() => void isolated([toOne]));
  await until(async () => (await reached(...all)).slice(0, 2).every(Boolean), 10, "The way to the allowed pod");
  expect(await reached(...all)).toEqual([true, true, false, false, false, false]);

  const toWeb = { to: [{ ipBlock: { cidr: "0.0.0.0/0", except: ["169.254.0.0/16", "10.0.0.0/8", "192.168.0.0/16"] } }] };
  await apply(() => void isolated([toWeb]));
  await until(async () => (await reached(...all))[4], 10, "The way to the block");
  expect(await reached(...all)).toEqual([false, false, false, false, true, false]);
});

test("the machine's own settings are not the kubelet's", () => {
  for (const setting of ["vm/overcommit_memory", "kernel/panic"])
    expect(readFileSync("/proc/self/mounts", "utf8")).toContain(` /proc/sys/${setting} `);
});
