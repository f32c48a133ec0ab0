import { describe, expect } from "vitest";
import { baseline } from "../../policy/baseline.ts";
import { type LiveSession, sessionTests, whyNot } from "./live-session.ts";
import { missing } from "../support/missing.ts";

const reason = await whyNot();
if (reason !== undefined) missing(`tests of a session's uid, as ${reason}`);

describe.skipIf(reason !== undefined)("a session's uid", { concurrent: true }, () => {
  const { test } = sessionTests();

  test("knows every uid that a session may have by a name and as one of the group", async ({ start }) => {
    const { first, last } = baseline.ownUids;
    const session = await start({ uid: last });
    await session.becomes("healthy");
    expect((await session.exec("whoami; id -gn; getent passwd | grep -c '^agent1'")).out).toBe(`agent${last}\nagent\n${last - first + 1}`);
    expect((await session.exec(`getent passwd ${first} ${last} ${first - 1} ${last + 1}`)).out.split("\n")).toEqual(
      [first, last].map((uid) => `agent${uid}:x:${uid}:1000::/session/home:/bin/bash`),
    );
  });

  test.for([
    ["another uid", 10_001, 10_002, 10_001],
    ["the uid that others share", 10_001, 1000, 10_001],
    ["a uid of its own", 1000, 10_001, "shared"],
  ] as const)(
    "a session that was given %s does not start on the data it had before, and leaves it alone",
    async ([, before, after, wayOut], { start }) => {
      const owners = (session: LiveSession) => session.exec("stat -c '%n %u %a' /workspace /session /session/home", `${before}:1000`);
      const first = await start({ uid: before });
      await first.becomes("healthy");
      const owned = await owners(first);
      await first.container.stop({ t: 5 });
      const second = await start({ uid: after, after: first });
      expect(await second.ends()).toBe(1);
      expect(await second.logs()).toBe(
        `session: /workspace holds data of uid ${before}, and the session runs as uid ${after}, so it is not started; write "uid: ${wayOut}" for it, or remove its volumes.\n`,
      );
      const third = await start({ uid: before, after: first });
      await third.becomes("healthy");
      expect(await owners(third)).toEqual(owned);
    },
  );

  test("does not start under a uid of its own in a volume of an earlier version, which only uid 1000 may enter", async ({ start }) => {
    const first = await start();
    await first.becomes("healthy");
    await first.exec("chmod 0700 /workspace /session");
    await first.container.stop({ t: 5 });
    const second = await start({ uid: 10_001, after: first });
    expect(await second.ends()).toBe(1);
    expect(await second.logs()).toContain("/workspace holds data of uid 1000");
  });
});
