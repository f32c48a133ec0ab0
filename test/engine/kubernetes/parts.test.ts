import { writeFileSync } from "node:fs";
import type { V1Pod } from "@kubernetes/client-node";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { until } from "../rig.ts";
import { Cluster } from "./cluster.ts";
import { sessionImages } from "./images.ts";
import { addresses, inPlace } from "./place.ts";
import { repositoryUrl, serveRepository } from "./repository.ts";

/** What stands beside sessions on a cluster, and pools: clones, proxies with keys, secrets that change, and disks that fill. */

const cluster = new Cluster("parts");
const images = await sessionImages();
const { namespace } = cluster;

const small = {
  healthCheck: { interval: "2 s", startPeriod: "2 s" },
  limits: { memory: "256 MB", tmp: "16 MB", disk: "32 MB" },
  reservations: { cpu: 0.1, memory: "128 MB" },
};
const repositories = [{ name: "app", url: repositoryUrl }];
const client = { namespace: "default", labels: { "parts.test/client": "yes" } };
const keys = { keyed: "key-of-keyed-1", filed: "key-of-filed-1" };
const keyFile = (name: keyof typeof keys) => inPlace(`${name}.key`);

function described() {
  for (const [name, key] of Object.entries(keys)) writeFileSync(inPlace(`${name}.key`), `${key}\n`, { mode: 0o600 });
  const secret = (name: keyof typeof keys) => ({ file: keyFile(name) });
  return {
    kubernetes: { images, podSecurity: "v1.34", claims: { workspace: "32 MB", repository: "64 MB" } },
    sessions: [
      {
        id: "keyed",
        ...small,
        repositories,
        credentials: { kind: "proxy", secret: secret("keyed"), upstream: "https://listed.example/v1/messages" },
      },
      { id: "filed", ...small, repositories, credentials: { kind: "file", secret: secret("filed") } },
      { id: "crew", ...small, pool: { replicas: 2, clients: client } },
    ],
  };
}

const [keyed, filed] = ["claude-agent-keyed-0", "claude-agent-filed-0"];
const keyProxy = "agent-sessions/serves=keyed,app.kubernetes.io/name=credential-proxy";
const crew = "agent-sessions/session=crew";
const nameOf = ({ metadata }: V1Pod) => metadata?.name ?? "";
const uidOf = ({ metadata }: V1Pod) => metadata?.uid ?? "";
const uids = async () => (await Promise.all([keyed, filed].map((pod) => cluster.pod(pod)))).map(uidOf);

/** The pods that are ready and not about to end, once there are so many. */
const readyPods = (labels: string, count: number) =>
  until(
    async () => {
      const ready = (await cluster.pods(labels)).filter(
        ({ metadata, status }) =>
          metadata?.deletionTimestamp === undefined &&
          status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True"),
      );
      return ready.length === count && ready;
    },
    120,
    `${count} pods with ${labels} being ready`,
  );

const reaches = async (pod: string, address: string, place = namespace) => {
  const [host, port] = address.split(":");
  return (await cluster.shell(pod, `timeout 3 bash -c '</dev/tcp/${host}/${port}'`, place)).code === 0;
};

