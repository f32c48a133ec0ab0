import { mkdirSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { localBase } from "../../components/hardened-image/args.ts";
import { automatic } from "../../policy/remediate.ts";
import { which } from "../../stacks/platforms/docker/setup/command.ts";
import { Checkout } from "../cli/checkout.ts";
import { liveEngine } from "./rig.ts";
import { missing } from "../support/missing.ts";

/** A stack that nobody hardened, with every remedy asked of the policy pack: what its provider makes of them, no mock shows. */

const docker = await liveEngine();
const cli = which("pulumi");
if (cli === undefined) missing("the tests of the Pulumi engine need the Pulumi CLI (pulumi) in PATH");

const name = "agent-sessions-remediation-test";
const program = `
import * as docker from "@pulumi/docker";
const labels = [{ label: "session_id", value: "remedied" }];
const sealed = new docker.Network("sealed", { name: "${name}", internal: true, labels });
const open = new docker.Network("open", { name: "${name}-open" });
const driverOpts = { type: "tmpfs", device: "tmpfs", o: "size=1m" };
const memory = new docker.Volume("memory", { name: "${name}", driver: "local", driverOpts });
new docker.Container("app", {
  name: "${name}",
  image: "${localBase}",
  labels,
  command: ["sleep", "infinity"],
  ports: [{ internal: 8080, external: 18475 }],
  tmpfs: { "/scratch": "exec,suid,size=1m" },
  volumes: [{ containerPath: "/auth", volumeName: memory.name }],
  networksAdvanced: [{ name: sealed.name }, { name: open.name }],
});
`;

describe.skipIf(docker === undefined || cli === undefined)("a remedied stack under the Pulumi CLI", () => {
  const engine = docker as NonNullable<typeof docker>;
  const checkout = new Checkout({
    PATH: `${dirname(process.execPath)}${delimiter}${process.env.PATH ?? ""}`,
    PULUMI_BACKEND_URL: "file://./state",
    PULUMI_CONFIG_PASSPHRASE: "test",
    PULUMI_SKIP_UPDATE_CHECK: "true",
  });
  const folder = join(checkout.root, "stranger");
  const write = (file: string, content: string) => writeFileSync(join(folder, file), content);
  const pack = ["--policy-pack", join(checkout.root, "policy"), "--policy-pack-config", join(folder, "levels.json")];
  const pulumi = async (...args: string[]) => {
    const words = ["--cwd", folder, ...args, "--stack", "test", "--non-interactive"];
    const { code, stdout, stderr } = await checkout.runProgram("pulumi", words);
    expect(code, `${stdout}${stderr}`).toBe(0);
    return stdout;
  };

  beforeAll(async () => {
    mkdirSync(join(folder, "state"), { recursive: true });
    write(
      "Pulumi.yaml",
      JSON.stringify({ name: "stranger", runtime: { name: "nodejs", options: { typescript: false } }, main: "index.js" }),
    );
    write("index.js", program);
    const remedied = Object.keys(automatic).map((id) => [id, "remediate"]);
    write("levels.json", JSON.stringify({ all: "advisory", ...Object.fromEntries(remedied) }));
    await pulumi("stack", "init");
  });
  afterAll(async () => {
    try {
      await pulumi("destroy", "--yes");
    } finally {
      checkout.dispose();
    }
  }, 60_000);

  test("is made as the remedies say, and a second preview has nothing to do", async () => {
    const said = await pulumi("up", "--yes", "--skip-preview", ...pack);
    for (const id of ["CTR-002", "CTR-005", "CTR-025", "CTR-028", "CTR-035", "CTR-037", "NET-000", "NET-001", "VOL-003"])
      expect(said).toMatch(new RegExp(`\\[remediate\\].*${id}`));
    const { HostConfig, Mounts } = await engine.getContainer(name).inspect();
    expect(HostConfig).toMatchObject({
      CapDrop: ["ALL"],
      Init: true,
      SecurityOpt: ["no-new-privileges:true"],
      PortBindings: { "8080/tcp": [{ HostIp: "127.0.0.1" }] },
      LogConfig: { Config: { "max-file": expect.any(String), "max-size": expect.any(String) } },
    });
    expect(HostConfig.Tmpfs?.["/scratch"]).toBe("size=1m");
    expect(Mounts).toMatchObject([{ Destination: "/auth", RW: false }]);
    expect((await engine.getNetwork(name).inspect()).Options).toMatchObject({
      "com.docker.network.bridge.enable_icc": "false",
      "com.docker.network.bridge.inhibit_ipv4": "true",
    });
    expect((await engine.getVolume(name).inspect()).Options?.o).toBe("size=1m,nosuid,nodev");
    await pulumi("preview", "--expect-no-changes", ...pack);
    await pulumi("preview", "--refresh", "--expect-no-changes", ...pack);
  }, 120_000);
});
