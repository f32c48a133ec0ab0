import { createHash } from "node:crypto";
import { linkSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { engineSocketOf, type FindOptions, findEngine } from "../../components/container-engine/find.ts";

// The length of a socket's path is limited to 107 bytes.
let folder: string;
const servers: Server[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "fe-"));
});
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
  rmSync(folder, { recursive: true });
});

const find = ({ environment, ...options }: FindOptions = {}) =>
  findEngine({
    home: join(folder, "home"),
    run: join(folder, "run"),
    environment: { XDG_RUNTIME_DIR: join(folder, "user"), ...environment },
    ...options,
  });
const write = (path: string, content: unknown) => {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), typeof content === "string" ? content : JSON.stringify(content));
};
const metaOf = (name: string) => `home/.docker/contexts/meta/${createHash("sha256").update(name).digest("hex")}/meta.json`;
const listen = async (path: string) => {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  const server = createServer();
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(join(folder, path), resolve));
  return server;
};
/** A socket that nobody listens on any more, as a killed engine leaves it. */
const abandon = async (path: string) => {
  const server = await listen(`${path}.closed`);
  linkSync(join(folder, `${path}.closed`), join(folder, path));
  await new Promise((resolve) => server.close(resolve));
};

describe("the engine is found", () => {
  test("by the setting before anything else", async () => {
    write("home/.docker/config.json", { currentContext: "remote" });
    write(metaOf("remote"), { Endpoints: { docker: { Host: "ssh://remote" } } });
    const environment = { DOCKER_HOST: "unix:///other.sock" };
    expect(await find({ address: "unix:///mine.sock", environment })).toEqual({ address: "unix:///mine.sock", source: "settings" });
  });

  test("by DOCKER_HOST before the context, unless it is empty", async () => {
    write("home/.docker/config.json", { currentContext: "remote" });
    write(metaOf("remote"), { Endpoints: { docker: { Host: "ssh://remote" } } });
    expect(await find({ environment: { DOCKER_HOST: "tcp://one:2375" } })).toEqual({ address: "tcp://one:2375", source: "DOCKER_HOST" });
    expect(await find({ environment: { DOCKER_HOST: "" } })).toEqual({ address: "ssh://remote", source: "docker context remote" });
  });

  test("by DOCKER_CONTEXT before the context of the configuration, and neither where it is the default one", async () => {
    write("home/.docker/config.json", { currentContext: "one" });
    for (const name of ["one", "two"]) write(metaOf(name), { Endpoints: { docker: { Host: `ssh://${name}` } } });
    expect((await find({ environment: { DOCKER_CONTEXT: "two" } })).address).toBe("ssh://two");
    expect((await find()).address).toBe("ssh://one");
    expect((await find({ environment: { DOCKER_CONTEXT: "default" } })).source).toBe("default");
  });

  test("by a context in the folder that DOCKER_CONFIG names", async () => {
    write("home/.docker/config.json", { currentContext: "one" });
    write("elsewhere/config.json", { currentContext: "two" });
    write(metaOf("two").replace("home/.docker", "elsewhere"), { Endpoints: { docker: { Host: "ssh://two" } } });
    expect((await find({ environment: { DOCKER_CONFIG: join(folder, "elsewhere") } })).address).toBe("ssh://two");
  });

  test("with the certificates of the context, where it has any", async () => {
    write("home/.docker/config.json", { currentContext: "one" });
    write(metaOf("one"), { Endpoints: { docker: { Host: "tcp://one:2376" } } });
    expect(await find()).toEqual({ address: "tcp://one:2376", source: "docker context one" });
    const tls = join(dirname(metaOf("one")).replace("meta", "tls"), "docker");
    write(join(tls, "ca.pem"), "");
    expect(await find()).toEqual({ address: "tcp://one:2376", source: "docker context one", certPath: join(folder, tls) });
  });

  test("never by a context that cannot be read", async () => {
    write("home/.docker/config.json", { currentContext: "gone" });
    await expect(find()).rejects.toThrow(
      `docker context "gone" is chosen but not there (${join(folder, metaOf("gone"))}); run "docker context use default" or set agent-sessions:local: {engine: …}`,
    );
    for (const meta of [{}, { Endpoints: {} }, { Endpoints: { docker: {} } }]) {
      write(metaOf("gone"), meta);
      await expect(find(), JSON.stringify(meta)).rejects.toThrow(
        'docker context "gone" names no engine; name one by agent-sessions:local: {engine: unix:///var/run/docker.sock}',
      );
    }
  });

  test("with the certificates that DOCKER_TLS_VERIFY asks for, by TCP alone", async () => {
    const environment = { DOCKER_TLS_VERIFY: "1", DOCKER_HOST: "tcp://one:2376" };
    expect((await find({ environment })).certPath).toBe(join(folder, "home/.docker"));
    expect((await find({ environment: { ...environment, DOCKER_CERT_PATH: "/certs" } })).certPath).toBe("/certs");
    expect((await find({ environment, address: "tcp://two:2376" })).certPath).toBe(join(folder, "home/.docker"));
    expect(await find({ environment: { ...environment, DOCKER_HOST: "unix:///one.sock" } })).not.toHaveProperty("certPath");
    expect(await find({ environment: { DOCKER_CERT_PATH: "/certs", DOCKER_HOST: "tcp://one:2376" } })).not.toHaveProperty("certPath");
  });

  test("at the first of the usual sockets that answers", async () => {
    const usual = [
      "run/docker.sock",
      "user/docker.sock",
      "home/.docker/run/docker.sock",
      "home/.colima/default/docker.sock",
      "user/podman/podman.sock",
      "run/podman/podman.sock",
      "home/.local/share/containers/podman/machine/podman.sock",
    ];
    for (const path of usual.toReversed()) {
      await listen(path);
      expect(await find()).toEqual({ address: `unix://${join(folder, path)}`, source: "socket" });
    }
  });

  test("not at a socket that nobody answers on, while another does", async () => {
    await abandon("run/docker.sock");
    expect(await find()).toEqual({ address: `unix://${join(folder, "run/docker.sock")}`, source: "socket" });
    await listen("user/docker.sock");
    expect((await find()).address).toBe(`unix://${join(folder, "user/docker.sock")}`);
  });

  test("where Docker's would be, when there is none", async () => {
    write("user/docker.sock", "a file, and no socket");
    expect(await find()).toEqual({ address: `unix://${join(folder, "run/docker.sock")}`, source: "default" });
  });
});

test.each([
  ["unix:///run/docker.sock", "/run/docker.sock"],
  ["unix:///var/run/user/1000/docker.sock", "/var/run/user/1000/docker.sock"],
  ["unix:///home/me/.colima/docker.sock", "/var/run/docker.sock"],
  ["unix:///srv/run/docker.sock", "/var/run/docker.sock"],
  ["tcp://unix:///run/other.sock", "/var/run/docker.sock"],
  ["ssh://host", "/var/run/docker.sock"],
])("an engine at %s listens on its own machine at %s", (address, path) => {
  expect(engineSocketOf({ address })).toBe(path);
});
