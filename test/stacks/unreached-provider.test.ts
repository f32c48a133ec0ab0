import { describe, expect, test } from "vitest";
import { parse } from "../../stacks/settings.ts";
import { unreachedProvider } from "../../stacks/strategies/unreached-provider.ts";

const secret = { env: "KEY" };
const file = { kind: "file", secret };
const exception = { reason: "a", owner: "b", expires: "2027-01-01" };

describe("the host that an agent with credentials cannot reach", () => {
  test.each<[object, string | undefined]>([
    [{}, undefined],
    [{ credentials: file }, "api.anthropic.com"],
    [{ credentials: { kind: "init", command: "echo" } }, "api.anthropic.com"],
    [{ credentials: { kind: "environment", secret, exception } }, "api.anthropic.com"],
    [{ credentials: { ...file, provider: "bedrock", region: "eu-central-1" } }, "bedrock-runtime.eu-central-1.amazonaws.com"],
    [{ credentials: { kind: "proxy", secret } }, undefined],
    [{ credentials: file, network: { egress: "open" } }, undefined],
    [{ credentials: file, network: { mode: "bridge" } }, "api.anthropic.com"],
    [{ credentials: file, network: { egress: { allow: ["example.com"] } } }, "api.anthropic.com"],
    [{ credentials: file, network: { egress: { allow: ["example.com"], mode: "audit" } } }, undefined],
    [{ credentials: file, network: { egress: { allow: ["api.anthropic.com"] } } }, undefined],
    [{ credentials: file, network: { egress: { allow: ["*.anthropic.com"] } } }, undefined],
    [{ credentials: file, network: { egress: { allow: [{ set: "anthropic" }] } } }, undefined],
    [
      {
        credentials: file,
        network: { egress: { allow: ["api.anthropic.com"] } },
        environment: { ANTHROPIC_BASE_URL: "https://gw.corp.example/x" },
      },
      "gw.corp.example",
    ],
    [
      {
        credentials: file,
        network: { egress: { allow: ["gw.corp.example"] } },
        environment: { ANTHROPIC_BASE_URL: "https://gw.corp.example/x" },
      },
      undefined,
    ],
  ])("%j: %s", (session, host) => {
    const [parsed] = parse({ sessions: [{ id: "a", ...session }] }, { environment: {} }).sessions;
    expect(unreachedProvider(parsed!)).toBe(host);
  });
});
