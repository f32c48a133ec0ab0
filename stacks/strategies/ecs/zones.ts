import { getSubnet } from "@pulumi/aws/ec2/getSubnet.js";
import type { FargateProvider } from "../../../components/fargate/provider.ts";
import { type Settings, SettingsError } from "../../settings.ts";

/**
 * Sessions with open egress run in the proxies' subnets of a VPC that is given, and their files have an end in each zone of the sessions'
 * subnets alone: from another zone no task mounts them.
 *
 * @throws SettingsError where there is such a zone. Where nobody says which zones there are, as in a plan, it is not known
 * @see https://docs.aws.amazon.com/efs/latest/ug/manage-fs-access.html
 */
export async function refuseUnmounted(
  { strategy: { vpc }, sessions }: Pick<Settings<"ecs">, "strategy" | "sessions">,
  provider: FargateProvider,
): Promise<void> {
  const open = sessions.find(({ network }) => network.egress === "open");
  if (open === undefined || !("id" in vpc)) return;
  const zoned = async (ids: readonly string[]) =>
    await Promise.all(ids.map(async (id) => ({ id, zone: (await getSubnet({ id }, { provider })).availabilityZone })));
  const [inner, outer] = [await zoned(vpc.subnets), await zoned(vpc.proxySubnets)];
  const zones = inner.map(({ zone }) => zone);
  const apart = outer.filter(({ zone }) => typeof zone === "string" && !zones.includes(zone));
  if (apart.length > 0)
    throw new SettingsError(
      apart.map(
        ({ id, zone }) =>
          `ecs.vpc.proxySubnets: ${id} is in ${zone}, where none of ecs.vpc.subnets is, and session "${open.id}" with egress open could not mount its files there; name a session subnet of that zone, or leave this one out.`,
      ),
    );
}
