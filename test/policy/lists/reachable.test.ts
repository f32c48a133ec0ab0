import { describe, expect, test } from "vitest";
import { resource, sessionContainer } from "../fixtures.ts";
import { found } from "./found.ts";

const sentences = (rule: string, ...given: Parameters<typeof resource>) =>
  found(rule, resource(...given)).map((one) => one.replace(/^\w+: /, ""));

describe("the default bridge, by the name of a mode or of a network", () => {
  const by = (props: Record<string, unknown>) => found("CTR-038", sessionContainer(props)).map((one) => one.replace(/^\w+: /, ""));

  test.each<[string, boolean]>([
    ["", true],
    ["bridge", true],
    ["Bridge", true],
    ["default", true],
    ["none", false],
    ["xbridge", false],
    ["bridgex", false],
    ["defaults", false],
  ])("the mode %j is it: %s", (networkMode, is) => {
    expect(by({ networkMode })).toEqual(is ? ['The container "alpha" must not use the default bridge.'] : []);
    expect(by({ networkMode, networksAdvanced: [{ name: "own" }] })).toEqual([]);
  });

  test.each<[string, boolean]>([
    ["bridge", true],
    ["docker_gwbridge", true],
    ["bridgex", false],
    ["xbridge", false],
    ["docker_gwbridge2", false],
    ["default", false],
  ])("the network %j is it: %s", (name, is) => {
    expect(by({ networkMode: "none", networksAdvanced: [{ name: "own" }, { name }] })).toHaveLength(is ? 1 : 0);
  });

  test("a service without a network of its own has none of it", () => {
    expect(sentences("CTR-038", "docker:index/service:Service", "s", { taskSpec: { containerSpec: { image: "x" } } })).toEqual([]);
  });
});

test.each<[unknown, string[]]>([
  [8080, ['The container "c" must not take the node\'s port 8080.']],
  ["1", ['The container "c" must not take the node\'s port 1.']],
  [0, []],
  [undefined, []],
])("the node's port %j", (hostPort, expected) => {
  const spec = { containers: [{ name: "c", image: "x", ports: [{ containerPort: 80, hostPort }] }] };
  expect(sentences("K8S-016", "kubernetes:core/v1:Pod", "p", { spec })).toEqual(expected);
});

describe("the engine's address", () => {
  const certificates = 'The provider "p" must prove itself to the engine, and the engine to it, with certificates.';
  test.each<[Record<string, unknown>, boolean]>([
    [{ host: "tcp://x:2375" }, true],
    [{ host: "HTTP://x" }, true],
    [{ host: "xtcp://x" }, false],
    [{ host: "unix:///tcp://x" }, false],
    [{ host: "ssh://x" }, false],
    [{}, false],
    [{ host: "tcp://x", certPath: "/c" }, false],
    [{ host: "tcp://x", certPath: "" }, true],
    [{ host: "tcp://x", certMaterial: "c", keyMaterial: "k" }, false],
    [{ host: "tcp://x", certMaterial: "c" }, true],
    [{ host: "tcp://x", keyMaterial: "k" }, true],
  ])("%j is without proof: %s", (props, is) => {
    expect(sentences("PRV-001", "pulumi:providers:docker", "p", props)).toEqual(is ? [certificates] : []);
  });

  test("options of ssh are read together", () => {
    const check = 'The provider "p" must check the key of the host that it reaches by ssh.';
    const at = (...sshOpts: string[]) => sentences("PRV-001", "pulumi:providers:docker", "p", { host: "ssh://x", sshOpts });
    expect([at("-o", "StrictHostKeyChecking=no"), at("StrictHostKeyChecking", "no"), at("-o", "StrictHostKeyChecking=yes")]).toEqual([
      [check],
      [check],
      [],
    ]);
  });
});
