import { imageOf, isFloating, parseImage, pulledImage } from "./read/image.ts";
import { Unknown } from "./read/value.ts";
import type { Container } from "./read/workload.ts";
import { cis, type Found, graded, type Rule } from "./rule.ts";

function* judge(title: string, reference: string | undefined): Iterable<Found> {
  if (reference === undefined || reference === "") return;
  const { tag, pinned } = parseImage(reference);
  if (pinned) return;
  if (isFloating(tag)) yield `The ${title} must name its image by digest, or at least by a tag that is a version.`;
  else yield graded("low", `The ${title} must name its image by digest as well: a tag can be moved.`);
}

/** An image that the same deployment builds, or pulls by a name that is judged by itself, is known only after that. */
function isMadeHere({ workload: { subject } }: Container): boolean {
  return (subject.resource.dependencies ?? []).some((urn) =>
    /^(docker|docker-build):.*:(Image|RemoteImage)$/.test(urn.split("::")[2]?.split("$").at(-1) ?? ""),
  );
}

export const pinnedImage: Rule = {
  id: "CTR-033",
  name: "pinned-image",
  title: "The image is not pinned",
  severity: "high",
  also: ["low"],
  frameworks: [cis("5.28")],
  remediation: "Use repository@sha256:digest.",
  reads: "image, a pulled image's name",
  kinds: ["docker:RemoteImage"],
  admission: {
    expression: 'variables.containers.all(c, c.image.matches("@sha256:[0-9a-f]{64}$") || c.image in variables.images)',
    message: "Every container of the pod must name its image by digest, or as the deployment does.",
  },
  *container(container) {
    try {
      yield* judge(container.title, imageOf(container));
    } catch (error) {
      throw error instanceof Unknown && isMadeHere(container) ? new Unknown(error.path, true) : error;
    }
  },
  *resource(subject) {
    yield* judge(`image "${subject.name}"`, pulledImage(subject));
  },
};
