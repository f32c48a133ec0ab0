import { execFile } from "node:child_process";
import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import type { Agent } from "node:http";
import { join } from "node:path";
import { inspect, promisify } from "node:util";
import { afterEach, describe, expect, test, vi } from "vitest";
import { connectEngine, greet } from "../../components/container-engine/connect.ts";
import { SshError, sshCommand } from "../../components/container-engine/ssh.ts";
import { whyUnreached } from "../../components/container-engine/unreached.ts";
import { forNode } from "../cli/checkout.ts";
import { temporaryFolder } from "../support/folder.ts";

const folder = temporaryFolder("ssh");
const log = join(folder, "log");

/** Puts a program in the place of ssh that notes when it begins and ends. @param does a shell line */
function standIn(does: string): void {
  writeFileSync(log, "");
  writeFileSync(join(folder, "ssh"), `#!/bin/bash\necho "begin $*" >> ${log}\ntrap 'echo end >> ${log}' EXIT\n${does}\n`);
  chmodSync(join(folder, "ssh"), 0o755);
  vi.stubEnv("PATH", `${folder}:${process.env.PATH}`);
}
const lines = () => readFileSync(log, "utf8").trim().split("\n");

/** Answers each request with what an engine says to a ping. */
const pong = `while IFS= read -r line; do [[ $line == $'\\r' ]] && printf 'HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\nOK'; done`;

afterEach(() => void vi.unstubAllEnvs());

const options = "-T -o BatchMode=yes -o ConnectTimeout=20";
test.each([
  ["ssh://far", `${options} -- far docker system dial-stdio`],
  ["ssh://me@far:2222/", `${options} -p 2222 -l me -- far docker system dial-stdio`],
  ["ssh://m%65@[2001:db8::1]", `${options} -l me -- 2001:db8::1 docker system dial-stdio`],
  ["ssh://far/run/user/1000/docker.sock", `${options} -- far docker --host unix:///run/user/1000/docker.sock system dial-stdio`],
])("%s is reached by ssh %s", (address, command) => {
  expect(sshCommand(address).join(" ")).toBe(command);
});

test.each([
  ["ssh://me:secret@far", "ssh://far is given with a password; use a key, and write ssh://user@host"],
  ["tcp://me:secret@far:2376", "tcp://far:2376 is given with a password, which no engine asks for; write it without"],
  ["https://me:secret@far", "https://far is given with a password"],
  ["ssh://", "names no host; write ssh://user@host"],
  ["ssh://far/a;b", 'ssh://far is followed by "/a;b"; write nothing, or the path of the engine\'s socket there'],
  ["ssh://far/$(id)", "is followed by"],
  ["ssh://far?x", "is followed by"],
])("%s is refused", (address, sentence) => {
  expect(() => connectEngine({ address, source: "settings" })).toThrow(sentence);
  expect(() => connectEngine({ address, source: "settings" })).not.toThrow("secret@");
});

describe("an engine by ssh", () => {
  const connecting = JSON.stringify(join(import.meta.dirname, "../../components/container-engine/connect.ts"));

  test("answers over one connection for requests one after the other, which keeps no process from ending", async () => {
    standIn(pong);
    const program = `import { connectEngine, greet } from ${connecting};
      const engine = connectEngine({ address: "ssh://me@far", source: "settings" });
      for (let count = 0; count < 3; count += 1) await greet(engine);
      console.log("answered");`;
    const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "--eval", program], {
      env: { ...process.env, ...forNode },
      timeout: 60_000,
    });
    expect([stdout, lines().filter((line) => line.startsWith("begin"))]).toEqual([
      "answered\n",
      [`begin ${options} -l me -- far docker system dial-stdio`],
    ]);
  });

  test("is let go of in the middle of what it says, though somebody else holds what ssh had open", async () => {
    const endless = "while :; do printf '4000\\r\\n%016384d\\r\\n' 0; done";
    standIn(`sleep 30 & printf 'HTTP/1.1 200 OK\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\n'; ${endless}`);
    const program = `import { connectEngine } from ${connecting};
      const engine = connectEngine({ address: "ssh://far", source: "settings" });
      const logs = await engine.getContainer("a").logs({ follow: true, stdout: true });
      await new Promise((resolve) => setTimeout(resolve, 500));
      logs.destroy();
      const begun = Date.now();
      process.once("exit", () => console.log(Date.now() - begun < 10_000 ? "at once" : "held up"));`;
    const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "--eval", program], {
      env: { ...process.env, ...forNode },
      timeout: 60_000,
    });
    expect(stdout).toBe("at once\n");
  });

  test("is signed in to by six at once at most", async () => {
    // None says anything before six are there; the others come when these have gone.
    standIn(`until (( $(grep -c begin ${log}) >= 6 )); do sleep 0.05; done; sleep 0.2; grep -c begin ${log} >> ${folder}/counts; exit 255`);
    const engine = connectEngine({ address: "ssh://far", source: "settings" });
    (engine.modem as unknown as { agent: Agent }).agent.maxSockets = 20;
    const asked = await Promise.allSettled(Array.from({ length: 12 }, () => engine.ping()));
    expect(asked.map(({ status }) => status)).toEqual(Array.from({ length: 12 }, () => "rejected"));
    const begun = lines();
    const at = begun.map((_, index) => begun.slice(0, index + 1).reduce((sum, line) => sum + (line.startsWith("begin") ? 1 : -1), 0));
    expect([begun.filter((line) => line.startsWith("begin")).length, Math.max(...at)]).toEqual([12, 6]);
  });

  test("costs no more with each connection, though the library writes its options out for each request", async () => {
    standIn(pong);
    const engine = connectEngine({ address: "ssh://far", source: "settings" });
    await Promise.all([greet(engine), greet(engine)]);
    const { agent } = engine.modem as unknown as { agent: Agent };
    expect(inspect(agent, { showHidden: true, depth: null })).toBe("SshAgent");
    agent.destroy();
  });

  test("says what ssh said when it ends, in the error and nowhere else", async () => {
    standIn('echo "first" >&2; echo "me@far: Permission denied (publickey)." >&2; exit 255');
    const error = await greet(connectEngine({ address: "ssh://far", source: "settings" })).catch((error: unknown) => error);
    expect(error).toBeInstanceOf(SshError);
    expect(error).toMatchObject({
      message: "ssh ended with 255: me@far: Permission denied (publickey).",
      said: "first\nme@far: Permission denied (publickey).\n",
    });
  });
});

