import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import { costText, prices } from "../../components/fargate/cost.ts";
import { declaredOf } from "../../stacks/settings/ecs.ts";
import { quotaMistakes } from "../../stacks/settings/ecs-quotas.ts";
import { parse } from "../../stacks/settings.ts";
import { ecsSecrets, onEcs } from "../support/ecs.ts";
import { images } from "../support/fargate.ts";
import type { Recorded } from "../support/record.ts";

/** What a stack takes of an account, and what that costs. */

const place = { region: "eu-central-1", account: "123456789012", images, egressKey: { env: "ECS_TEST_EGRESS_KEY" } };

const sessionsOf = (sessions: readonly object[], ecs: object = {}) =>
  parse({ strategy: "ecs", ecs: { ...place, ...ecs }, sessions }, { environment: {} }).sessions;

const secret = { env: "ECS_TEST_TOKEN" };
const various = [
  { id: "a" },
  { id: "b", workspace: { kind: "tmpfs", size: "1 GB" }, limits: { cpu: 1, memory: "8 GB" } },
  { id: "c", network: { egress: { allow: ["example.com"] } } },
  { id: "d", credentials: { kind: "proxy", secret, upstream: "https://api.anthropic.com" } },
  { id: "e", pool: { autoscale: { min: 2, max: 5, schedule: [{ at: "cron(0 6 * * ? *)", min: 1, max: 7 }] } } },
  { id: "f", repositories: [{ name: "x", url: "https://example.com/x" }] },
  { id: "g", repositories: [{ name: "x", url: "https://example.com/x" }] },
];

describe("what sessions ask for is counted before anything is made", () => {
  let run: Recorded;
  beforeAll(async () => {
    run = await onEcs(various);
  });

  test("as it is asked for then", () => {
    Object.assign(process.env, ecsSecrets);
    const declared = declaredOf(sessionsOf(various));
    expect(run.of("Service").filter(({ type }) => type.startsWith("aws:ecs/"))).toHaveLength(
      declared.sessions.length + declared.serving.length,
    );
    expect(run.of("AccessPoint")).toHaveLength(declared.accessPoints);
    const sizes = [...declared.sessions, ...declared.serving].map(({ size, disk }) => ({ cpu: size.cpu, memory: size.memory, disk }));
    const registered = run.of("TaskDefinition").map(({ inputs: { cpu, memory, ephemeralStorage } }) => ({
      cpu: Number(cpu),
      memory: Number(memory),
      disk: (ephemeralStorage as { sizeInGib?: number } | undefined)?.sizeInGib,
    }));
    const sorted = (all: typeof sizes) => all.map((one) => JSON.stringify(one)).sort();
    expect(sorted(sizes)).toEqual(sorted(registered));
    // Those of backups and of a network's record are counted too, wherever they are.
    const roles = run.of("Role").length;
    const quota = (quotas: object) => quotaMistakes({ quotas }, declared);
    expect([quota({ roles }), quota({ roles: roles - 1 })]).toEqual([[], [expect.stringContaining("Roles in an AWS account")]]);
    const names = run.of("Service").filter(({ type }) => type.startsWith("aws:servicediscovery/")).length;
    expect([quota({ names }), quota({ names: names - 1 })]).toEqual([[], [expect.stringContaining("Instances per namespace")]]);
    // The VPC's own is one more, there may be sessions of a third reach, and those of the egress proxy are in the group of theirs.
    const groups = run.of("SecurityGroup").length;
    expect(quota({ securityGroups: groups + 3 })).toEqual([]);
    expect(quota({ securityGroups: groups })).toEqual([expect.stringContaining("VPC security groups per Region")]);
  });
});

