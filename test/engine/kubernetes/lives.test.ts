import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Cluster } from "./cluster.ts";
import { sessionImages } from "./images.ts";

/** A stack that is brought up after it was destroyed finds what it left, by the API server's own account of who has set which field. */

const cluster = new Cluster("lives");
const images = await sessionImages();
const { namespace } = cluster;
const pod = "claude-agent-kept-0";

const described = (podSecurity: string, workspace: string) => ({
  kubernetes: { images, podSecurity, namespace, claims: { workspace } },
  sessions: [
    {
      id: "kept",
      healthCheck: { interval: "2 s", startPeriod: "2 s" },
      limits: { memory: "256 MB", disk: "32 MB" },
      reservations: { cpu: 0.1, memory: "128 MB" },
    },
  ],
});

describe.skipIf(images === undefined)("a stack that is brought up again", () => {
  beforeAll(async () => {
    await cluster.up();
    await cluster.apply(described("v1.33", "32 MB"));
    await cluster.ready(pod);
    expect((await cluster.shell(pod, "echo left > /workspace/file")).code).toBe(0);
    await cluster.destroy();
  });
  afterAll(() => cluster.down());

  test("takes over the namespace and the claims that it left, whatever it now wants of them", async () => {
    const changes = await cluster.apply(described("v1.34", "64 MB"));
    expect(changes.get(`Namespace/${namespace}`)).toBe("update");
    expect(changes.get(`PersistentVolumeClaim/${namespace}/claude-agent-kept-workspace`)).toBe("update");
    await cluster.ready(pod);
    expect(await cluster.shell(pod, "cat /workspace/file")).toEqual({ code: 0, output: "left" });
  });

  test("is taken over by no other stack that names its namespace", async () => {
    await expect(new Cluster("stranger").apply(described("v1.34", "64 MB"))).rejects.toThrow(
      /Apply failed with \d+ conflicts?: conflicts? with "/,
    );
  });
});
