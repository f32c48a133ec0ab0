import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { environmentOf, limitsOf, mountsOf, type SessionContainerArgs } from "../../components/session-container/args.ts";
import { SessionContainer } from "../../components/session-container/docker.ts";
import { noEncryptedConfig, Secrets } from "../../stacks/secrets.ts";
import { parse, type Settings } from "../../stacks/settings.ts";
import { docker } from "../../stacks/strategies/docker.ts";
import type { PlatformClasses } from "../../stacks/strategies/classes.ts";
import { deploySessions } from "../../stacks/strategies/sessions.ts";
import { temporaryFolder } from "../support/folder.ts";
import { plainPlatform } from "../support/plain-platform.ts";
import { record } from "../support/record.ts";

/** What sessions are made of, on a platform that is none of those there are. */

const key = "sk-ant-api03-on-no-account";
const folder = temporaryFolder("deploy");
let settings: Settings;
let secrets: Secrets;

beforeAll(async () => {
  mkdirSync(join(folder, "home"));
  writeFileSync(join(folder, "home", "token"), "t\n", { mode: 0o644 });
  writeFileSync(join(folder, "key"), `${key}\n`);
  writeFileSync(join(folder, "rules.md"), "Be brief.\n");
  const secret = { file: "key" };
  settings = parse(
    {
      strategy: "local",
      egress: { parent: { url: "http://proxy.corp.test:3128", username: "me", secret } },
      sessions: [
        { id: "bare" },
        {
          id: "listed",
          network: { egress: { allow: ["github.com"] }, ports: [{ container: 80, host: 8080 }], dns: ["10.0.0.2"] },
          credentials: { kind: "file", secret },
          limits: { memory: "1 GB", processes: 64 },
          repositories: [{ name: "code", url: "https://github.com/o/code", ref: "main", username: "me", secret }],
          agent: { instructions: "rules.md" },
        },
        { id: "proxied", credentials: { kind: "proxy", secret }, workspace: { kind: "tmpfs", size: "64 MB" } },
        { id: "fetched", credentials: { kind: "init", command: "vault read", secret }, network: { egress: "open" } },
        { id: "told", credentials: { kind: "environment", secret, exception: { reason: "a test", owner: "me", expires: "2027-01-01" } } },
        { id: "mounted", credentials: { kind: "hostMount", path: "home" } },
      ],
    },
    { root: folder },
  );
  secrets = new Secrets(noEncryptedConfig);
  await secrets.read(settings);
});

async function deployed(platform: PlatformClasses) {
  const stack = { project: "agent-sessions", stack: "test" };
  let authority: readonly string[] = [];
  const { all } = await record(() => {
    ({ authority } = deploySessions(settings, platform, { stack, secrets, base: "debian:12", debug: false, opts: {} }));
  });
  return { all, authority };
}

/** What a session is described by, without what a platform made of it. */
const described = ({ parts, image: _, ...args }: SessionContainerArgs) => ({
  ...args,
  parts: parts.map(({ resources: _, replaceWith: __, ...part }) => ({
    ...part,
    companions: part.companions.map(({ image: _, ...companion }) => companion),
  })),
});

describe("on a platform of plain objects", () => {
  test("every part comes through the loop, and no resource is registered", async () => {
    const { platform, asked } = plainPlatform();
    const { all } = await deployed(platform);
    expect(all).toEqual([]);
    expect(asked.images).toMatchObject([{ source: "session", base: "debian:12" }, { source: "egress-proxy" }]);
    expect(asked.clones).toMatchObject([
      { kind: "repository", runs: "before", reaches: "any host", environment: { REPOSITORY_REF: "main", REPOSITORY_USERNAME: "me" } },
    ]);
    const of = Object.fromEntries(asked.sessions.map((session) => [session.sessionId, session]));
    const session = (id: string) => of[id] as SessionContainerArgs;
    expect(Object.keys(of)).toEqual(["bare", "listed", "proxied", "fetched", "told", "mounted"]);
    const companions = (id: string) => session(id).parts.flatMap((part) => part.companions.map(({ kind, runs }) => `${kind} ${runs}`));
    expect(companions("listed")).toEqual(["egress-proxy beside"]);
    expect(companions("proxied")).toEqual(["credential-proxy beside"]);
    expect(companions("fetched")).toEqual(["auth before"]);
    expect(companions("bare")).toEqual([]);
    const sources = (id: string) => mountsOf(session(id)).map(({ target, source }) => `${target} ${source.kind}`);
    expect(sources("bare")).toEqual([
      "/logs persistent",
      "/session persistent",
      "/tmp memory",
      "/tmp/agent memory",
      "/workspace persistent",
    ]);
    expect(sources("listed")).toEqual(expect.arrayContaining(["/auth secret", "/etc/claude-code secret", "/repos/code shared"]));
    expect(sources("proxied")).toEqual(expect.arrayContaining(["/run/credential-proxy companion", "/workspace memory"]));
    expect(sources("fetched")).toContain("/auth companion");
    expect(sources("mounted")).toContain("/auth/token host");
    expect(session("told").parts.flatMap(({ secretEnvironment }) => Object.keys(secretEnvironment))).toEqual(["CLAUDE_AUTH_TOKEN"]);
    expect(limitsOf(session("listed"))).toMatchObject({ memory: 1024 ** 3, processes: 64 });
    expect(environmentOf(session("listed"))).toMatchObject({ https_proxy: "http://egress-proxy:3128", SESSION_ID: "listed" });
  });

  test("the description is the one that Docker's own classes are given, and says what they may do alike", async () => {
    const { platform, asked } = plainPlatform();
    const given: SessionContainerArgs[] = [];
    class Kept extends SessionContainer {
      constructor(...all: ConstructorParameters<typeof SessionContainer>) {
        super(...all);
        given.push(all[1]);
      }
    }
    const [plain, onDocker] = [await deployed(platform), await deployed({ ...docker, SessionContainer: Kept })];
    expect(JSON.stringify(asked.sessions.map(described))).toBe(JSON.stringify(given.map(described)));
    expect(plain.authority).toEqual(onDocker.authority);
    expect(plain.authority).toContain("session listed: port 127.0.0.1:8080 to 80/tcp");
  });

  test("no secret and no word of one platform stands in it", async () => {
    const { platform, asked } = plainPlatform();
    await deployed(platform);
    const text = JSON.stringify([asked.sessions.map(described), asked.clones]);
    expect(text).toContain(`{"name":"file ${join(folder, "key")}"}`);
    expect(text).not.toContain(key);
    expect(text).not.toMatch(/networkMode|"alias|dnsO|"volume"|"bind"|tmpfs|docker|-(workspace|session|logs|fetched|managed)"/i);
  });
});
