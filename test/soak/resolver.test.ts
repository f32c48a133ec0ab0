import { createSocket } from "node:dgram";
import { once } from "node:events";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { liveEngine, Rig } from "../engine/rig.ts";
import { canRunEngine, OwnEngine } from "./own-engine.ts";

const docker = await liveEngine();
const minutes = 60_000;
const address = "127.0.0.77";

/** Answers each question for an address with 192.0.2.1, and remembers the names. */
function answer(question: Buffer, names: string[]): Buffer {
  const labels: string[] = [];
  let at = 12;
  for (let length = question[at] ?? 0; length > 0; length = question[at] ?? 0) {
    labels.push(question.toString("latin1", at + 1, at + 1 + length));
    at += length + 1;
  }
  names.push(labels.join("."));
  const asked = question.subarray(12, at + 5);
  const isAddress = question.readUInt16BE(at + 1) === 1;
  const header = Buffer.from([question[0] ?? 0, question[1] ?? 0, 0x81, 0x80, 0, 1, 0, isAddress ? 1 : 0, 0, 0, 0, 0]);
  return Buffer.concat([header, asked, ...(isAddress ? [Buffer.from([0xc0, 0x0c, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 1])] : [])]);
}

describe.skipIf(docker === undefined || !canRunEngine)("a host whose resolver is on loopback", () => {
  const engine = new OwnEngine({ resolver: address });
  const resolver = createSocket("udp4");
  const names: string[] = [];
  let rig: Rig;
  const session = { id: "l-sealed", network: { mode: "bridge" } };

  beforeAll(async () => {
    resolver.on("message", (question, from) => resolver.send(answer(question, names), from.port, from.address));
    resolver.bind(53, address);
    await once(resolver, "listening");
    await engine.start();
    await engine.take(docker as NonNullable<typeof docker>);
    rig = new Rig(engine.docker, "resolver");
    await rig.up([session], engine.settings);
  }, 10 * minutes);
  afterAll(async () => {
    await rig.dispose();
    await engine.end("SIGTERM");
    engine.dispose();
    resolver.close();
  }, 2 * minutes);

  test(
    "answers an internal network through the engine, and a sealed session not",
    async () => {
      // The same container on the same network, with the engine's own choice of resolver.
      const { Config, HostConfig } = await rig.docker.getContainer("claude-agent-l-sealed").inspect();
      const exposed = await rig.docker.createContainer({
        Image: Config.Image,
        Cmd: ["getent", "ahostsv4", "exposed.example.com"],
        Entrypoint: [],
        HostConfig: { NetworkMode: HostConfig.NetworkMode ?? "" },
      });
      await exposed.start();
      await exposed.wait();
      expect((await exposed.logs({ stdout: true })).toString()).toContain("192.0.2.1");
      await exposed.remove();
      expect(names).toContain("exposed.example.com");

      const sealed = await rig.shell(
        "l-sealed",
        "getent ahostsv4 sealed.example.com; echo $?; python3 -c 'import socket; socket.getaddrinfo(\"sealed.example.org\", 80)' 2>&1 | tail -1",
      );
      expect(sealed.output).toMatch(/^2\n.*gaierror/);
      expect(names.filter((name) => name.startsWith("sealed"))).toEqual([]);
    },
    2 * minutes,
  );
});
