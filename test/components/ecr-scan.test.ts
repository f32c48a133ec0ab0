import { ScanNotFoundException } from "@aws-sdk/client-ecr";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { awaitScan, stopping } from "../../components/hardened-image/ecs/scan.ts";
import { fargate, images } from "../support/fargate.ts";

test.each<[Record<string, number>, "critical" | "high" | "medium", string | undefined]>([
  [{}, "critical", undefined],
  [{ HIGH: 4, MEDIUM: 9 }, "critical", undefined],
  [{ CRITICAL: 1, HIGH: 4 }, "critical", "1 critical finding"],
  [{ CRITICAL: 1, HIGH: 4, MEDIUM: 9 }, "high", "1 critical, 4 high findings"],
  [{ HIGH: 0, MEDIUM: 2, LOW: 50 }, "medium", "2 medium findings"],
])("of a scan with %j stops from %s on: %s", (counts, severity, found) => expect(stopping(counts, severity)).toBe(found));

describe("a roll-out", () => {
  beforeEach(() => {
    vi.useFakeTimers();
    return () => vi.useRealTimers();
  });

  type Answer = object | Error;

  /** What becomes of an image for which ECR answers so, question by question; the last answer stays. */
  async function awaited(answers: readonly Answer[], severity: "critical" | "high" = "critical") {
    const asked: unknown[] = [];
    const send = async ({ input }: { readonly input: unknown }) => {
      const answer = answers[Math.min(asked.push(input), answers.length) - 1];
      if (answer instanceof Error) throw answer;
      return answer;
    };
    const place = { ...fargate, scan: { required: true, severity } };
    const end = awaitScan(images.session, place, { send } as unknown as Parameters<typeof awaitScan>[2]).catch((error: Error) => error);
    await vi.runAllTimersAsync();
    return { end: await end, asked };
  }

  const done = (findingSeverityCounts: Record<string, number>) => ({
    imageScanStatus: { status: "COMPLETE" },
    imageScanFindings: { findingSeverityCounts },
  });

  test("waits for the scan, and goes on where nothing stops it", async () => {
    const none = new ScanNotFoundException({ message: "none", $metadata: {} });
    const { end, asked } = await awaited([none, { imageScanStatus: { status: "IN_PROGRESS" } }, done({ HIGH: 3 })]);
    expect(end).toBe(images.session);
    expect(asked).toHaveLength(3);
    expect(asked[0]).toMatchObject({
      registryId: "123456789012",
      repositoryName: "session",
      imageId: { imageDigest: `sha256:${"0".repeat(64)}` },
    });
  });

  test("goes on once a scan that is renewed for as long as the image is there has found nothing", async () => {
    const { end, asked } = await awaited([{ imageScanStatus: { status: "ACTIVE" } }]);
    expect([end, asked.length]).toEqual([images.session, 1]);
  });

  test("waits for a scan that takes 15 minutes", async () => {
    const { end, asked } = await awaited([...Array(180).fill({ imageScanStatus: { status: "PENDING" } }), done({})]);
    expect([end, asked.length]).toEqual([images.session, 181]);
  });

  test.each<[string, readonly Answer[], RegExp]>([
    [
      "what a scan finds that is renewed",
      [{ ...done({ HIGH: 3 }), imageScanStatus: { status: "ACTIVE" } }],
      /has 3 high findings; mend the image, raise ecs\.scan\.severity, or/,
    ],
    ["what is found", [done({ HIGH: 3 })], /has 3 high findings; mend the image, raise ecs\.scan\.severity, or/],
    [
      "an image that cannot be scanned",
      [{ imageScanStatus: { status: "FAILED", description: "no such system" } }],
      /could not be scanned: no such system;/,
    ],
    [
      "a scan that does not come",
      [{ imageScanStatus: { status: "PENDING" } }],
      /was not scanned within 15 minutes; have ECR scan it, and run the roll-out again$/,
    ],
    ["a registry that does not let one ask", [new Error("AccessDenied")], /AccessDenied/],
  ])("is stopped by %s", async (_, answers, sentence) => {
    const { end } = await awaited(answers, "high");
    expect(String(end)).toMatch(sentence);
  });
});
