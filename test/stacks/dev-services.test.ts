import { describe, expect, test } from "vitest";
import { devServicesOf } from "../../stacks/settings/dev-services.ts";
import { parse, SettingsError } from "../../stacks/settings.ts";
import { checks } from "../../stacks/verify/checks/index.ts";
import { promisedTo } from "../../stacks/verify/promised.ts";
import { noSurroundings } from "../../stacks/verify/run.ts";

/** What `local.devServices` and a session's `services` say. */

const read = (described: object) => parse({ sessions: [], ...described }, { environment: {} });
const both = { local: { devServices: { postgresql: {}, redis: { port: 7000 } } } };

function refusedWith(described: object): readonly string[] {
  try {
    read(described);
  } catch (error) {
    if (error instanceof SettingsError) return error.sentences;
    throw error;
  }
  return [];
}

test("there are those that the stack names, on their own ports unless it says otherwise", () => {
  expect(devServicesOf(read({}).strategy)).toEqual([]);
  expect(devServicesOf(read(both).strategy)).toEqual([
    { name: "postgresql", port: 5433 },
    { name: "redis", port: 7000 },
  ]);
});

test("a session is promised what it lists, once, and no other is", () => {
  const sessions = [{ id: "a", services: ["redis", "redis"] }, { id: "b" }];
  const { sessions: found } = read({ ...both, sessions });
  expect(found.map(({ services }) => services)).toEqual([["redis"], []]);
  const mounted = found.map((session) =>
    promisedTo(session)
      .mounts.map(({ target }) => target)
      .filter((target) => target.startsWith("/run/services")),
  );
  expect(mounted).toEqual([["/run/services/redis"], []]);
  expect(found.map((session) => promisedTo(session).network.isolation)).toEqual(["sealed", "sealed"]);
});

test("verify names a service's volume in a session that lists it not, and its data in any", () => {
  const [a, b] = read({ ...both, sessions: [{ id: "a", services: ["redis"] }, { id: "b" }] }).sessions.map(promisedTo);
  const own = checks.find(({ id }) => id === "own-volumes");
  const judged = (session: typeof a, kind: string) =>
    session && own?.expectation([{ target: "/run/services/redis", name: "v", kind }], session, noSurroundings).held;
  expect([judged(a, "redis"), judged(a, "redis-data"), judged(a, "postgresql"), judged(b, "redis")]).toEqual([true, false, false, false]);
});

describe("refused is", () => {
  test.each<[string, object, string]>([
    [
      "one that the stack has not",
      { local: { devServices: { redis: {} } }, sessions: [{ id: "a", services: ["postgresql"] }] },
      'sessions[0].services: "postgresql" is none that the stack has; write local.devServices: {postgresql: {}}, or remove it.',
    ],
    [
      "one that there is not",
      { ...both, sessions: [{ id: "a", services: ["mysql"] }] },
      'sessions[0].services[0]: "mysql" is not a service; write postgresql or redis.',
    ],
    [
      "one on a server",
      { strategy: "single-node", sessions: [{ id: "a", services: ["redis"] }] },
      'sessions[0].services: "redis" is none that the stack has; remove it, as the strategy local alone has any.',
    ],
    [
      "one on a swarm",
      { strategy: "swarm", sessions: [{ id: "a", services: ["redis"] }] },
      'sessions[0].services[0]: "redis" is a server for developing on one machine, which the strategy local alone has; remove it, and let the session reach one of your own by its allow list.',
    ],
    [
      "a port twice",
      { local: { devServices: { postgresql: { port: 6380 }, redis: {} } } },
      "local.devServices.redis.port: 6380 is taken by postgresql too; write another port for one of them.",
    ],
    [
      "a session's port",
      {
        local: { devServices: { redis: {} } },
        sessions: [{ id: "a", network: { egress: "open", ports: [{ container: 1, host: 6380 }] } }],
      },
      'local.devServices.redis.port: 6380 is taken by session "a" too; write another port for one of them.',
    ],
    [
      "an option that there is not",
      { local: { devServices: { redis: { password: "x" } } } },
      "local.devServices.redis.password: there is no such key; known here: port.",
    ],
  ])("%s", (_, described, sentence) => {
    expect(refusedWith(described)).toContain(sentence);
  });
});
