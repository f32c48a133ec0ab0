import { connect, createServer } from "node:net";
import { once } from "node:events";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { localBase } from "../../components/hardened-image/args.ts";
import { Checkout } from "../cli/checkout.ts";
import { Authority } from "../support/authority.ts";
import { temporaryFolder } from "../support/folder.ts";
import { canReachEngine, RemoteEngine } from "./remote-engine.ts";

/** What commands say of an engine on another machine that they do not reach, or are not to speak to. */

describe.skipIf(!canReachEngine)("an engine on another machine that is not reached", () => {
  let remote: RemoteEngine;
  const folder = temporaryFolder("refused");
  const ways = new Map<string, Record<string, string>>();

  /** What a command says, which is one sentence. */
  const said = async (variables: Readonly<Record<string, string>>, command = ["list"]) => {
    const checkout = new Checkout(variables);
    try {
      checkout.write("far", [{ id: "far" }], { image: { agent: "none", base: localBase } });
      const { code, stdout, stderr } = await checkout.run([...command, "--stack", "far"]);
      expect([code, stdout, stderr.trimEnd().split("\n").length], stderr).toEqual([expect.any(Number), "", 1]);
      return stderr.trimEnd();
    } finally {
      checkout.dispose();
    }
  };

  beforeAll(async () => {
    remote = new RemoteEngine();
    await remote.start();
    const stranger = new Authority(join(folder, "stranger"));
    remote.makeKey("stranger");
    remote.makeKey("other");
    const good = remote.sshAs("good");
    for (const [name, variables] of Object.entries({
      "another port": { ...good, DOCKER_HOST: "ssh://root@far:1" },
      "no such host": { ...good, DOCKER_HOST: "ssh://nowhere.invalid" },
      "another host key": remote.sshAs("changed", { known: remote.knownHosts("other") }),
      "an unknown host key": remote.sshAs("unknown", { known: "" }),
      "a key that nobody knows": remote.sshAs("unheard", { identity: join(remote.ssh, "stranger") }),
      "no engine": { ...good, DOCKER_HOST: "ssh://root@far/nowhere.sock" },
      "no ssh": { ...good, PATH: folder },
      "a certificate of another authority": remote.tls("foreign", { client: stranger.issue("foreign") }),
      "a certificate that has ended": remote.tls("ended", { client: remote.authority.issue("ended", undefined, -1) }),
      "an authority that has ended": remote.tls("ended-ca", { ca: remote.authority.ended() }),
      "another authority": remote.tls("other-ca", { ca: stranger.cert }),
      "TLS where none is spoken": { ...remote.tls("plain"), DOCKER_HOST: `tcp://${remote.there}:22` },
      "nobody at a port": { ...remote.tls("nobody"), DOCKER_HOST: `tcp://${remote.there}:1` },
      "no TLS": { DOCKER_HOST: remote.tls("without").DOCKER_HOST },
      "no certificates": { ...remote.tls("none"), DOCKER_CERT_PATH: folder },
    }))
      ways.set(name, variables);
  });
  afterAll(() => remote?.dispose());

  const means = {
    "another port":
      /: ssh does not get through \(ssh: connect to host 10\.214\.\d+\.2 port 1: Connection refused\); see that the machine runs/,
    "no such host": /: ssh knows no host of that name \(ssh: Could not resolve hostname nowhere\.invalid: .*\); write another name/,
    "another host key":
      /: its host key is not the one that known_hosts has \(Host key verification failed\); find out why before anything else/,
    "an unknown host key": /: its host key is not in known_hosts \(Host key verification failed\); sign in once by hand/,
    "a key that nobody knows":
      /: ssh is refused there with every key that it has \(root@10\.214\.\d+\.2: Permission denied \(publickey\)\); add this user's key/,
    "no engine": /: no engine runs there \(.*nowhere\.sock.*\); start it, or name its socket by ssh:\/\/host\/path/,
    "no ssh": /: this machine has no ssh; install OpenSSH's client/,
    "a certificate of another authority":
      /: the engine (refuses|ended the connection, as it does where it refuses) this machine's certificate \(.*\); put one in cert\.pem/,
    "a certificate that has ended": /: \S+\/cert\.pem has expired \(.* GMT\); make new ones/,
    "an authority that has ended": /: \S+\/ca\.pem has expired \(.* GMT\); make new ones/,
    "another authority": /: the engine's certificate is not of the authority in ca\.pem \(.*\); put the authority there that made it/,
    "TLS where none is spoken": /: no TLS is spoken there \(.*\); start dockerd with --tlsverify/,
    "nobody at a port": /: nothing answers \(ECONNREFUSED .*\); see that the machine and its engine run/,
    "no TLS": /: TLS alone is spoken there \(.*\); set DOCKER_TLS_VERIFY=1, and DOCKER_CERT_PATH to the certificates/,
    "no certificates": /is reached by TLS, and \S+\/ca\.pem cannot be read \(ENOENT\); set DOCKER_CERT_PATH/,
  };

  test.each(Object.entries(means))("is named with the reason and a way out: %s", async (name, sentence) => {
    const variables = ways.get(name) ?? {};
    expect(await said(variables)).toMatch(sentence);
    expect(await said(variables, ["up", "--yes"])).toMatch(sentence);
  });

  test("is spoken to without TLS by no up, before anything is touched", async () => {
    const server = createServer((client) => {
      const engine = connect(remote.engine.socket);
      client.pipe(engine).pipe(client);
      for (const socket of [client, engine]) socket.on("error", () => {});
    });
    await once(server.listen(0, "127.0.0.1"), "listening");
    const address = `tcp://127.0.0.1:${(server.address() as { port: number }).port}`;
    const checkout = new Checkout();
    checkout.write("far", [{ id: "far" }], { local: { engine: address }, image: { agent: "none", base: localBase } });
    const { code, stderr } = await checkout.run(["up", "--stack", "far", "--yes"]).finally(() => server.close());
    checkout.dispose();
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(/nothing was changed, because:\n {2}policy PRV-001: .* or TLS with certificates\./),
    ]);
    expect(await remote.engine.docker.listVolumes()).toMatchObject({ Volumes: [] });
  });
});
