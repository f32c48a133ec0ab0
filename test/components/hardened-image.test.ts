import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { SessionImageArgs } from "../../components/hardened-image/args.ts";
import { buildContext } from "../../components/hardened-image/context.ts";
import { HardenedImage, toDockerImage } from "../../components/hardened-image/docker.ts";
import { record } from "../support/record.ts";

const home = process.cwd();
afterEach(() => {
  const folder = process.cwd();
  process.chdir(home);
  rmSync(folder, { recursive: true });
});
beforeEach(() => {
  process.chdir(mkdtempSync(join(tmpdir(), "agent-sessions-image-")));
  mkdirSync("images/session/files", { recursive: true });
  writeFileSync("images/session/Dockerfile", "FROM scratch\n");
  writeFileSync("images/session/files/run", "one", { mode: 0o644 });
  writeFileSync("ca.pem", "first");
});

const plain: SessionImageArgs = { source: "session", base: "debian:12" };
const made = (args: Partial<SessionImageArgs> = {}) => toDockerImage({ ...plain, ...args }, buildContext("images/session", args.caBundle));

test("it asks the provider for exactly this", async () => {
  const { one } = await record(
    () =>
      new HardenedImage("session", {
        ...plain,
        variant: "full",
        agent: { package: "p", version: "1.2.3" },
        packages: ["make", "gcc", "make"],
        platform: "linux/arm64",
        labels: { version: "1", revision: "r", created: "t" },
      }),
  );
  expect(one("Image")).toMatchObject({ name: "session-image", parent: one("HardenedImage").urn, dependencies: [] });
  expect(one("Image").inputs).toEqual({
    imageName: expect.stringMatching(/^agent-sessions-session:full-[0-9a-f]{12}$/),
    skipPush: true,
    // The provider's own default.
    buildOnPreview: false,
    build: {
      context: "images/session",
      dockerfile: "images/session/Dockerfile",
      target: "full",
      platform: "linux/arm64",
      builderVersion: "BuilderBuildKit",
      args: {
        BASE_IMAGE: "debian:12",
        AGENT_PACKAGE: "p",
        AGENT_VERSION: "1.2.3",
        PACKAGES: "gcc make",
        VERSION: "1",
        VCS_REF: "r",
        BUILD_DATE: "t",
      },
    },
  });
});

test("an image beside the sessions' has neither variant nor agent, and a tag of its own", async () => {
  mkdirSync("images/egress-proxy");
  writeFileSync("images/egress-proxy/Dockerfile", "FROM scratch\n");
  const { one } = await record(() => new HardenedImage("proxy", { ...plain, source: "egress-proxy" }));
  expect(one("Image").inputs).toEqual({
    imageName: expect.stringMatching(/^agent-sessions-egress-proxy:[0-9a-f]{12}$/),
    skipPush: true,
    buildOnPreview: false,
    build: {
      context: "images/egress-proxy",
      dockerfile: "images/egress-proxy/Dockerfile",
      builderVersion: "BuilderBuildKit",
      args: { BASE_IMAGE: "debian:12", VERSION: "", VCS_REF: "", BUILD_DATE: "" },
    },
  });
});

test("the tag stays while nothing in the build changes, wherever and whenever it is built", () => {
  const before = made();
  writeFileSync("images/session/files/run", "one");
  expect(made()).toEqual(before);
});

test("the tag stays with the same packages in another order, and with none", () => {
  expect(made({ packages: ["a1", "b1"] })).toEqual(made({ packages: ["b1", "a1"] }));
  expect(made({ packages: [] })).toEqual(made());
  expect(made().build.args).not.toHaveProperty("PACKAGES");
});

test.each<[string, Partial<SessionImageArgs>, () => void]>([
  ["a file's content", {}, () => writeFileSync("images/session/files/run", "two")],
  ["a file's name", {}, () => writeFileSync("images/session/files/more", "")],
  ["a file's execute bit", {}, () => chmodSync("images/session/files/run", 0o755)],
  ["the base", { base: "debian:13" }, () => {}],
  ["the variant", { variant: "full" }, () => {}],
  ["the agent", { agent: { package: "p", version: "1.0.0" } }, () => {}],
  ["the packages", { packages: ["make"] }, () => {}],
  ["the platform", { platform: "linux/arm64" }, () => {}],
  ["a label", { labels: { revision: "abc" } }, () => {}],
  ["a CA bundle", { caBundle: "ca.pem" }, () => {}],
])("the tag changes with %s", (_, args, change) => {
  const before = made().imageName;
  change();
  expect(made(args).imageName).not.toBe(before);
});

test("a CA bundle is built from a copy that holds it, named by its content; the sources stay as they are", () => {
  const sources = buildContext("images/session").hash;
  const first = made({ caBundle: "ca.pem" });
  expect(first.build.context).toMatch(/^\.agent-sessions\/contexts\/[0-9a-f]{16}$/);
  expect(readFileSync(join(first.build.context, "ca-bundle.crt"), "utf8")).toBe("first");
  expect(readFileSync(join(first.build.context, "files/run"), "utf8")).toBe("one");
  utimesSync(".agent-sessions/contexts", 0, 0);
  expect(made({ caBundle: "ca.pem" })).toEqual(first);
  expect(statSync(".agent-sessions/contexts").mtimeMs, "nothing is copied a second time").toBe(0);
  writeFileSync("ca.pem", "second");
  const second = made({ caBundle: "ca.pem" });
  expect(second.imageName).not.toBe(first.imageName);
  expect(second.build.context).not.toBe(first.build.context);
  expect(buildContext("images/session").hash).toBe(sources);
});

test("a bundle that is not there is refused and no image is registered", async () => {
  let refused: unknown;
  const { of } = await record(() => {
    try {
      new HardenedImage("session", { ...plain, caBundle: "gone.pem" });
    } catch (error) {
      refused = error;
    }
  });
  expect((refused as Error | undefined)?.message).toContain("gone.pem");
  expect(of("Image")).toEqual([]);
});

test("with a registry it is pushed there, and named by what the provider then tells: its digest", async () => {
  const { one } = await record(() => new HardenedImage("session", { ...plain, registry: "registry.example:5000/team" }));
  const { imageName, skipPush, ...rest } = one("Image").inputs;
  const { imageName: local, skipPush: __, ...same } = made();
  expect([imageName, skipPush]).toEqual([`registry.example:5000/team/${local}`, false]);
  expect(rest).toMatchObject(same);
});
