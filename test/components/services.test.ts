import { expect, test } from "vitest";
import { devService } from "../../components/dev-services/args.ts";
import { DevService } from "../../components/dev-services/docker.ts";
import { gateway } from "../../components/gateway/gateway.ts";
import { engineReader, supervisor } from "../../components/supervisor/args.ts";
import { Supervisor } from "../../components/supervisor/docker.ts";
import { record } from "../support/record.ts";

/** What serves the sessions of a stack together. */

const owner = { project: "agent-sessions", stack: "test", image: "i" };
const watched = { ...owner, strategy: "local", authority: [] };
const entrance = { ...owner, names: ["a.test"], tokens: [], users: {}, services: [] } as const;

test.each([
  ["supervisor", supervisor(watched), "agent-sessions-test-supervisor", 14_000],
  ["engine-reader", engineReader(owner, "/run/docker.sock"), "agent-sessions-test-engine-reader", 0],
  ["gateway", gateway(entrance), "agent-sessions-test-gateway", 14_001],
  ["postgresql", devService({ ...owner, service: "postgresql" }), "agent-sessions-test-postgresql", 14_002],
  ["redis", devService({ ...owner, service: "redis" }), "agent-sessions-test-redis", 14_002],
] as const)("%s runs beside them as a user of its own, and reaches nothing", (kind, service, name, user) => {
  expect(service).toMatchObject({ kind, name, user, image: "i", runs: "beside", reaches: "nothing" });
});

test("a supervisor has a network for what is reached by way of a gateway alone where it is asked for one", async () => {
  const supervised = async (closed: boolean) => {
    let made: Supervisor | undefined;
    const { of, all } = await record(() => {
      made = new Supervisor("s", { ...watched, closed, engineSocket: "/run/docker.sock" });
    });
    const container = all.find(({ name }) => name === "s-container");
    const networks = of("Network").map(({ urn, inputs }) => ({ urn, name: inputs.name as string }));
    const replaced = networks.filter(({ urn }) => container?.replaceWith.includes(urn)).map(({ name }) => name);
    return { made, names: networks.map(({ name }) => name), replaced, joined: container?.inputs.networksAdvanced };
  };
  const usual = ["agent-sessions-test-monitoring"];
  const without = await supervised(false);
  expect([without.names, without.replaced, without.made?.closed]).toEqual([usual, usual, undefined]);
  const both = [...usual, "agent-sessions-test-closed"];
  const { made, names, replaced, joined } = await supervised(true);
  expect([names.toSorted(), replaced.toSorted()]).toEqual([both.toSorted(), both.toSorted()]);
  expect(joined).toEqual(both.map((name) => ({ name, aliases: ["supervisor"] })));
  expect([made?.closed?.name, made?.closed?.resources.length, made?.network.resources.length]).toEqual([both[1], 1, 1]);
});

test("a server is made anew with its network and its volumes, whose old ones are gone first", async () => {
  const { one, of } = await record(() => new DevService("redis", { ...owner, service: "redis" }));
  const { replaceWith, dependencies, deleteBeforeReplace } = one("Container");
  const first = [one("Network"), ...of("Volume")].map(({ urn }) => urn).sort();
  expect([[...replaceWith].sort(), [...dependencies].sort(), deleteBeforeReplace]).toEqual([first, first, true]);
  expect(one("Network").deleteBeforeReplace).toBe(true);
});
