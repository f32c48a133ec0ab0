import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { seccompProfile } from "../../components/seccomp/docker.ts";
import { parse } from "../../stacks/settings.ts";
import type { Surroundings } from "../../stacks/verify/check.ts";
import { systemCalls } from "../../stacks/verify/checks/system-calls.ts";
import { targetOf } from "../../stacks/verify/target.ts";
import { promisedTo } from "../../stacks/verify/promised.ts";
import { verify } from "../../stacks/verify/run.ts";
import { liveEngine, Rig } from "./rig.ts";
import { type Body, failures, Twins } from "./verify-rig.ts";

const docker = await liveEngine();
const minute = 60_000;

/** A session's own profile with one more rule. */
const loosened = (rule: object) => {
  const profile = JSON.parse(seccompProfile);
  const [name] = (rule as { names: string[] }).names;
  for (const known of profile.syscalls) known.names = known.names.filter((other: string) => other !== name);
  profile.syscalls.push({ action: "SCMP_ACT_ALLOW", ...rule });
  return `seccomp=${JSON.stringify(profile)}`;
};

describe.skipIf(docker === undefined)("verify, of system calls", () => {
  const rig = new Rig(docker as NonNullable<typeof docker>, "verify-calls");
  const twins = new Twins(rig.docker);
  const surroundings = { greeting: "", neighbours: [], host: { notTried: "" } } as unknown as Surroundings;
  const session = { id: "v-calls", limits: { memory: "256 MB", cpu: 0.5, processes: 64, tmp: "16 MB" } };
  const promised = promisedTo(parse({ sessions: [session] }, { root: rig.root }).sessions[0]!);
  const profiles: Readonly<Record<string, { options: readonly string[]; found: readonly RegExp[] }>> = {
    same: { options: [`seccomp=${seccompProfile}`], found: [] },
    "the-engines": {
      options: [],
      found: [
        /^call-arguments not held: .*SO_BROADCAST came through/,
        /^sockets not held: AF_/,
        /^system-calls not held: .*vmsplice came through/,
      ],
    },
    none: {
      options: ["seccomp=unconfined"],
      found: [
        /^call-arguments not held: clone with a user namespace came through.*a 32-bit call came through/,
        /^sockets not held: .*AF_VSOCK came through.*a vsock stream came through/,
        /^system-calls not held: .*io_uring_setup came through.*userfaultfd came through/,
      ],
    },
    uring: {
      options: [loosened({ names: ["io_uring_setup"] })],
      found: [/^system-calls not held: io_uring_setup came through \((EFAULT|EPERM)\)$/],
    },
    vsock: { options: [loosened({ names: ["socket"] })], found: [/^sockets not held: .*AF_VSOCK came through \(EINVAL\)/] },
    terminal: {
      options: [loosened({ names: ["ioctl"] })],
      found: [
        /^call-arguments not held: TIOCSTI came through \(EBADF\); TIOCLINUX .*; TIOCSETD .*; TIOCSTI in 64 bits came through \(EBADF\)$/,
      ],
    },
  };
  let found: ReadonlyMap<string, string[]>;

  beforeAll(async () => {
    const { health } = await rig.up([session]);
    expect(health.map(({ state }) => state)).toEqual(["healthy"]);
    const profiled = (options: readonly string[]) => ({
      loosen: ({ HostConfig }: Body) => (HostConfig.SecurityOpt = ["no-new-privileges:true", ...options]),
    });
    const targets = await Promise.all(
      Object.entries(profiles).map(([name, { options }]) => twins.start(promised, name, profiled(options))),
    );
    found = await failures(targets, { checks: systemCalls, surroundings });
  }, 2 * minute);
  afterAll(async () => {
    await twins.dispose();
    await rig.dispose();
  }, minute);

  test("a session that was made makes none of them, and there are many", async () => {
    const [verified] = await verify([targetOf(rig.runtime, promised)], { checks: systemCalls, surroundings });
    expect(verified?.results.map(({ id, verdict, found: text }) => [id, verdict, Number(text.split(" ")[0]) > 8])).toEqual([
      ["system-calls", "held", true],
      ["sockets", "held", true],
      ["call-arguments", "held", true],
    ]);
  });

  test.each(Object.entries(profiles))("with the profile %s, what comes through is named and nothing else", (name, profile) => {
    expect(found.get(`v-twin-${name}`)?.sort()).toEqual(profile.found.map((pattern) => expect.stringMatching(pattern)));
  });

  test("an engine of before 23 and 25 lets vsock and io_uring through, which ours closes", async () => {
    const [major = 0] = (await rig.docker.version()).Version.split(".").map(Number);
    const text = found.get("v-twin-the-engines")?.join("\n") ?? "";
    expect([text.includes("a vsock stream came through"), text.includes("io_uring_setup came through")]).toEqual([major < 23, major < 25]);
  });

  test("a profile that the settings name is another promise", () => {
    const own = { ...promised, ownSeccompProfile: true };
    expect(systemCalls.map((check) => check.promise(own, surroundings))).toEqual([undefined, undefined, undefined]);
  });
});
