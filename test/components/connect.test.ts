import { chmodSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test, vi } from "vitest";
import { connectEngine } from "../../components/container-engine/connect.ts";
import { temporaryFolder } from "../support/folder.ts";

/** The client of an engine, by the engine's address. Nothing is sent to any. */

const folder = temporaryFolder("connect");
for (const name of ["ca", "cert", "key"]) writeFileSync(join(folder, `${name}.pem`), `the ${name}`);

const opened = (address: string, certPath?: string) => {
  const { modem } = connectEngine({ address, source: "a test", ...(certPath !== undefined && { certPath }) } as never);
  const { socketPath, host, port, protocol, ca, cert, key } = modem as unknown as Record<string, unknown>;
  const files = [ca, cert, key].map((file) => (file === undefined || file === null ? undefined : String(file)));
  return { socketPath, host, port: port === undefined ? undefined : Number(port), protocol, files };
};
const plain = { socketPath: undefined, protocol: "http", files: [undefined, undefined, undefined] };

describe("an engine is spoken with", () => {
  test("by a socket", () => {
    expect(opened("unix:///run/x.sock").socketPath).toBe("/run/x.sock");
  });

  test.each([
    ["tcp://engine", { ...plain, host: "engine", port: 2375 }],
    ["engine:99", { ...plain, host: "engine", port: 99 }],
    ["http://engine:99", { ...plain, host: "engine", port: 99 }],
    ["https://engine", { ...plain, protocol: "https", host: "engine", port: 2375 }],
  ])("at %s", (address, wanted) => expect(opened(address)).toEqual(wanted));

  test.each([
    ["tcp://engine", 2376],
    ["tcp://engine:99", 99],
  ])("at %s with certificates by TLS alone", (address, port) => {
    expect(opened(address, folder)).toEqual({
      socketPath: undefined,
      protocol: "https",
      host: "engine",
      port,
      files: ["the ca", "the cert", "the key"],
    });
  });

  test("in no other way", () => {
    expect(() => opened("npipe://engine")).toThrow(
      'engine address "npipe://engine" is of no known kind; write unix:///path, tcp://host:port or ssh://user@host',
    );
  });
});

describe("by ssh, with the system's own", () => {
  vi.stubEnv("PATH", `${folder}:${process.env.PATH}`);
  afterAll(() => void vi.unstubAllEnvs());
  const told = join(folder, "told");
  // It answers one request, as the engine would at the other end.
  writeFileSync(
    join(folder, "ssh"),
    `#!/bin/sh\necho "$@" > ${told}\nread line\nprintf 'HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\nConnection: close\\r\\n\\r\\nOK'\ncat > /dev/null\n`,
  );
  chmodSync(join(folder, "ssh"), 0o755);

  test.each([
    ["ssh://host", "-T -o BatchMode=yes -o ConnectTimeout=20 -- host docker system dial-stdio"],
    ["ssh://me@host:2222", "-T -o BatchMode=yes -o ConnectTimeout=20 -p 2222 -l me -- host docker system dial-stdio"],
  ])("%s", async (address, args) => {
    const docker = connectEngine({ address, source: "a test" } as never);
    expect(String(await docker.ping())).toBe("OK");
    expect([existsSync(told), readFileSync(told, "utf8").trim()]).toEqual([true, args]);
  });
});
