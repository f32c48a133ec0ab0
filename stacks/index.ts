import * as pulumi from "@pulumi/pulumi";
import { deployFromConfig } from "./deploy.ts";
import { SettingsError } from "./settings.ts";

/** The Pulumi program: the stack's configuration becomes its resources, and these its outputs. */
export const { sessions, authority } = await deployFromConfig(pulumi.runtime.allConfig(), `${pulumi.getProject()}/${pulumi.getStack()}`).catch((error: unknown) => {
  // The CLI prints a RunError as it stands: what is wrong is the stack file, not the program.
  throw error instanceof SettingsError ? new pulumi.RunError(error.message) : error;
});
