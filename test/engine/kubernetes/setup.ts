import { existsSync } from "node:fs";
import { CoreV1Api, KubeConfig } from "@kubernetes/client-node";
import { until } from "../rig.ts";
import { applyObject, type ClusterObject, ObjectApi, reasonOf } from "./objects.ts";
import { addresses, hosts, inPlace, insideImage, nodeName } from "./place.ts";
import { lastLines } from "./programs.ts";
import {
  adminKubeconfig,
  importInsideImage,
  prepareNode,
  startContainerd,
  startControllers,
  startControlPlane,
  startKubelet,
} from "./start.ts";

/** Once before all tests: a cluster of one node, with name service and storage. It ends with the namespaces that it runs in. */
export async function setup(): Promise<void> {
  prepareNode();
  startControlPlane();
  startContainerd();
  const cluster = new KubeConfig();
  await until(
    async () => existsSync(adminKubeconfig()) && existsSync(inPlace("certificates/apiserver.crt")),
    60,
    "The API server's certificate",
  );
  cluster.loadFromFile(adminKubeconfig());
  const core = cluster.makeApiClient(CoreV1Api);
  await answering("kube-apiserver", () => core.listNamespace());
  startControllers();
  await answering("containerd", async () => importInsideImage());
  startKubelet();
  await answering("kubelet", async () => {
    const { status } = await core.readNode({ name: nodeName });
    if (!status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True")) throw new Error("The node is not ready");
  });
  await answering("kube-controller-manager", () => core.readNamespacedServiceAccount({ name: "default", namespace: "kube-system" }));
  const objects = cluster.makeApiClient(ObjectApi);
  for (const object of furniture) await applyObject(objects, object, { manager: "cluster" });
}

/** Waits for a program's first answer. @throws Error with the end of its log */
async function answering(name: string, ask: () => Promise<unknown>): Promise<void> {
  let last: unknown;
  const answer = async () => {
    try {
      await ask();
      return true;
    } catch (error) {
      last = error;
      return false;
    }
  };
  await until(answer, 120, `An answer of ${name}`).catch((error: Error) => {
    throw new Error(`${error.message}: ${reasonOf(last)}\n${lastLines(name)}`);
  });
}

const names = { "k8s-app": "kube-dns" };
const inKubeSystem = (name: string) => ({ name, namespace: "kube-system", labels: names });

/** What any cluster comes with: a class of storage, and names under the labels that everybody knows the name service by. */
const furniture: readonly ClusterObject[] = [
  {
    apiVersion: "storage.k8s.io/v1",
    kind: "StorageClass",
    metadata: { name: "local", annotations: { "storageclass.kubernetes.io/is-default-class": "true" } },
    provisioner: "cluster.test/local",
    reclaimPolicy: "Delete",
    allowVolumeExpansion: true,
  },
  {
    apiVersion: "v1",
    kind: "Pod",
    metadata: inKubeSystem("names"),
    spec: {
      containers: [
        {
          name: "names",
          image: insideImage,
          imagePullPolicy: "Never",
          args: ["names", ...Object.entries(hosts).map(([host, address]) => `${host}=${address}`)],
          ports: [{ containerPort: 53, protocol: "UDP" }],
        },
      ],
    },
  },
  {
    apiVersion: "v1",
    kind: "Service",
    metadata: inKubeSystem("kube-dns"),
    spec: { selector: names, clusterIP: addresses.names, ports: [{ name: "dns", port: 53, protocol: "UDP" }] },
  },
];
