import { buildOf, imageKinds } from "./read/build.ts";
import { list, text } from "./read/value.ts";
import type { Rule } from "./rule.ts";

export const buildIsolation: Rule = {
  id: "IMG-002",
  name: "build-isolation",
  title: "The build has the host's network or more rights than it needs",
  severity: "high",
  frameworks: [],
  remediation: "Remove it.",
  reads: "build.network, build.networkMode, build.securityOpts",
  kinds: imageKinds,
  *resource(image) {
    const build = buildOf(image);
    if (text(build.network ?? build.networkMode)?.toLowerCase() === "host")
      yield `The image "${image.name}" must not be built on the host's network.`;
    for (const option of list(build.securityOpts))
      if (/unconfined|insecure|disable/i.test(text(option) ?? ""))
        yield `The image "${image.name}" must be built with the engine's own protection.`;
  },
};
