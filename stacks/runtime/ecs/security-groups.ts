import type { SecurityGroup } from "@aws-sdk/client-ec2";
import { tagNames } from "../../../components/fargate/tags.ts";
import type { FargateClient } from "./client.ts";

/** What a security group opens. */
export interface Group {
  readonly id: string;
  /** Where it lets traffic out to. */
  readonly egress: readonly Lead[];
}

/** One way that a group opens. */
export interface Lead {
  /** As people call it: `sg-1 on tcp 3128`, `0.0.0.0/0`. */
  readonly text: string;
  /** The kind of what stands behind the group that it leads to, by its tag; nothing where it leads to addresses. */
  readonly kind?: string;
}

/** The security groups of a stack, by their ids. */
export async function groupsOf(client: FargateClient, ids: readonly string[]): Promise<ReadonlyMap<string, Group>> {
  if (ids.length === 0) return new Map();
  // Of EC2's whole API, these questions alone are asked, and by few commands.
  const { EC2Client, paginateDescribeSecurityGroups } = await import("@aws-sdk/client-ec2");
  const ec2 = client.with(new EC2Client(client.options));
  const read = async (GroupIds: string[]) => {
    const found: SecurityGroup[] = [];
    for await (const page of paginateDescribeSecurityGroups({ client: ec2 }, { GroupIds })) found.push(...(page.SecurityGroups ?? []));
    return found;
  };
  const own = await read([...new Set(ids)]);
  const referenced = own.flatMap(({ IpPermissionsEgress = [] }) =>
    IpPermissionsEgress.flatMap(({ UserIdGroupPairs = [] }) => UserIdGroupPairs.flatMap(({ GroupId }) => GroupId ?? [])),
  );
  const others = new Map(
    (referenced.length === 0 ? [] : await read([...new Set(referenced)])).map((group) => [group.GroupId ?? "", group]),
  );
  return new Map(own.map((group) => [group.GroupId ?? "", toGroup(group, others)]));
}

export function toGroup({ GroupId = "", IpPermissionsEgress = [] }: SecurityGroup, others: ReadonlyMap<string, SecurityGroup>): Group {
  const egress = IpPermissionsEgress.flatMap(
    ({ IpProtocol, FromPort, UserIdGroupPairs = [], IpRanges = [], Ipv6Ranges = [], PrefixListIds = [] }) => {
      const on = IpProtocol === "-1" ? "" : ` on ${IpProtocol} ${FromPort ?? ""}`.trimEnd();
      const addresses = [...IpRanges.map(({ CidrIp }) => CidrIp), ...Ipv6Ranges.map(({ CidrIpv6 }) => CidrIpv6)];
      return [
        ...UserIdGroupPairs.map(({ GroupId: id = "" }) => ledTo(`${id}${on}`, FromPort, others.get(id))),
        // Of a service of AWS's own, such as S3, by whose endpoint images come.
        ...PrefixListIds.map(({ PrefixListId }): Lead => ({ text: `${PrefixListId}${on}`, kind: "endpoint" })),
        ...addresses.map((address): Lead => ({ text: `${address}${on}` })),
      ];
    },
  );
  return { id: GroupId, egress };
}

/** What has no tag of ours is the user's own: on the port of HTTPS an endpoint of AWS's, as settings name them, else anything. */
function ledTo(text: string, port: number | undefined, group: SecurityGroup | undefined): Lead {
  const kind = group?.Tags?.find(({ Key }) => Key === tagNames.kind)?.Value ?? (port === 443 ? "endpoint" : undefined);
  return { text, ...(kind !== undefined && { kind }) };
}
