import { contextOf, imageKinds, isRemote } from "./read/build.ts";
import { flag } from "./read/value.ts";
import { cis, nist, type Rule } from "./rule.ts";

/** A git address that ends in a whole commit, with or without a folder after it. */
const pinned = /#[0-9a-f]{40}(:|$)/;

export const buildSource: Rule = {
  id: "IMG-003",
  name: "build-source",
  title: "The build's source or registry cannot be trusted",
  severity: "high",
  frameworks: [cis("2.5"), nist("4.2.1")],
  remediation: "Use TLS, and a commit in full.",
  reads: "insecureSkipVerify, build.context, build.remoteContext",
  kinds: imageKinds,
  *resource(image) {
    if (flag(image.props.insecureSkipVerify) === true) yield `The image "${image.name}" must check its registry's certificate.`;
    const context = contextOf(image);
    if (context === undefined || !isRemote(context)) return;
    if (/^http:\/\//.test(context) || !pinned.test(context)) yield `The image "${image.name}" must be built from a commit, over TLS.`;
  },
};
