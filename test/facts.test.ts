import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { terminal } from "../components/session-container/attach.ts";
import { checkHostPath } from "../components/session-volumes/host-path.ts";
import { barredBlocks } from "../components/egress-proxy/addresses.ts";
import { alerts } from "../components/monitoring/alerts.ts";
import { states } from "../images/supervisor/files/session-state.ts";
import { baseline } from "../policy/baseline.ts";
import { holds, holdsMetadata } from "../policy/rules/read/cidr.ts";
import { isSensitive } from "../policy/rules/read/paths.ts";
import { defaultAgent, parse } from "../stacks/settings.ts";

/** Facts that stand in several places, where the order of the rooms, or a second language, forbids one. */

const text = (file: string) => readFileSync(join(fileURLToPath(new URL("..", import.meta.url)), file), "utf8");

test("a metadata service is reached neither through a proxy nor past a rule, and each is known", () => {
  const { services, networks } = baseline.metadata;
  for (const address of services) {
    expect([address, holds(networks, address)]).toEqual([address, true]);
    expect([address, holdsMetadata(address)]).toEqual([address, true]);
    // Whatever an entry admits.
    expect([address, holds(barredBlocks(["10.0.0.0/8", "100.64.0.0/10", "fc00::/7"]), address)]).toEqual([address, true]);
  }
});

test("where a user keeps credentials is refused by settings and found by the policy", () => {
  for (const name of [...baseline.userCredentials, ".config/gh", ".local/share/keyrings"]) {
    const verdict = checkHostPath(`/home/somebody/${name}`, { base: "/" });
    expect([name, verdict]).toEqual([name, { refused: expect.stringContaining("which holds credentials") }]);
    for (const path of [`/home/somebody/${name}`, `/srv/somebody/${name}/more`]) expect([path, isSensitive(path)]).toEqual([path, true]);
  }
  // A registry's, a build tool's and a cloud's among those of shells and engines.
  expect(baseline.userCredentials).toEqual(
    expect.arrayContaining([".ssh", ".aws", ".docker", ".kube", ".cargo", ".m2", ".pip", ".oci", ".netrc"]),
  );
  expect(isSensitive("/srv/somebody/awsome")).toBe(false);
  expect(isSensitive("/srv/somebody/xaws")).toBe(false);
});

test("the agent is of one version, in the settings, in what they say and in the image", () => {
  expect(text("images/session/Dockerfile")).toContain(`\nARG AGENT_VERSION=${defaultAgent.version}\n`);
  const said = (agent: unknown) => {
    try {
      return String(parse({ image: { agent }, sessions: [{ id: "one" }] }));
    } catch (error) {
      return (error as Error).message;
    }
  };
  for (const wrong of [{ version: "^2" }, "some"]) expect(said(wrong)).toContain(`"${defaultAgent.version}"`);
});

test("the terminal that is entered is the one that the image opens", () => {
  const name = / -t (\w+)$/.exec(terminal)?.[1];
  expect(text("images/session/files/entrypoint/agent.sh")).toContain(`tmux -f /etc/tmux.conf new-session -d -s ${name} `);
});

test("a token of claude setup-token is told from an API key by one beginning", () => {
  const files = [
    "components/credentials/args.ts",
    "images/session/files/bin/credential-fetch",
    "images/session/files/credential-proxy.js",
    "images/session/files/entrypoint/home.sh",
  ];
  const beginnings = files.flatMap((file) => [...text(file).matchAll(/sk-ant-[a-z]*/g)].map(([found]) => found));
  expect(beginnings).toEqual(files.map(() => "sk-ant-oat"));
});

test("what is looked for as a secret in a session is what was taken from it", () => {
  const pattern = "[\\w-]{20,}";
  expect(text("stacks/verify/known-secrets.ts")).toContain(`/${pattern}/g`);
  expect(text("stacks/verify/probes/secrets.py")).toContain(`rb"${pattern}"`);
});

test("the image has the user and the init process of the baseline", () => {
  const dockerfile = text("images/session/Dockerfile");
  expect(dockerfile).toMatch(new RegExp(`^USER ${baseline.user.uid}(:${baseline.user.gid})?$`, "m"));
  expect(dockerfile).toContain(`\nENTRYPOINT [${baseline.init.map((word) => JSON.stringify(word)).join(", ")}, `);
});

test("a session's states are of one list of words, in the commands, the supervisor and the alerts", () => {
  const declared = /readonly state: (".*");/.exec(text("stacks/runtime/session-state.ts"))?.[1] ?? "";
  expect([...declared.matchAll(/"([^"]+)"/g)].map(([, state]) => state)).toEqual([...states]);
  const named = JSON.stringify(alerts).matchAll(/"state":("[^"]+"|\["[^\]]+"\])/g);
  const words = [...named].flatMap(([, value = ""]) => [JSON.parse(value)].flat());
  expect(words).toHaveLength(3);
  expect(words.filter((word) => !states.includes(word))).toEqual([]);
});
