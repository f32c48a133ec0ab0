import * as pulumi from "@pulumi/pulumi";
import { deployFromConfig } from "./deploy.ts";

/** The Pulumi program: the stack's configuration becomes its resources, and these its outputs. */
export const { sessions, authority } = await deployFromConfig(pulumi.runtime.allConfig(), `${pulumi.getProject()}/${pulumi.getStack()}`);
