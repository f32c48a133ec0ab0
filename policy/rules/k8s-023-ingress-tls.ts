import { metadataOf, namespaceOf, nameOf, specOf, title } from "./read/kubernetes.ts";
import type { Subject } from "./read/subject.ts";
import { each, entries, isRecord, list, type Props, record, records, text, texts } from "./read/value.ts";
import { about, graded, type Rule } from "./rule.ts";

const isFilled = (value: unknown): boolean => [...list(value)].length > 0;

/** Annotations by which a load balancer in front ends TLS: it has the certificate, and the ingress names none. */
const balancerKey =
  /^(alb\.ingress\.kubernetes\.io\/certificate-arn|networking\.gke\.io\/(managed-certificates|certmap|pre-shared-certs?)|ingress\.gcp\.kubernetes\.io\/pre-shared-cert|appgw\.ingress\.kubernetes\.io\/appgw-ssl-certificate|service\.beta\.kubernetes\.io\/aws-load-balancer-ssl-cert)$/;

function endsAtBalancer(subject: Subject): boolean {
  for (const [key, value] of entries(metadataOf(subject).annotations)) {
    if (balancerKey.test(key) && text(value)) return true;
    if (key === "alb.ingress.kubernetes.io/listen-ports" && /"HTTPS"/.test(text(value) ?? "")) return true;
  }
  return false;
}

const hasTls = (listener: Props): boolean => /^(HTTPS|TLS)$/i.test(text(listener.protocol) ?? "");
const isPlain = (listener: Props): boolean => /^HTTP2?$/i.test(text(listener.protocol) ?? "");

/** Objects through which others come in, and whether they come in without TLS. */
const plain: Readonly<Record<string, (subject: Subject) => boolean>> = {
  "kubernetes:Ingress": (ingress) => !isFilled(specOf(ingress).tls),
  // A listener without TLS beside one with it is there to send people on; its routes are judged with it.
  "kubernetes:Gateway": (gateway) => {
    const listeners = [...records(specOf(gateway).listeners)];
    return listeners.some(isPlain) && !listeners.some(hasTls);
  },
  "kubernetes:route.openshift.io/Route": (route) => {
    const { tls } = specOf(route);
    return !isRecord(tls) || text(tls.insecureEdgeTerminationPolicy) === "Allow";
  },
  "kubernetes:networking.istio.io/Gateway": (gateway) =>
    [...records(specOf(gateway).servers)].some(
      ({ port, tls }) => /^HTTP2?$/i.test(text(record(port).protocol) ?? "") && record(tls).httpsRedirect !== true,
    ),
  "kubernetes:traefik.io/IngressRoute": (route) => {
    const { tls, entryPoints } = specOf(route);
    return !isRecord(tls) && ![...texts(entryPoints)].every((point, _, all) => all.length > 0 && /secure|https/i.test(point));
  },
  "kubernetes:projectcontour.io/HTTPProxy": (proxy) => {
    const { virtualhost } = specOf(proxy);
    return isRecord(virtualhost) && !isRecord(virtualhost.tls);
  },
};

/** Whether a route only sends people on to TLS. */
const redirects = (route: Subject): boolean =>
  [...records(specOf(route).rules)].every((rule) =>
    [...records(rule.filters)].some((filter) => text(record(filter.requestRedirect).scheme) === "https"),
  );

/** Whether a route is served by a listener without TLS of a gateway in the stack. */
function isServedPlain(route: Subject, gateways: readonly Subject[]): boolean {
  return [...records(specOf(route).parentRefs)].some((parent) => {
    const namespace = text(parent.namespace) ?? namespaceOf(route);
    const gateway = gateways.find((one) => nameOf(one) === text(parent.name) && namespaceOf(one) === namespace);
    if (!gateway || endsAtBalancer(gateway)) return false;
    const listeners = [...records(specOf(gateway).listeners)];
    const section = text(parent.sectionName);
    return listeners.some(hasTls) && listeners.some((one) => isPlain(one) && (section === undefined || section === text(one.name)));
  });
}

export const ingressTls: Rule = {
  id: "K8S-023",
  name: "ingress-tls",
  title: "An entrance has no TLS, or carries configuration of the proxy",
  severity: "medium",
  also: ["high"],
  frameworks: [],
  remediation: "Add tls, and send plain requests on to it; remove snippets.",
  reads: "tls, annotations, the listeners of gateways and the routes that they serve",
  kinds: Object.keys(plain),
  *resource(subject) {
    if (!subject.isPatch && plain[subject.kind]?.(subject) && !endsAtBalancer(subject)) yield `The ${title(subject)} must have TLS.`;
    for (const [key] of entries(metadataOf(subject).annotations))
      if (/^nginx\.(ingress\.kubernetes\.io|org)\/.*snippets?$/.test(key))
        yield graded("high", `The ${title(subject)} must not carry ${key}.`);
  },
  *stack(subjects) {
    const gateways = subjects.filter(({ kind }) => kind === "kubernetes:Gateway");
    yield* each(subjects, function* (route) {
      if (/^kubernetes:(HTTP|GRPC)Route$/.test(route.kind) && !redirects(route) && isServedPlain(route, gateways))
        yield about(route, `The ${title(route)} must be served with TLS alone, and plain requests be sent on to it.`);
    });
  },
};
