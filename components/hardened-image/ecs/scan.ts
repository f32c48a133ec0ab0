import type { ECRClient, DescribeImageScanFindingsCommandOutput } from "@aws-sdk/client-ecr";
import type { Fargate } from "../../fargate/provider.ts";
import { type ScanGate, severities } from "../args.ts";

/** Seconds between two questions, and for how long they are asked: a scan of a large image takes some minutes. */
const patience = { every: 5, atMost: 900 } as const;

/** How many findings a scan has, by their severity, in AWS's spelling. */
type Counts = Readonly<Record<string, number>>;

/** What stops a roll-out, as a part of a sentence; undefined where nothing does. */
export function stopping(counts: Counts, severity: ScanGate["severity"]): string | undefined {
  const barred = severities.slice(0, severities.indexOf(severity) + 1);
  const found = barred.flatMap((one) => {
    const count = counts[one.toUpperCase()] ?? 0;
    return count > 0 ? [`${count} ${one}`] : [];
  });
  return found.length === 0 ? undefined : `${found.join(", ")} finding${found.length === 1 && found[0]?.startsWith("1 ") ? "" : "s"}`;
}

/** Asks for the scan of an image. @returns undefined while there is none yet */
async function ask(
  client: Pick<ECRClient, "send">,
  image: { readonly registryId: string; readonly repositoryName: string; readonly imageId: { readonly imageDigest: string } },
): Promise<DescribeImageScanFindingsCommandOutput | undefined> {
  const { DescribeImageScanFindingsCommand, ScanNotFoundException } = await import("@aws-sdk/client-ecr");
  try {
    return await client.send(new DescribeImageScanFindingsCommand({ ...image, maxResults: 1 }));
  } catch (error) {
    if (error instanceof ScanNotFoundException) return undefined;
    throw error;
  }
}

/**
 * Waits for the scan of an image of ECR's.
 *
 * @param reference by its digest
 * @param client in the place of one of the region's
 * @returns the reference, when nothing in it stops a roll-out
 * @throws Error when something does, or there is no scan; nothing has been started from the image then
 */
export async function awaitScan(
  reference: string,
  { region, profile, scan }: Pick<Fargate, "region" | "profile" | "scan">,
  client?: Pick<ECRClient, "send">,
): Promise<string> {
  const { ECRClient } = await import("@aws-sdk/client-ecr");
  const ecr = client ?? new ECRClient({ region, ...(profile !== undefined && { profile }) });
  const [, registryId = "", repositoryName = "", imageDigest = ""] =
    /^(\d{12})\.dkr\.ecr\.[^/]+\/([^@:]+)@(sha256:[0-9a-f]{64})$/.exec(reference) ?? [];
  const wayOut = "mend the image, raise ecs.scan.severity, or write ecs.scan: {required: false}";
  for (let waited = 0; waited <= patience.atMost; waited += patience.every) {
    const answer = await ask(ecr, { registryId, repositoryName, imageId: { imageDigest } });
    const { status, description = "" } = answer?.imageScanStatus ?? {};
    if (status === "COMPLETE" || status === "ACTIVE") {
      const found = stopping(answer?.imageScanFindings?.findingSeverityCounts ?? {}, scan.severity);
      if (found === undefined) return reference;
      throw new Error(`the scan of ${reference} has ${found}; ${wayOut}`);
    }
    if (status === "FAILED" || status === "UNSUPPORTED_IMAGE")
      throw new Error(`${reference} could not be scanned: ${description || status}; ${wayOut}`);
    await new Promise((later) => setTimeout(later, patience.every * 1000));
  }
  throw new Error(`${reference} was not scanned within ${patience.atMost / 60} minutes; have ECR scan it, and run the roll-out again`);
}
