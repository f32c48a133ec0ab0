import { baseline } from "../baseline.ts";
import { holds, rangeOf } from "./read/cidr.ts";
import { specOf, title } from "./read/kubernetes.ts";
import { records, text, texts } from "./read/value.ts";
import { type Found, graded, type Rule } from "./rule.ts";

/** What a pod or a proxy of the cluster must not be led to: the metadata services, and the node itself. */
const forbidden = [...baseline.metadata.networks, "127.0.0.0/8", "::1/128", "fe80::/10", "0.0.0.0/32"];
const forbiddenName =
  /^(localhost|.*\.localhost|metadata|metadata\.google\.internal|instance-data(\..*)?|kubernetes\.default(\.svc(\..*)?)?)\.?$/i;

/** Whether a name or an address leads to what only the node may ask. Names that spell an address lead there too. */
function isForbidden(target: string): boolean {
  const address = target
    .replace(/\.(nip|sslip|xip)\.io\.?$/i, "")
    .replace(/^.*?(\d+[.-]\d+[.-]\d+[.-]\d+)$/, "$1")
    .replaceAll("-", ".");
  const bare = target.replace(/^\[|\]$/g, "");
  return forbiddenName.test(target) || [bare, address].some((one) => rangeOf(one) !== undefined && holds(forbidden, one));
}

function* inAddresses(addresses: Iterable<string>, name: string): Iterable<Found> {
  for (const address of addresses)
    if (isForbidden(address)) yield graded("high", `The ${name} must not lead to the node itself or to a metadata service.`);
}

export const foreignAddress: Rule = {
  id: "K8S-030",
  name: "foreign-address",
  title: "The name of a service leads out of the cluster",
  severity: "medium",
  also: ["high"],
  frameworks: [],
  remediation: "Name the address where it is used, and allow it in a network policy; a service leads to pods.",
  reads: "type, externalName, the addresses of Endpoints and EndpointSlices",
  kinds: ["kubernetes:Service", "kubernetes:Endpoints", "kubernetes:EndpointSlice"],
  *resource(subject) {
    const { kind, props } = subject;
    const name = title(subject);
    if (kind === "kubernetes:Service") {
      const { type, externalName } = specOf(subject);
      if (text(type) !== "ExternalName") return;
      yield `The ${name} must lead to pods of the cluster, not to another name.`;
      yield* inAddresses([text(externalName) ?? ""], name);
    } else if (kind === "kubernetes:Endpoints")
      for (const subset of records(props.subsets))
        for (const { ip } of records(subset.addresses)) yield* inAddresses([text(ip) ?? ""], name);
    else for (const endpoint of records(props.endpoints)) yield* inAddresses(texts(endpoint.addresses), name);
  },
};