test.each<[string, Record<string, string>]>([
  ["an engine without TLS", { DOCKER_HOST: "tcp://127.0.0.1:1" }],
  [
    "an engine whose certificates are not there",
    { DOCKER_HOST: "tcp://127.0.0.1:1", DOCKER_TLS_VERIFY: "1", DOCKER_CERT_PATH: "/nowhere" },
  ],
  ["another machine", { DOCKER_HOST: "ssh://far" }],
])("what is asked for is spoken to, though DOCKER_HOST names %s", (_, variables) => {
  for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value);
  const { modem } = connectEngine({ address: "unix:///run/x.sock", source: "settings" });
  expect(modem).toMatchObject({ socketPath: "/run/x.sock", protocol: "http", host: undefined, port: undefined, ca: undefined });
  expect(connectEngine({ address: "tcp://far:2375", source: "settings" }).modem).toMatchObject({ host: "far", protocol: "http" });
  expect(process.env.DOCKER_HOST).toBe(variables.DOCKER_HOST);
});

describe("why an engine is not reached", () => {
  const ssh = (said: string) => whyUnreached({ address: "ssh://far" }, new SshError(said, "255"));
  const tls = (code: string) => whyUnreached({ address: "tcp://far:2376", certPath: "/c" }, Object.assign(new Error("words"), { code }));
  const plain = (code: string, words = "words") => whyUnreached({ address: "tcp://far:2375" }, Object.assign(new Error(words), { code }));

  test.each([
    [
      "@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @\nHost key verification failed.\r\n",
      /^its host key is not the one .*ssh-keygen -R/,
    ],
    ["Host key verification failed.", /^its host key is not in known_hosts \(Host key verification failed\); sign in once by hand/],
    ["me@far: Permission denied (publickey,password).", /^ssh is refused there with every key .*authorized_keys/],
    ["ssh: connect to host far port 22: Connection timed out", /^ssh does not get through \(ssh: connect to host/],
    ["kex_exchange_identification: Connection closed by remote host", /^ssh does not get through/],
    ["bash: line 1: docker: command not found", /^there is no program docker there .*; install Docker's command line/],
    ["sh: 1: docker: not found", /^there is no program docker there/],
    ["Got permission denied while trying to connect to the Docker daemon socket at unix:///x", /^the user there may not use the engine/],
    ["dial unix /x: connect: no such file or directory", /^no engine runs there .*; start it/],
    ["something else", /^ssh ended with 255: something else; see that ssh to it works by hand$/],
  ])("by ssh: %j", (said, sentence) => {
    expect(ssh(said)).toMatch(sentence);
  });

  test.each([
    ["CERT_HAS_EXPIRED", /^the engine's certificate has expired/],
    ["ERR_OSSL_PEM_NO_START_LINE", /^the certificates of this machine cannot be read/],
    ["CERT_NOT_YET_VALID", /set the clocks/],
    ["ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED", /^the engine refuses this machine's certificate, which has expired/],
    ["SELF_SIGNED_CERT_IN_CHAIN", /^the engine's certificate is not of the authority in ca\.pem/],
    ["UNABLE_TO_VERIFY_LEAF_SIGNATURE", /^the engine's certificate is not of the authority in ca\.pem/],
    ["ERR_TLS_CERT_ALTNAME_INVALID", /^the engine's certificate is for another name/],
    ["ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED", /^the engine refuses this machine's certificate \(/],
    ["ERR_SSL_WRONG_VERSION_NUMBER", /^no TLS is spoken there/],
    [
      "ECONNRESET",
      /^the engine ended the connection, as it does where it refuses .* certificate \(.*; or see that no firewall is between$/,
    ],
    ["ECONNREFUSED", /^nothing answers \(ECONNREFUSED words\)/],
    ["ENOTFOUND", /^there is no host of that name/],
  ])("by TLS: %s", (code, sentence) => {
    expect(tls(code)).toMatch(sentence);
  });

  test("by others, and of a socket of this machine nothing", () => {
    expect(plain("", "(HTTP code 400) - Client sent an HTTP request to an HTTPS server.")).toMatch(/^TLS alone .* set DOCKER_TLS_VERIFY=1/);
    expect(plain("ECONNRESET")).toMatch(/^nothing answers/);
    expect(whyUnreached({ address: "ssh://far" }, Object.assign(new Error("spawn ssh ENOENT"), { code: "ENOENT" }))).toMatch(/no ssh/);
    expect(whyUnreached({ address: "unix:///x" }, new Error("x"))).toBeUndefined();
  });
});
