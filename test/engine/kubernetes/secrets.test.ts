import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { until } from "../rig.ts";
import { Cluster } from "./cluster.ts";
import { Commands } from "./commands.ts";
import { sessionImages } from "./images.ts";

/** A Secret that the cluster keeps and that something else fills: sessions wait for it, have it, and have what it is changed to. */

const cluster = new Cluster("secrets");
const images = await sessionImages();
const { namespace } = cluster;

const small = {
  healthCheck: { interval: "2 s", startPeriod: "2 s" },
  limits: { memory: "256 MB" },
  reservations: { cpu: 0.1, memory: "128 MB" },
};
const secret = { clusterSecret: { name: "team-key", key: "api.key" } };
const exception = { reason: "tests", owner: "tests", expires: "2099-01-01" };
const described = {
  kubernetes: { images, podSecurity: "v1.34" },
  sessions: [
    { id: "filed", ...small, credentials: { kind: "file", secret } },
    { id: "fetched", ...small, credentials: { kind: "init", command: "cat /secret/token", secret } },
    { id: "named", ...small, credentials: { kind: "environment", secret, exception } },
    { id: "proxied", ...small, credentials: { kind: "proxy", secret, upstream: "https://listed.example/v1/messages" } },
  ],
};

const podOf = (session: string) => `claude-agent-${session}-0`;
const readers = ["filed", "fetched", "named"] as const;
const uidsOf = (sessions: readonly string[]) =>
  Promise.all(sessions.map(async (session) => (await cluster.pod(podOf(session))).metadata?.uid));

/** The key as a session's agent asks for it, and as the proxy has it whose session has none. */
const asked = (session: string) => cluster.shell(podOf(session), "session-credential");
const places = {
  filed: () => asked("filed"),
  fetched: () => asked("fetched"),
  named: () => asked("named"),
  proxied: async () => cluster.exec((await keyProxy()).metadata?.name ?? "", ["cat", "/secret/token"]),
};

/** The proxy of the one session that has one. */
async function keyProxy() {
  const [pod] = await cluster.pods("agent-sessions/serves=proxied,app.kubernetes.io/name=credential-proxy");
  if (pod === undefined) throw new Error("there is no credential proxy");
  return pod;
}

const keys = async () =>
  Object.fromEntries(
    await Promise.all(Object.entries(places).map(async ([session, ask]) => [session, (await ask().catch(() => ({ output: "" }))).output])),
  );

/** What fills the Secret, such as External Secrets Operator. */
async function fill(key: string): Promise<void> {
  const body = { metadata: { name: "team-key" }, stringData: { "api.key": key, other: "nobody-reads-this" } };
  const there = await cluster.core.listNamespacedSecret({ namespace, fieldSelector: "metadata.name=team-key" });
  if (there.items.length === 0) await cluster.core.createNamespacedSecret({ namespace, body });
  else await cluster.core.replaceNamespacedSecret({ namespace, name: "team-key", body });
}

const unchanged = async () => [...(await cluster.apply(described))].filter(([, operation]) => operation !== "same");

describe.skipIf(images === undefined)("a secret that the cluster keeps", () => {
  const commands = new Commands(cluster);

  beforeAll(async () => {
    await cluster.up();
    commands.describe(described);
    await cluster.apply(described);
  });
  afterAll(async () => {
    commands.dispose();
    await cluster.down();
  });

  test("is waited for where it is not there, and list says so", async () => {
    const waits = async () => {
      const told = new Map((await commands.list()).map(({ session, state, why = "" }) => [session, `${state}: ${why}`]));
      return readers.every((session) => told.get(session)?.includes('secret "team-key" not found')) && told;
    };
    const told = await until(waits, 120, "What each session waits for");
    expect(readers.map((session) => told.get(session)?.split(":")[0])).toEqual(["starting", "starting", "unhealthy"]);
    await fill("key-1");
    for (const session of readers) await cluster.ready(podOf(session), { seconds: 180 });
    await cluster.ready((await keyProxy()).metadata?.name ?? "", { seconds: 180 });
  });

  test("is where each session reads it, and the key alone", async () => {
    expect(await keys()).toEqual({ filed: "key-1", fetched: "key-1", named: "key-1", proxied: "key-1" });
    expect((await cluster.shell(podOf("filed"), "grep -rl nobody-reads-this /auth /run /proc/self/environ")).output).toBe("");
    const { spec } = await cluster.pod(podOf("proxied"));
    expect(spec?.volumes?.filter(({ secret, projected }) => secret ?? projected)).toEqual([]);
    expect(await unchanged()).toEqual([]);
  });

  test("that is changed arrives by itself in files and at proxies, and elsewhere with the next pod", async () => {
    const before = await uidsOf([...readers, "proxied"]);
    const proxy = (await keyProxy()).metadata?.uid;
    await fill("key-2");
    const arrived = { filed: "key-2", fetched: "key-1", named: "key-1", proxied: "key-2" };
    await until(async () => (await places.filed()).output === "key-2" && (await places.proxied()).output === "key-2", 120, "The other key");
    expect(await keys()).toEqual(arrived);
    expect(await uidsOf([...readers, "proxied"])).toEqual(before);
    expect((await keyProxy()).metadata?.uid).toBe(proxy);
    expect(await unchanged()).toEqual([]);
    for (const session of ["fetched", "named"])
      for (const command of ["stop", "start"]) expect((await commands.run(command, session)).code).toBe(0);
    for (const session of ["fetched", "named"]) await cluster.ready(podOf(session));
    expect(await keys()).toEqual({ filed: "key-2", fetched: "key-2", named: "key-2", proxied: "key-2" });
  });
});
