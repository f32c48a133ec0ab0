import { buildOf, imageKinds } from "./read/build.ts";
import { entries, text } from "./read/value.ts";
import { advice, nist, owasp, type Rule } from "./rule.ts";

export const scanEvidence: Rule = {
  id: "IMG-005",
  name: "scan-evidence",
  title: "Nothing shows that the image was scanned",
  severity: "low",
  frameworks: [nist("4.1.1"), owasp("9")],
  remediation: "Scan it before it is rolled out, and say so in the label scan.",
  reads: "build.labels, build.label, labels",
  kinds: imageKinds,
  *resource(image) {
    const build = buildOf(image);
    // A pulled image is scanned where it is built.
    if (image.kind === "docker:RemoteImage" && image.props.build === undefined) return;
    for (const labels of [build.labels, build.label, image.props.labels])
      for (const [key, value] of entries(labels)) if (/(^|[./-])scan([./-]|$)/.test(key) && text(value)) return;
    yield advice(`The image "${image.name}" must be scanned before it is rolled out.`);
  },
};
