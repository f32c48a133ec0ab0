import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ownAddress } from "../support/own-address.ts";
import { git, makeRepository } from "../support/repository.ts";
import { cloneName } from "../../components/session.ts";
import { RepositoryClone } from "../../components/session-volumes/docker.ts";
import { liveEngine, Rig } from "./rig.ts";
import { secret } from "../support/secret.ts";

const docker = await liveEngine();
const minute = 60_000;

describe.skipIf(docker === undefined)("a private repository", () => {
  const rig = new Rig(docker as NonNullable<typeof docker>, "private");
  const password = `token-${randomBytes(12).toString("hex")}`;
  const asked: (string | undefined)[] = [];
  const repository = join(rig.root, "upstream");
  let server: Server;
  let url = "";

  /** Clones with a password, as the strategy does; the settings take https alone, and this server has no certificate. */
  const clone = (given: string) =>
    rig.deploy(
      (place, opts) =>
        void new RepositoryClone(
          "clone",
          { name: "code", url, ...place, credential: { username: "me", password: secret("env TOKEN", given) } },
          opts,
        ),
    );

  beforeAll(async () => {
    makeRepository(repository, { file: "private" });
    git(repository, "update-server-info");
    server = createServer((request, response) => {
      asked.push(request.headers.authorization);
      const entitled = request.headers.authorization === `Basic ${Buffer.from(`me:${password}`).toString("base64")}`;
      const file = join(repository, ".git", new URL(request.url ?? "", "http://x").pathname);
      if (!entitled) response.writeHead(401, { "www-authenticate": "Basic" }).end();
      else if (existsSync(file)) response.end(readFileSync(file));
      else response.writeHead(404).end();
    }).listen(0, "0.0.0.0");
    await once(server, "listening");
    url = `http://${ownAddress()}:${(server.address() as { port: number }).port}`;
  });
  afterAll(async () => {
    server.close();
    await rig.dispose();
  }, 2 * minute);

  test(
    "is refused with a wrong password, which the failure does not tell",
    async () => {
      const { failures: failed } = await clone("wrong-password");
      expect(failed).toEqual([expect.stringContaining("Authentication failed")]);
      expect(failed.join()).not.toContain("wrong-password");
    },
    10 * minute,
  );

  test(
    "is cloned with the right one, which is neither in the clone nor in what the engine tells, and a second run changes nothing",
    async () => {
      expect((await clone(password)).failures).toEqual([]);
      expect(asked).toContain(`Basic ${Buffer.from(`me:${password}`).toString("base64")}`);
      const volume = cloneName({ name: "code", url });
      const { Image } = await rig.docker.getContainer(volume).inspect();
      const reader = await rig.docker.createContainer({
        Image,
        Entrypoint: ["sh", "-c", `cat /v/file; grep -rcF ${password} /v | grep -v ':0$'; echo end`],
        User: "0:0",
        HostConfig: { NetworkMode: "none", Mounts: [{ Type: "volume", Source: volume, Target: "/v", ReadOnly: true }] },
      });
      await reader.start();
      await reader.wait();
      const output = (await reader.logs({ stdout: true, stderr: true })).toString("utf8").replace(/[^\n\x20-\x7e]/g, "");
      await reader.remove();
      expect(output).toMatch(/^private.?end\n$/s);
      for (const name of [volume, `${volume}-secret`])
        expect(JSON.stringify(await rig.docker.getContainer(name).inspect())).not.toContain(password);
      const { plan } = await clone(password);
      expect(plan.steps.filter(({ operation }) => operation !== "same")).toEqual([]);
    },
    3 * minute,
  );
});
