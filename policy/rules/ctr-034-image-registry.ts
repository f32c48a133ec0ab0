import { imageOf, parseImage, pulledImage } from "./read/image.ts";
import { texts } from "./read/value.ts";
import { type Found, nist, owasp, type Rule, type Settings } from "./rule.ts";

/** Without a list there is nothing to compare, and an image that is not known yet is no reason to hold anything up. */
function* judge(title: string, read: () => string | undefined, settings: Settings): Iterable<Found> {
  const allowed = [...texts(settings.registries)].map((registry) => registry.toLowerCase());
  if (allowed.length === 0) return;
  const reference = read();
  if (reference === undefined || reference === "") return;
  const { registry } = parseImage(reference);
  if (registry !== undefined && !allowed.includes(registry))
    yield `The ${title} must not take its image from ${registry}, which is not an allowed registry.`;
}

export const imageRegistry: Rule = {
  id: "CTR-034",
  name: "image-registry",
  title: "The image comes from a registry that is not allowed",
  severity: "medium",
  frameworks: [nist("4.1.5"), owasp("13")],
  remediation: "Use an allowed registry.",
  reads: "image, a pulled image's name",
  settings: {
    registries: {
      type: "array",
      items: { type: "string" },
      description: "Registries that images may come from, host and port. With none, all may.",
      default: [],
    },
  },
  kinds: ["docker:RemoteImage"],
  *container(container, settings) {
    yield* judge(container.title, () => imageOf(container), settings);
  },
  *resource(subject, settings) {
    yield* judge(`image "${subject.name}"`, () => pulledImage(subject), settings);
  },
};
