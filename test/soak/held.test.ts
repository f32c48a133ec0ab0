import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { askHealth } from "../../stacks/runtime/docker/health.ts";
import type { Verified } from "../../stacks/verify/run.ts";
import { Checkout } from "../cli/checkout.ts";
import { freePorts, liveEngine, until } from "../engine/rig.ts";
import { canRunEngine, OwnEngine } from "./own-engine.ts";

const docker = await liveEngine();
const minutes = 60_000;

/** What depends on how busy the machine is, and on there being an internet. */
const mayBeUnproven = ["cpu-limit", "memory-limit", "proxy-allows"];

describe.skipIf(docker === undefined || !canRunEngine)("all promises that held hold", () => {
  const engine = new OwnEngine({ apart: true });
  const checkout = new Checkout();
  const limits = { memory: "256 MB", processes: 64, tmp: "16 MB" };
  const stack = "held";
  const [sealed, listed, proxied] = ["h-sealed", "h-listed", "h-proxied"] as const;
  let sessions: readonly object[] = [];
  let before: ReadonlySet<string>;

  const write = (image: object) =>
    checkout.write(
      stack,
      JSON.stringify({
        config: {
          "agent-sessions:local": engine.settings.local,
          "agent-sessions:image": image,
          "agent-sessions:sessions": sessions,
        },
      }),
    );
  const command = (...args: string[]) => {
    const [program, ...words] = engine.beside([process.execPath, join(checkout.root, "stacks/cli/main.ts"), ...args, "--stack", stack]);
    return checkout.runProgram(program, words);
  };
  const up = async () => {
    const { code, stderr } = await command("up", "--yes", "--no-install");
    expect(code, stderr).toBe(0);
  };
  const healthy = async () => {
    for (const id of [sealed, listed, proxied])
      await until(async () => (await askHealth(engine.docker, id, `claude-agent-${id}`)).state === "healthy", 120, `the return of ${id}`);
  };
  /** The promises that hold, in as many runs as it takes on a busy machine until each was tried. None may be broken in any. */
  const held = async () => {
    const names = new Set<string>();
    await until(
      async () => {
        const { stdout, stderr } = await command("verify", "--json");
        expect(stderr).toBe("");
        const all = (JSON.parse(stdout) as Verified[]).flatMap(({ session, results }) =>
          results.map(({ id, verdict, found }) => ({ id, name: `${session} ${id}`, verdict, found })),
        );
        // It depends on the host; see verify-datagrams.test.ts.
        const results = all.filter(({ id }) => id !== "stray-datagrams");
        expect(results.filter(({ verdict }) => verdict === "not held")).toEqual([]);
        const provable = results.filter(({ id }) => !mayBeUnproven.includes(id));
        for (const { name, verdict } of provable) if (verdict === "held") names.add(name);
        return provable.every(({ name }) => names.has(name));
      },
      400,
      "a try of every promise",
    );
    return names;
  };

  beforeAll(async () => {
    const key = join(checkout.root, "key");
    writeFileSync(key, `key-${randomBytes(12).toString("hex")}`);
    const [port = 0] = await freePorts(1);
    sessions = [
      { id: sealed, limits, network: { mode: "bridge" } },
      { id: listed, limits, network: { egress: { allow: ["one.invalid"] }, ports: [{ container: 8000, host: port }] } },
      { id: proxied, limits, credentials: { kind: "proxy", secret: { file: key } } },
    ];
    await engine.start();
    await engine.take(docker as NonNullable<typeof docker>, sessions);
    write(engine.settings.image as object);
    await up();
    before = await held();
  }, 15 * minutes);
  afterAll(async () => {
    await command("down", "--yes", "--delete-data", "--force");
    checkout.dispose();
    await engine.end("SIGTERM");
    engine.dispose();
  }, 2 * minutes);

  test("at first, on networks and off them", () => {
    for (const name of [`${sealed} host-services`, `${sealed} other-sessions`, `${listed} local-ports`, `${proxied} foreign-secrets`])
      expect(before).toContain(name);
  });

  test.each<[string, () => Promise<unknown>]>([
    [
      "the engine was killed and started",
      async () => {
        await engine.end("SIGKILL");
        await engine.start();
      },
    ],
    [
      "sessions and their proxies were restarted by hand",
      async () => {
        for (const name of [listed, `${listed}-proxy`, sealed, proxied, `${proxied}-credential-proxy`])
          await engine.docker.getContainer(`claude-agent-${name}`).restart({ t: 2 });
      },
    ],
    [
      "the image was replaced",
      async () => {
        const image = { ...(engine.settings.image as object), revision: randomBytes(4).toString("hex") };
        const idOf = async () => (await engine.docker.getContainer(`claude-agent-${listed}`).inspect()).Image;
        const old = await idOf();
        await engine.take(docker as NonNullable<typeof docker>, sessions, { image });
        write(image);
        await up();
        expect(await idOf()).not.toBe(old);
      },
    ],
  ])(
    "after %s",
    async (_, disturb) => {
      await disturb();
      await healthy();
      expect(await held()).toEqual(before);
    },
    10 * minutes,
  );
});