describe.skipIf(images === undefined)("what stands beside sessions on a cluster", () => {
  beforeAll(async () => {
    await cluster.up();
    serveRepository();
    await cluster.apply(described());
    await Promise.all([cluster.ready(keyed), cluster.ready(filed), readyPods(keyProxy, 1), readyPods(crew, 2)]);
  });
  afterAll(() => cluster.down());

  test("a repository is cloned once, by a pod of its own, and each session has a copy that it cannot change", async () => {
    const line = `cat /repos/app/file; touch /repos/app/file; timeout 3 bash -c '</dev/tcp/${addresses.listed}/9418' || echo not reached`;
    for (const { output } of await Promise.all([keyed, filed].map((pod) => cluster.shell(pod, line))))
      expect(output).toMatch(/^from the repository\n.*Read-only file system\nnot reached$/);
    expect(await cluster.pods("app.kubernetes.io/name=repository")).toHaveLength(1);
  });

  test("a key's own session alone reaches its proxy, and has the key nowhere", async () => {
    const [proxy] = await readyPods(keyProxy, 1);
    const service = await cluster.core.readNamespacedService({ name: "claude-agent-keyed-credential-proxy", namespace });
    const doors = [`${proxy?.status?.podIP}:18787`, `${service.spec?.clusterIP}:18787`];
    const [member] = await readyPods(crew, 2);
    const tried = [keyed, filed, nameOf(member!)].flatMap((pod) => doors.map((door) => [pod, door] as const));
    const reached = await Promise.all(tried.map(async ([pod, door]) => ((await reaches(pod, door)) ? [pod] : [])));
    expect(reached.flat()).toEqual([keyed, keyed]);
    const ask = `curl -s -o /dev/null -w '%{http_code}' --noproxy '*' -d '{}' "$ANTHROPIC_BASE_URL/v1/messages"`;
    // The proxy has gone out with it, to a host that has no certificate.
    expect((await cluster.shell(keyed, ask)).output).toBe("502");
    const places = "/auth /etc /home /run /secret /session /tmp /usr/local /workspace /proc/[0-9]*/environ";
    expect((await cluster.shell(keyed, `grep -rslF ${keys.keyed} ${places}`)).output).toBe("");
    expect((await cluster.pod(keyed)).spec?.volumes?.filter(({ secret, projected }) => secret ?? projected)).toEqual([]);
    expect((await cluster.exec(nameOf(proxy!), ["cat", "/secret/token"])).output).toBe(keys.keyed);
  });

  test("a changed secret restarts what reads it once, and nobody else", async () => {
    const before = await uids();
    const [proxy] = await readyPods(keyProxy, 1);
    Object.assign(keys, { keyed: "key-of-keyed-2", filed: "key-of-filed-2" });
    const changes = await cluster.apply(described());
    expect([...changes].flatMap(([name, operation]) => (operation === "same" ? [] : [`${operation} ${name}`])).sort()).toEqual([
      `update Deployment/${namespace}/claude-agent-keyed-credential-proxy`,
      `update Secret/${namespace}/claude-agent-filed-auth`,
      `update Secret/${namespace}/claude-agent-keyed-credential-proxy-secret`,
    ]);
    const other = await until(async () => (await readyPods(keyProxy, 1)).find((pod) => uidOf(pod) !== uidOf(proxy!)), 60, "Another proxy");
    expect((await cluster.exec(nameOf(other), ["cat", "/secret/token"])).output).toBe(keys.keyed);
    await until(async () => (await cluster.shell(filed, "cat /auth/token")).output === keys.filed, 120, "The file with the changed secret");
    expect(await uids()).toEqual(before);
  });

  test("each client of a pool stays with one of its pods, and is with another when that one is gone", async () => {
    const members = await readyPods(crew, 2);
    const serve = (pod: string) =>
      cluster.shell(
        pod,
        "node -e 'require(`http`).createServer((_, reply) => reply.end(os.hostname())).listen(8080)' </dev/null >/dev/null 2>&1 &",
      );
    await Promise.all(members.map((pod) => serve(nameOf(pod))));
    await Promise.all([makeClient("client", client.labels), makeClient("stranger", {})]);
    const service = await cluster.core.readNamespacedService({ name: "claude-agent-crew", namespace });
    const door = `${service.spec?.clusterIP}:8080`;
    const ask = async () => (await cluster.shell("client", `curl -s -m 3 http://${door}/`, "default")).output;
    const first = await until(ask, 60, "An answer of the pool");
    for (let time = 0; time < 5; time++) expect(await ask()).toBe(first);
    expect(await Promise.all([reaches("stranger", door, "default"), reaches(keyed, door)])).toEqual([false, false]);

    await cluster.core.deleteNamespacedPod({ name: first, namespace });
    const after = await readyPods(crew, 2);
    await Promise.all(after.filter((pod) => !members.some((old) => uidOf(old) === uidOf(pod))).map((pod) => serve(nameOf(pod))));
    const second = await until(async () => (await ask()) || undefined, 60, "An answer of another pod");
    expect(second).not.toBe(first);
    expect(after.map(nameOf)).toContain(second);
  });

  test("a session that fills its scratch space is hit alone, and works on once there is room", async () => {
    const before = await uids();
    expect((await cluster.shell(filed, "echo kept > /workspace/file; head -c 64M /dev/zero > /tmp/full")).output).toMatch(/No space left/);
    expect((await cluster.shell(keyed, "head -c 1M /dev/zero > /tmp/part && rm /tmp/part")).code).toBe(0);
    expect((await cluster.shell(filed, "rm /tmp/full; echo room > /tmp/part; cat /tmp/part /workspace/file")).output).toBe("room\nkept");
    await Promise.all([keyed, filed].map((pod) => cluster.ready(pod)));
    expect(await uids()).toEqual(before);
  });

  test("a pool's pod that writes more to its node's disk than it may is replaced, and the others are left alone", async () => {
    const members = await readyPods(crew, 2);
    const [greedy, other] = members as [V1Pod, V1Pod];
    await cluster.shell(nameOf(greedy), "head -c 64M /dev/zero > /workspace/full");
    const evicted = async () => (await cluster.pods(crew)).find((pod) => uidOf(pod) === uidOf(greedy))?.status?.reason === "Evicted";
    await until(evicted, 120, "The eviction of the pod");
    const after = await readyPods(crew, 2);
    expect(after.map(uidOf)).toContain(uidOf(other));
    expect(after.map(uidOf)).not.toContain(uidOf(greedy));
  });
});

/** A pod of somebody else's, in another namespace. */
async function makeClient(name: string, labels: Readonly<Record<string, string>>): Promise<void> {
  const spec = {
    terminationGracePeriodSeconds: 0,
    containers: [{ name, image: images?.session ?? "", imagePullPolicy: "Never", command: ["sleep", "infinity"] }],
  };
  await cluster.core.createNamespacedPod({ namespace: "default", body: { metadata: { name, labels: { ...labels } }, spec } });
  await cluster.ready(name, { namespace: "default" });
}