describe("more than a quota allows is refused, by the quota's name", () => {
  const many = (count: number) => Array.from({ length: count }, (_, index) => ({ id: `s${index}` }));

  test.each<[string, number, { readonly proxied?: boolean; readonly quotas?: object }, string]>([
    [
      "roles",
      500,
      {},
      'sessions: 500 of them take 1002 of AWS\'s quota "Roles in an AWS account", which is 1000; describe fewer, or have AWS raise it and write it as ecs.quotas.roles.',
    ],
    [
      "processors, where it is said how many",
      4,
      { quotas: { vcpus: 6 } },
      'sessions: 4 of them take 8 of AWS\'s quota "Fargate On-Demand vCPU resource count", which is 6; describe fewer, or have AWS raise it and write it as ecs.quotas.vcpus.',
    ],
    [
      "services",
      3,
      { quotas: { services: 2 } },
      'sessions: 3 of them take 3 of AWS\'s quota "Services per cluster", which is 2; describe fewer, or have AWS raise it and write it as ecs.quotas.services.',
    ],
    [
      "access points",
      3,
      { quotas: { accessPoints: 8 } },
      'sessions: 3 of them take 9 of AWS\'s quota "Access points for each file system", which is 8; describe fewer, or have AWS raise it and write it as ecs.quotas.accessPoints.',
    ],
    [
      "security groups",
      3,
      { quotas: { securityGroups: 12 }, proxied: true },
      'sessions: 3 of them take 13 of AWS\'s quota "VPC security groups per Region", which is 12; describe fewer, or have AWS raise it and write it as ecs.quotas.securityGroups.',
    ],
    [
      "names by which proxies are found",
      3,
      { quotas: { names: 2 }, proxied: true },
      'sessions: 3 of them take 3 of AWS\'s quota "Instances per namespace", which is 2; describe fewer, or have AWS raise it and write it as ecs.quotas.names.',
    ],
  ])("%s", (_, count, { proxied = false, ...ecs }, sentence) => {
    const credentials = { kind: "proxy", secret, upstream: "https://api.anthropic.com" };
    const some = (count: number) => many(count).map((session) => ({ ...session, ...(proxied && { credentials }) }));
    expect(() => sessionsOf(some(count), ecs)).toThrow(sentence);
    expect(() => sessionsOf(some(count - 1), ecs)).not.toThrow();
  });
});

describe("what a stack grows by with each session", () => {
  const page = readFileSync(new URL("../../components/fargate/README.md", import.meta.url), "utf8");
  const list = { egress: { allow: ["api.anthropic.com"] } };

  test.each<[string, object]>([
    ["a session without egress", {}],
    ["one with an allow list", { network: list }],
    ["one with a key behind a proxy", { credentials: { kind: "proxy", secret, upstream: "https://api.anthropic.com" } }],
  ])("%s is as the page says", async (row, session) => {
    const [, objects, bytes] = new RegExp(`\\| ${row} \\| ([\\d,]+) \\| ([\\d,]+) \\|`).exec(page) ?? [];
    const figure = (text = "") => Number(text.replaceAll(",", ""));
    const [one, two] = await Promise.all(
      [["a"], ["a", "b"]].map(async (ids) => {
        const { all } = await onEcs(ids.map((id) => ({ id, ...session })));
        const made = all.filter(({ custom }) => custom);
        return { objects: made.length, bytes: made.reduce((sum, { inputs }) => sum + JSON.stringify(inputs).length, 0) };
      }),
    );
    const grown = { objects: (two?.objects ?? 0) - (one?.objects ?? 0), bytes: (two?.bytes ?? 0) - (one?.bytes ?? 0) };
    expect(grown.objects).toBe(figure(objects));
    // The page has round figures.
    expect(Math.abs(grown.bytes / figure(bytes) - 1), `${row}: ${grown.bytes} bytes`).toBeLessThan(0.1);
  });
});

describe("the cost", () => {
  const size = { cpu: 2048, memory: 4096 };

  test("of a session is that of its pair, at the prices of one region and month", () => {
    const { region, as, amd64 } = prices;
    const hour = (2 * amd64.core + 4 * amd64.memory).toFixed(3);
    expect(costText({ sessions: [{ size, count: 1, most: 1 }], serving: [] }, { architecture: "amd64", region: "us-east-1" })).toBe(
      `$${hour} for an hour of a session, $72 for a month of 1 task of a session, at AWS's prices of ${region} in ${as}. Left out: NAT gateways, VPC endpoints, what is stored and backed up, logs, secrets, alarms, traffic and taxes.`,
    );
  });

  test("says what a pool costs at most, what serves sessions, and that another region has prices of its own", () => {
    const small = { size: { cpu: 512, memory: 1024 }, count: 1, most: 1 };
    const pool = { size, disk: 27, count: 2, most: 5 };
    expect(
      costText({ sessions: [{ size, count: 1, most: 1 }, pool], serving: [small] }, { architecture: "arm64", region: "eu-central-1" }),
    ).toMatch(
      /^\$0\.079 to \$0\.080 for an hour of a session, \$189 for a month of 3 tasks of sessions and 1 that serves them, \$363 when pools are at their largest, at AWS's prices of us-east-1 in 2026-03; eu-central-1 may ask more\. /,
    );
  });

  test("is an output of the stack", async () => {
    const { outputs } = await onEcs([{ id: "a" }]);
    expect((outputs as { cost?: string }).cost).toMatch(/^\$0\.099 for an hour of a session, /);
  });
});
