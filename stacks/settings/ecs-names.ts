import { reportOf, platformControls } from "../controls.ts";
import type { Session } from "./session.ts";
import type { StrategySetting } from "./strategy.ts";

type Ecs = StrategySetting<"ecs">;

/** Whether a session reaches hosts that nobody has listed, and so asks for any name. */
export const asksAnyName = ({ network: { egress } }: Pick<Session, "network">): boolean =>
  typeof egress === "object" ? egress.mode === "audit" : egress === "open";

/** Whether a DNS firewall is to be in the VPC: one that is given is the business of whoever made it. */
export const wantsDnsFirewall = ({ dnsFirewall, vpc }: Pick<Ecs, "dnsFirewall" | "vpc">): boolean => dnsFirewall ?? !("id" in vpc);

/**
 * What a plan says where the resolver answers every name to sessions that reach none or a list: what is asked for can be a message to
 * whoever answers for the name.
 */
export function answeredNames(ecs: Ecs | undefined, sessions: readonly Session[]): string[] {
  if (ecs === undefined) return [];
  const concerned = sessions.filter((session) => !asksAnyName(session));
  const open = sessions.find(asksAnyName);
  const why = wantsDnsFirewall(ecs)
    ? open && `session ${open.id} asks for any host, and a VPC has one DNS firewall, so that there is none; give it a stack of its own`
    : "there is no DNS firewall in the VPC; write ecs.dnsFirewall: true";
  if (why === undefined || concerned.length === 0) return [];
  const what = { title: "no name that is not needed", why, source: "components/isolated-network/README.md" };
  return [reportOf(platformControls.ecs, what, concerned, sessions.length)];
}
