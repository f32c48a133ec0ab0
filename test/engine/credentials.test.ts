import { randomBytes } from "node:crypto";
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { planJson, planText } from "../../stacks/cli/render.ts";
import { changes } from "../../stacks/recorder/plan.ts";
import { liveEngine, Rig } from "./rig.ts";

const docker = await liveEngine();
const minute = 60_000;
const random = () => randomBytes(12).toString("hex");

describe.skipIf(docker === undefined)("credentials as files", () => {
  const rig = new Rig(docker as NonNullable<typeof docker>, "credentials");
  const [first, second, aws] = [`key-${random()}`, `sk-ant-oat01-${random()}`, random()];
  const secretFile = join(rig.root, "secret");
  const file = (secret: object, more: object = {}) => ({ kind: "file", secret, ...more });
  const sessions = [
    { id: "cred-env", credentials: file({ env: "TEST_CREDENTIAL" }) },
    { id: "cred-file", credentials: file({ file: secretFile }) },
    {
      id: "cred-aws",
      credentials: file(
        { command: ["printf", `[default]\\naws_access_key_id = AKIA\\naws_secret_access_key = %s\\n`, aws] },
        { provider: "bedrock", region: "eu-central-1" },
      ),
    },
    { id: "cred-none" },
  ];
  const ids = sessions.map(({ id }) => id);
  const inspect = (name: string) => rig.docker.getContainer(`claude-agent-${name}`).inspect();
  const started = () => Promise.all(ids.map(async (id) => (await inspect(id)).State.StartedAt));
  const plan = async (described: readonly object[] = sessions) => {
    const engine = rig.engine(described);
    return engine.plan(await engine.live());
  };
  /** The files that the agent of a session can read and that hold a text. */
  const holders = async (id: string, text: string) =>
    (await rig.shell(id, `grep -rlsF -e ${text} --exclude-dir=proc --exclude-dir=sys / | sort`)).output
      .split("\n")
      .filter((line) => line !== "");

  beforeAll(async () => {
    process.env.TEST_CREDENTIAL = first;
    writeFileSync(secretFile, `${second}\n`);
    const { health } = await rig.up(sessions);
    expect(health.map(({ state }) => state)).toEqual(["healthy", "healthy", "healthy", "healthy"]);
  }, 10 * minute);
  afterAll(async () => {
    delete process.env.TEST_CREDENTIAL;
    await rig.dispose();
  }, 2 * minute);

  test("reach the agent read-only, in the form that it reads", async () => {
    expect((await rig.shell("cred-env", "session-credential; jq -r .apiKeyHelper ~/.claude/settings.json")).output).toBe(
      `${first}\n/usr/local/bin/session-credential`,
    );
    expect((await rig.shell("cred-file", "jq -r .claudeAiOauth.accessToken ~/.claude/.credentials.json; ls -A ~/.claude")).output).toBe(
      `${second}\n.credentials.json`,
    );
    expect(
      (
        await rig.shell(
          "cred-aws",
          'grep -c "$0" $AWS_SHARED_CREDENTIALS_FILE; echo $AWS_REGION $CLAUDE_CODE_USE_BEDROCK'.replace("$0", aws),
        )
      ).output,
    ).toBe("1\neu-central-1 1");
    for (const id of ["cred-env", "cred-file", "cred-aws"]) {
      expect((await rig.shell(id, "touch /auth/x")).output).toContain("Read-only file system");
    }
    expect((await rig.shell("cred-none", "ls -A /auth ~/.claude")).output).toBe("/auth:\n\n/session/home/.claude:");
  });

  test("are in no other place: not in what the engine tells of containers, volumes and images, not in logs", async () => {
    const own = (await rig.engine(sessions).live()).own;
    expect(
      own
        .filter(({ name }) => name.endsWith("-auth"))
        .map(({ name }) => name)
        .sort(),
    ).toEqual(["claude-agent-cred-aws-auth", "claude-agent-cred-env-auth", "claude-agent-cred-file-auth"]);
    const image = rig.docker.getImage((await inspect("cred-env")).Image);
    const told = [
      ...(await Promise.all(
        own.map(({ kind, id }) =>
          kind === "container"
            ? rig.docker.getContainer(id).inspect()
            : kind === "volume"
              ? rig.docker.getVolume(id).inspect()
              : rig.docker.getNetwork(id).inspect(),
        ),
      )),
      await image.inspect(),
      await image.history(),
      ...(await Promise.all(
        ids.map(async (id) => (await rig.docker.getContainer(`claude-agent-${id}`).logs({ stdout: true, stderr: true })).toString("utf8")),
      )),
      ...(await Promise.all(
        ids.map(async (id) => (await rig.shell(id, "cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null | tr '\\0' '\\n'")).output),
      )),
    ]
      .map((part) => JSON.stringify(part))
      .join("\n");
    expect(told).toContain("claude-agent-cred-env-auth-token");
    for (const secret of [first, second, aws]) expect(told).not.toContain(secret);
  });

  test(
    "of one session are in no file of another",
    async () => {
      expect(await holders("cred-env", first)).toEqual(["/auth/token"]);
      for (const id of ids.filter((other) => other !== "cred-env")) expect(await holders(id, first), id).toEqual([]);
      for (const id of ["cred-env", "cred-none"]) expect(await holders(id, second), id).toEqual([]);
    },
    3 * minute,
  );

  test("a second run changes nothing, and no policy rule is broken", async () => {
    const { plan: planned, report } = await plan();
    expect(changes(planned)).toBe(false);
    expect(report.findings.filter(({ verdict, resource }) => verdict === "violation" && /auth/.test(resource))).toEqual([]);
  });

  test(
    "a changed secret reaches its session without a restart, touches no other, and shows in no plan",
    async () => {
      const before = await started();
      const renewed = `key-${random()}`;
      process.env.TEST_CREDENTIAL = renewed;
      const { plan: planned, report, refusals } = await plan();
      expect(
        planned.steps
          .filter(({ operation }) => operation !== "same")
          .map(({ operation, name, changes: changed }) => [operation, name, changed.map(({ key }) => key)]),
      ).toEqual([["replace", "claude-agent-cred-env-auth", ["uploads"]]]);
      const shown = planText(planned, report) + JSON.stringify(planJson(planned, report, refusals));
      expect(shown).toContain("[secret ");
      for (const secret of [first, renewed]) expect(shown).not.toContain(secret);

      await rig.up(sessions);
      expect(await started()).toEqual(before);
      expect((await rig.shell("cred-env", "session-credential")).output).toBe(renewed);
      expect(await holders("cred-env", first)).toEqual([]);
      expect(changes((await plan()).plan)).toBe(false);
    },
    2 * minute,
  );

  test(
    "a run that was killed before the file was written is finished by the next",
    async () => {
      const { Config, Image } = await inspect("cred-env-auth");
      await rig.docker.getContainer("claude-agent-cred-env-auth").remove();
      await rig.docker.createContainer({ name: "claude-agent-cred-env-auth.filling", Image, Labels: Config.Labels });
      await rig.up(sessions);
      await expect(inspect("cred-env-auth.filling")).rejects.toThrow(/no such container/i);
      expect((await inspect("cred-env-auth")).State.Status).toBe("created");
      expect(changes((await plan()).plan)).toBe(false);
    },
    2 * minute,
  );

  test("a source that is not there is told before anything is touched, without what a command printed", async () => {
    const missing = [
      { id: "cred-env", credentials: file({ env: "TEST_NO_SUCH" }) },
      { id: "cred-file", credentials: file({ file: join(rig.root, "gone") }) },
      { id: "cred-none", credentials: file({ command: ["sh", "-c", `echo ${first} >&2; exit 3`] }) },
    ];
    const before = await started();
    const failure = await rig.up(missing).then(
      () => "",
      (error: Error) => error.message,
    );
    expect(failure.split("\n").slice(1)).toEqual([
      "  sessions[0].credentials.secret: env TEST_NO_SUCH is not set where this runs; export it.",
      `  sessions[1].credentials.secret: file ${rig.root}/gone is not there; name the file that holds the secret.`,
      "  sessions[2].credentials.secret: command sh ended with 3; run it by hand to see why.",
    ]);
    expect(await started()).toEqual(before);
  });

  test(
    "in the environment need an exception that holds, reach the agent, and show in no plan",
    async () => {
      const renewed = `sk-ant-oat01-${random()}`;
      process.env.TEST_CREDENTIAL = renewed;
      const described = (expires: string) => [
        ...sessions.slice(1),
        {
          id: "cred-env",
          credentials: { kind: "environment", secret: { env: "TEST_CREDENTIAL" }, exception: { reason: "a test", owner: "me", expires } },
        },
      ];
      expect((await plan(described("2020-01-01"))).refusals.join("\n")).toMatch(/policy CTR-026: cred-env-container: .*CLAUDE_AUTH_TOKEN/);
      const { plan: planned, report, refusals } = await plan(described("2099-12-31"));
      expect(refusals).toEqual([]);
      expect(planned.authority).toEqual({
        added: ["session cred-env: secret env TEST_CREDENTIAL as the variable CLAUDE_AUTH_TOKEN"],
        removed: ["session cred-env: secret env TEST_CREDENTIAL as a file below /auth"],
      });
      expect(planText(planned, report) + JSON.stringify(planJson(planned, report, refusals))).not.toContain(renewed);
      await rig.up(described("2099-12-31"));
      expect(
        (
          await rig.shell(
            "cred-env",
            "session-credential; tr '\\0' '\\n' </proc/$(pgrep -x tmux:\\ server)/environ | grep ^CLAUDE_CODE_OAUTH_TOKEN",
          )
        ).output,
      ).toBe(`${renewed}\nCLAUDE_CODE_OAUTH_TOKEN=${renewed}`);
      expect(JSON.stringify((await inspect("cred-env")).Config.Labels)).not.toContain(renewed);
      expect(changes((await plan(described("2099-12-31"))).plan)).toBe(false);
      await rig.up(
        sessions.map((session) => (session.id === "cred-env" ? { ...session, credentials: file({ env: "TEST_CREDENTIAL" }) } : session)),
      );
    },
    2 * minute,
  );

  test(
    "an init step fetches what the session then reads, and again when its secret changes",
    async () => {
      const init = (command: string) => [
        ...sessions.slice(1),
        { id: "cred-env", credentials: { kind: "init", secret: { env: "TEST_CREDENTIAL" }, command } },
      ];
      const command = "sed s/^boot/fetched/ /secret/token; echo noise >&2";
      process.env.TEST_CREDENTIAL = `boot-${random()}`;
      await rig.up(init(command));
      const fetched = () => `fetched-${process.env.TEST_CREDENTIAL?.slice("boot-".length)}`;
      expect((await rig.shell("cred-env", "session-credential")).output).toBe(fetched());
      expect((await rig.shell("cred-env", "ls -A /auth; ls /secret 2>&1")).output).toBe(
        "token\nls: cannot access '/secret': No such file or directory",
      );
      expect(await holders("cred-env", String(process.env.TEST_CREDENTIAL))).toEqual([]);
      for (const id of ["cred-file", "cred-none"]) expect(await holders(id, fetched()), id).toEqual([]);
      const before = await started();
      expect(changes((await plan(init(command))).plan)).toBe(false);

      process.env.TEST_CREDENTIAL = `boot-${random()}`;
      await rig.up(init(command));
      expect((await rig.shell("cred-env", "session-credential")).output).toBe(fetched());
      expect(await started()).toEqual(before);
      const logs = (await rig.docker.getContainer("claude-agent-cred-env-auth").logs({ stdout: true, stderr: true })).toString("utf8");
      expect(logs + JSON.stringify(await inspect("cred-env-auth"))).not.toContain(fetched());
    },
    3 * minute,
  );

  test(
    "an init step that fails fails the run, without what it printed",
    async () => {
      const failing = [
        ...sessions.slice(1),
        { id: "cred-env", credentials: { kind: "init", command: "echo hunter2; echo hunter2 >&2; exit 4" } },
      ];
      const failure = await rig.up(failing).then(
        () => "",
        (error: Error) => error.message,
      );
      expect(failure).toContain(
        "claude-agent-cred-env-auth ended with 1: the command that fetches the credential ended with 4; run it by hand to see why",
      );
      expect(failure).not.toContain("hunter2");
      await rig.up(
        sessions.map((session) => (session.id === "cred-env" ? { ...session, credentials: file({ env: "TEST_CREDENTIAL" }) } : session)),
      );
    },
    3 * minute,
  );

  test(
    "in a folder of the host are mounted read-only, and what changes in it is seen at once",
    async () => {
      const folder = join(rig.root, "own");
      mkdirSync(folder, { mode: 0o755 });
      writeFileSync(join(folder, "token"), "from-the-host\n");
      writeFileSync(join(folder, "history.jsonl"), "what was said elsewhere\n");
      chmodSync(join(folder, "token"), 0o644);
      await rig.up([...sessions.slice(1), { id: "cred-env", credentials: { kind: "hostMount", path: folder } }]);
      expect((await rig.shell("cred-env", "session-credential; jq -r .apiKeyHelper ~/.claude/settings.json; touch /auth/x")).output).toBe(
        "from-the-host\n/usr/local/bin/session-credential\ntouch: cannot touch '/auth/x': Read-only file system",
      );
      expect((await rig.shell("cred-env", "ls -A /auth")).output).toBe("token");
      writeFileSync(join(folder, "token"), "changed\n");
      expect((await rig.shell("cred-env", "session-credential")).output).toBe("changed");
      await rig.up(
        sessions.map((session) => (session.id === "cred-env" ? { ...session, credentials: file({ env: "TEST_CREDENTIAL" }) } : session)),
      );
    },
    2 * minute,
  );

  test("of every kind break no policy rule", async () => {
    const secret = { env: "TEST_CREDENTIAL" };
    const exception = { reason: "a test", owner: "me", expires: "2099-12-31" };
    const kinds = [
      { kind: "none" },
      { kind: "file", secret },
      { kind: "init", secret, command: "true" },
      { kind: "proxy", secret },
      { kind: "environment", secret, exception },
    ];
    const { report } = await plan(kinds.map((credentials, index) => ({ id: `cred-${index}`, credentials })));
    expect(report.findings.filter(({ verdict }) => verdict === "violation")).toEqual([]);
    expect(report.findings.filter(({ verdict }) => verdict === "excepted").map(({ rule }) => rule)).toEqual(["CTR-026"]);
    expect(report.score).toBe(100);
  });

  test(
    "credentials that are taken away leave neither volume nor trace",
    async () => {
      const without = sessions.map(({ id }) => ({ id }));
      const { plan: planned } = await plan(without);
      expect(planned.authority.removed).toEqual([
        "session cred-aws: secret command printf as a file below /auth",
        "session cred-env: secret env TEST_CREDENTIAL as a file below /auth",
        `session cred-file: secret file ${secretFile} as a file below /auth`,
      ]);
      await rig.up(without);
      expect((await rig.engine(without).live()).own.filter(({ name }) => name.includes("-auth"))).toEqual([]);
      expect((await rig.shell("cred-env", "cat ~/.claude/settings.json")).output).toBe("{}");
      expect((await rig.shell("cred-file", "ls -A ~/.claude")).output).toBe("");
      for (const id of ids) expect(await holders(id, readFileSync(secretFile, "utf8").trim())).toEqual([]);
    },
    3 * minute,
  );
});
