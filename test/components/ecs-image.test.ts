import { describe, expect, test } from "vitest";
import { HardenedImage } from "../../components/hardened-image/ecs/built.ts";
import type { Fargate } from "../../components/fargate/provider.ts";
import { awsServer } from "../support/aws/server.ts";
import { images, rolledOut } from "../support/aws/stack.ts";
import { onEcs } from "../support/ecs.ts";
import { onFargate } from "../support/fargate.ts";
import { record } from "../support/record.ts";

/** An image that an engine of this machine's builds for Fargate. */

const make = (source: "session" | "egress-proxy", place: Partial<Fargate> = {}) =>
  record(() => new HardenedImage(source, { source, base: "debian:12" }, onFargate(place)));

const account = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/agent-sessions-test";

test("goes to a repository of the stack's own, in which no tag moves and each image is scanned, encrypted and kept for a while", async () => {
  const { one } = await make("session");
  const repository = one("Repository");
  expect(repository).toMatchObject({ name: "session-repository", parent: one("LifecyclePolicy").parent });
  expect(repository.inputs).toEqual({
    name: "agent-sessions-test/agent-sessions-session",
    imageTagMutability: "IMMUTABLE",
    imageScanningConfiguration: { scanOnPush: true },
    encryptionConfigurations: [{ encryptionType: "AES256" }],
    forceDelete: true,
    tags: { "agent-sessions:kind": "images" },
  });
  const { name, inputs } = one("LifecyclePolicy");
  expect([name, inputs.repository]).toEqual(["session-lifecycle", "agent-sessions-test/agent-sessions-session"]);
  expect(JSON.parse(inputs.policy as string)).toEqual({
    rules: [
      {
        rulePriority: 1,
        description: "Keep the last 20 images",
        selection: { tagStatus: "any", countType: "imageCountMoreThan", countNumber: 20 },
        action: { type: "expire" },
      },
    ],
  });
});

test("is built for the tasks' processors, with the folders of their volumes, when its repository is there", async () => {
  const { one, of } = await make("session", { architecture: "arm64" });
  const image = one("Image");
  expect(image.inputs).toMatchObject({
    imageName: expect.stringMatching(new RegExp(`^${account}/agent-sessions-session:slim-[0-9a-f]{12}$`)),
    skipPush: false,
    build: { platform: "linux/arm64", target: "slim-volumes" },
  });
  const [component, built] = of("HardenedImage");
  expect([component?.type, built?.type]).toEqual(["agent-sessions:ecs:HardenedImage", "agent-sessions:docker:HardenedImage"]);
  expect(built?.parent).toBe(component?.urn);
  expect([...(built?.dependencies ?? [])].sort()).toEqual([one("LifecyclePolicy").urn, one("Repository").urn].sort());
});

test("has the key that the stack names, no folders of volumes beside sessions, and a stack's name in small letters", async () => {
  const { one } = await make("egress-proxy", { key: "arn:key", stack: "Test", architecture: "amd64" });
  expect(one("Repository").inputs).toMatchObject({
    name: "agent-sessions-test/agent-sessions-egress-proxy",
    encryptionConfigurations: [{ encryptionType: "KMS", kmsKey: "arn:key" }],
  });
  expect(one("Image").inputs).toMatchObject({ build: { platform: "linux/amd64" } });
  expect(one("Image").inputs.build).not.toHaveProperty("target");
});

test("in China's regions the registry is another's", async () => {
  const { one } = await make("egress-proxy", { region: "cn-north-1" });
  expect(one("Image").inputs.imageName).toMatch(/^123456789012\.dkr\.ecr\.cn-north-1\.amazonaws\.com\.cn\/agent-sessions-test\//);
});

test("a plan names it by a digest that stands for the one that comes", async () => {
  let image: HardenedImage | undefined;
  const told: string[] = [];
  await record(() => {
    image = new HardenedImage("session", { source: "session", base: "debian:12" }, onFargate());
    image.reference.apply((reference) => told.push(reference));
  });
  expect(told).toEqual([`${account}/agent-sessions-session@sha256:${"0".repeat(64)}`]);
});

describe("an image that is named", () => {
  const aws = awsServer();
  const scanned = (findingSeverityCounts: Record<string, number>) => {
    aws.answers = {
      DescribeImageScanFindings: () => ({ imageScanStatus: { status: "COMPLETE" }, imageScanFindings: { findingSeverityCounts } }),
    };
  };
  const rollOut = (required: boolean) => rolledOut({ ecs: { scan: { required, severity: "high" } }, sessions: [{ id: "a" }] });
  const imageIn = (all: Awaited<ReturnType<typeof rolledOut>>) =>
    /"image":"([^"]*)"/.exec(String(all.find(({ name }) => name === "a-definition")?.inputs.containerDefinitions))?.[1];

  test("starts once its scan lets it, where a scan is required", async () => {
    scanned({ MEDIUM: 2 });
    expect(imageIn(await rollOut(true))).toBe(images.session);
    const asked = aws.asked.map(({ operation, input }) => `${operation} ${String(input.registryId)}/${String(input.repositoryName)}`);
    expect(asked.sort()).toEqual(["proxy", "session"].map((name) => `DescribeImageScanFindings 123456789012/${name}`));
  });

  test("starts nothing while its scan has findings", async () => {
    scanned({ HIGH: 3 });
    await expect(rollOut(true)).rejects.toThrow(`ecs.images: the scan of ${images.session} has 3 high findings; mend the image`);
  });

  test("is asked about neither in a preview nor where no scan is required", async () => {
    expect(imageIn(await rollOut(false))).toBe(images.session);
    await onEcs([{ id: "a" }], { scan: { required: true } });
    expect(aws.asked).toEqual([]);
  });
});
