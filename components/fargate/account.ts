import { getCallerIdentityOutput } from "@pulumi/aws/getCallerIdentity.js";
import type * as pulumi from "@pulumi/pulumi";
import { planned } from "./planned.ts";
import { fargateOf } from "./provider.ts";
import { someAccount } from "./roles.ts";

/** The number of the account in which a component is made: the one that is described, else that of the credentials. */
export function accountOf(component: pulumi.Resource): pulumi.Input<string> {
  const place = fargateOf(component);
  return place.account ?? planned(getCallerIdentityOutput({}, { parent: component }).accountId, someAccount(place));
}
