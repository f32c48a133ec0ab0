import { dataMount, quickCheck, settingsMount } from "../monitoring/args.ts";
import { type Mount, scratch, SecretReference, type Service, serviceLimits } from "../session-part.ts";
import { serviceName } from "../session.ts";
import { type GatewayArgs, secretsByFile } from "./args.ts";
import { toNginxConfig } from "./nginx.ts";

/** No session has this uid, and the image names no user of it. */
const user = 14_001;

/** Where it keeps the certificate that it makes. */
const data = "/var/lib/gateway";

/** nginx, which begins as the user that it stays. */
export function gateway(args: GatewayArgs): Service {
  const { certificate, names } = args;
  return {
    name: serviceName(args, "gateway"),
    kind: "gateway",
    runs: "beside",
    image: args.image,
    user,
    program: ["/usr/local/bin/gateway-entrypoint"],
    environment: { NAMES: names.join(",") },
    mounts: [
      settingsMount({ "nginx.conf": toNginxConfig(args, certificate === undefined ? data : "/secret") }),
      secretsOf(args),
      ...(certificate === undefined ? [dataMount(data)] : []),
      scratch,
    ],
    limits: serviceLimits,
    health: { ...quickCheck, command: ["/usr/local/bin/gateway-health"] },
    reaches: "nothing",
  };
}

function secretsOf(args: GatewayArgs): Mount {
  const secrets = Object.entries(secretsByFile(args));
  const name = secrets.map(([, secret]) => secret.name).join(", ");
  const files = new SecretReference(name, () => Object.fromEntries(secrets.map(([file, secret]) => [file, secret.reveal()])));
  return { target: "/secret", readOnly: true, source: { kind: "secret", name: "secret", files } };
}
