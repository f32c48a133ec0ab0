import type * as pulumi from "@pulumi/pulumi";

/** How far a session gets. */
export type Reach = "nothing" | "egress proxy" | "anywhere";

/** Where sessions of a stack run, and what serves them. */
export interface PrivateNetwork {
  readonly vpc: pulumi.Input<string>;
  /** Subnets without a way out, in which sessions run. */
  readonly subnets: readonly pulumi.Input<string>[];
  /** Subnets from which a NAT gateway leads out. None where nothing of the stack goes out. */
  readonly outerSubnets: readonly pulumi.Input<string>[];
  readonly groups: {
    /** A security group for sessions of each reach that there are: it lets them reach AWS's endpoints and the file system. */
    readonly sessions: Readonly<Partial<Record<Reach, pulumi.Input<string>>>>;
    /** Of what serves sessions: it lets them reach AWS's endpoints. */
    readonly services: pulumi.Input<string>;
    /** Of the file system's mount targets: it lets sessions in. */
    readonly files: pulumi.Input<string>;
  };
  /** Where what serves sessions is found by name; undefined where nothing of the stack goes out. */
  readonly names?: {
    /** The id of the namespace. */
    readonly id: pulumi.Input<string>;
    /** What every name in it ends in. */
    readonly domain: string;
  };
  /** What must be there before any task runs. */
  readonly resources: readonly pulumi.Resource[];
}
