import { createPrivateKey, X509Certificate } from "node:crypto";
import { type RateLimit, gatewayPublished } from "../../components/gateway/args.ts";
import { type SecretSource, sourceOf } from "./credentials.ts";
import type { ServicePort } from "./monitoring.ts";
import { sentence } from "./sentences.ts";
import type { StrategySetting } from "./strategy.ts";

/** The one entrance of a server; secrets are read when a plan is made. */
export interface GatewaySetting {
  readonly address: string;
  readonly names: readonly [string, ...string[]];
  readonly certificate?: { readonly chain: SecretSource; readonly key: SecretSource };
  readonly tokens: readonly SecretSource[];
  readonly users: Readonly<Record<string, SecretSource>>;
  readonly rateLimit?: RateLimit;
}

const place = ["single-node", "gateway"];

/** @param judged whether the key has its form, so that contradictions in it are real */
export function resolveGateway(
  strategy: StrategySetting<"single-node"> | undefined,
  root: string,
  judged: boolean,
  mistakes: string[],
): GatewaySetting | undefined {
  const given = strategy?.gateway;
  if (given === undefined || !judged) return undefined;
  const { address, names, certificate, tokens = [], users = {}, rateLimit } = given;
  const source = (secret: Parameters<typeof sourceOf>[0], ...path: string[]) => sourceOf(secret, root, [...place, ...path].join("."));
  if (tokens.length === 0 && Object.keys(users).length === 0)
    mistakes.push(sentence(place, given, "lets nobody in; name a token by tokens, or a user by users"));
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) mistakes.push(sentence([...place, "names"], twice, "is there twice; remove one"));
  return {
    address,
    names,
    ...(certificate !== undefined && {
      certificate: { chain: source(certificate.cert, "certificate", "cert"), key: source(certificate.key, "certificate", "key") },
    }),
    tokens: tokens.map((token, index) => source(token, `tokens[${index}]`)),
    users: Object.fromEntries(Object.entries(users).map(([name, password]) => [name, source(password, "users", name)])),
    ...(rateLimit !== undefined && { rateLimit: rateLimit as RateLimit }),
  };
}

/** The ports that it takes. */
export function gatewayServicePorts(gateway: GatewaySetting | undefined): ServicePort[] {
  if (gateway === undefined) return [];
  const wayOut = "end that, give the gateway another address, or remove it";
  return gatewayPublished(gateway).map(({ host, address }) => ({ path: place, name: "the gateway", port: host, address, wayOut }));
}

/** A secret that the gateway is given, and why a value cannot be it. */
interface GatewaySecret {
  readonly secret: SecretSource;
  readonly judge: (value: string) => string | undefined;
}

/** Every secret that the gateway is given. */
export function gatewaySecrets(gateway: GatewaySetting | undefined): GatewaySecret[] {
  if (gateway === undefined) return [];
  const { certificate, tokens, users, names } = gateway;
  return [
    ...(certificate === undefined
      ? []
      : [
          { secret: certificate.chain, judge: (value: string) => certificateFault(value, names) },
          { secret: certificate.key, judge: keyFault },
        ]),
    ...tokens.map((secret) => ({ secret, judge: tokenFault })),
    ...Object.values(users).map((secret) => ({ secret, judge: passwordFault })),
  ];
}

const tokenFault = (value: string) =>
  /^[\w.~+/=-]{24,512}$/.test(value)
    ? undefined
    : 'is not a token that nobody guesses: at least 24 letters, digits or - . _ ~ + / =; "openssl rand -hex 32" makes one';

const passwordFault = (value: string) => {
  if (/\p{Cc}/u.test(value)) return "holds a line break or another control character; give the password alone";
  if (Buffer.byteLength(value) > 128) return "is longer than 128 bytes; give a shorter password";
  return value.length < 12 ? "is shorter than 12 characters, and everybody may try; give a longer password" : undefined;
};

function certificateFault(value: string, names: readonly string[]): string | undefined {
  const read = attempt(() => new X509Certificate(value));
  if (read === undefined) return "is not a certificate in PEM; give a file that begins with -----BEGIN CERTIFICATE-----";
  if (read.validToDate.getTime() < Date.now()) return `ended on ${read.validTo}; give a new certificate`;
  const missing = names.filter((name) => read.checkHost(name) === undefined);
  return missing.length === 0 ? undefined : `is not for ${missing.join(", ")}; give a certificate of all names, or remove the name`;
}

const keyFault = (value: string) =>
  attempt(() => createPrivateKey(value)) === undefined
    ? "is not a private key in PEM without a password; give the certificate's key"
    : undefined;

/** Whether a certificate is the key's; what is not known of either proves nothing. */
export function isPair(certificate: string, key: string): boolean {
  const [read, own] = [attempt(() => new X509Certificate(certificate)), attempt(() => createPrivateKey(key))];
  return read === undefined || own === undefined || read.checkPrivateKey(own);
}

function attempt<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}
