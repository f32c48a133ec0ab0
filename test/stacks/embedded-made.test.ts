import { describe, expect, test } from "vitest";
import { connectEngine } from "../../components/container-engine/connect.ts";
import { carryOut } from "../../stacks/embedded/carry-out.ts";
import { createConfig, createSecret } from "../../stacks/embedded/docker/delivered.ts";
import { createContainer } from "../../stacks/embedded/docker/container.ts";
import { createVolume } from "../../stacks/embedded/docker/volume.ts";
import type { DockerPlan, DockerStep } from "../../stacks/embedded/plan.ts";
import type { Registration } from "../../stacks/recorder/program.ts";
import { type Answers, scriptedEngine } from "../support/scripted-engine.ts";

/** What the embedded engine does in place of hooks, which it calls none of. */

const labels = [
  { label: "kind", value: "repository" },
  { label: "pids_limit", value: "44" },
];
const create = "POST /containers/create?name=a-name";
const start = "POST /containers/42/start";
const wait = "POST /containers/42/wait";
const logs = "GET /containers/42/logs?stdout=true&stderr=true&tail=5";

describe("a container", () => {
  const made = async (inputs: object, answers: Answers) => {
    const { asked, found } = await scriptedEngine({ [create]: [201, { Id: "42" }], [start]: [204], ...answers });
    const failure = await createContainer(connectEngine(found), { name: "a-name", image: "x", labels, ...inputs }, { stack: "p/s" }).then(
      () => undefined,
      (error: Error) => error.message,
    );
    return { asked: asked.map((one) => (typeof one === "string" ? one : one[0])), body: asked[0]?.[1], failure };
  };
  const job = { start: false, attach: true, mustRun: false };

  test("that serves is made with its process limit, and nobody waits for its end", async () => {
    const { asked, body, failure } = await made({}, {});
    expect([asked, failure]).toEqual([[create, start], undefined]);
    expect(body).toMatchObject({ HostConfig: { PidsLimit: 44 }, Labels: { kind: "repository", pids_limit: "44", stack: "p/s" } });
  });

  test("has its name alone in the request's address, which an engine may log, and not its environment", async () => {
    const { asked, body } = await made({ envs: ["KEY=a-secret"] }, {});
    expect(asked).toEqual([create, start]);
    expect(body).toMatchObject({ Env: ["KEY=a-secret"] });
  });

  test("that does one job has its process limit before it starts, and is waited for", async () => {
    const { asked, body, failure } = await made(job, { [wait]: [200, { StatusCode: 0 }] });
    expect([asked, failure]).toEqual([[create, start, wait], undefined]);
    expect(body).toMatchObject({ HostConfig: { PidsLimit: 44 } });
  });

  test("whose job ended with an error fails, with the last that it printed", async () => {
    const frame = "\u0002\0\0\0\0\0\0\u000a";
    const { failure } = await made(job, { [wait]: [200, { StatusCode: 3 }], [logs]: [200, `${frame}the cause\n`] });
    expect(failure).toBe("a-name ended with 3: the cause");
  });

  test("that is there for what is put into its volumes never starts", async () => {
    expect((await made({ start: false, mustRun: false }, {})).asked).toEqual([create]);
  });
});

describe("a volume", () => {
  const made = async (found: object) => {
    const engine = await scriptedEngine({ "POST /volumes/create": [201, { Name: "v" }], "GET /volumes/v": [200, { Name: "v", ...found }] });
    const inputs = { name: "v", driver: "local", labels: [{ label: "created_by", value: "agent-sessions" }] };
    return { name: await createVolume(connectEngine(engine.found), inputs, { stack: "p/s" }), body: engine.asked[0]?.[1] };
  };
  const own = { created_by: "agent-sessions", stack: "p/s" };

  test("is made with its labels and the stack's", async () => {
    const { name, body } = await made({ Driver: "local", Labels: own, Options: null });
    expect([name, body]).toEqual(["v", expect.objectContaining({ Name: "v", Driver: "local", Labels: own })]);
  });

  test.each([
    [{ Labels: null }, "was not made by agent-sessions"],
    [{ Labels: { ...own, stack: "p/other" } }, 'belongs elsewhere (label stack is "p/other")'],
    [{ Labels: own, Options: { device: "/etc" } }, "has options of its own, so its data may lie anywhere on the host"],
  ])("that the engine kept of somebody else's is refused: %j", async (found, why) => {
    await expect(made({ Driver: "local", ...found })).rejects.toThrow(`volume v is already there and ${why}`);
  });
});

test.each([
  ["secret", createSecret, "POST /secrets/create"],
  ["configuration", createConfig, "POST /configs/create"],
] as const)("a %s of Swarm's has nothing in its request's address, which an engine may log", async (_, create, request) => {
  const { asked, found } = await scriptedEngine({ [request]: [201, { ID: "42" }] });
  expect(await create(connectEngine(found), { name: "v", data: "YS1zZWNyZXQ=" }, { stack: "p/s" })).toBe("42");
  expect(asked).toEqual([[request, { Name: "v", Data: "YS1zZWNyZXQ=", Labels: { stack: "p/s" } }]]);
});

describe("what carries a hook", () => {
  const carried = (hook: string) => {
    const step = { name: "v", operation: "same", live: { id: "42" } } as DockerStep;
    const registration = { type: "docker:index/volume:Volume", inputs: {}, hooks: { beforeCreate: [hook] } } as unknown as Registration;
    return carryOut(step, registration, {} as DockerPlan, {} as Parameters<typeof carryOut>[3]);
  };

  test.each(["agent-sessions-process-limit", "agent-sessions-run-once", "agent-sessions-own-volume", "agent-sessions-service-limits"])(
    "%s is made, since what the hook does is part of it",
    async (hook) => {
      expect(await carried(hook)).toEqual({ id: "42", outputs: {} });
    },
  );

  test("of somebody else's is refused", async () => {
    await expect(carried("of-somebody-else")).rejects.toThrow(
      "v: the embedded engine does not know the hook of-somebody-else; deploy this stack with the Pulumi CLI (--engine pulumi)",
    );
  });
});
