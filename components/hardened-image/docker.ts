import { createHash } from "node:crypto";
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import type { HardenedImageArgs, SessionImageArgs } from "./args.ts";
import { buildVariables } from "../parent-proxy/args.ts";
import { type BuildContext, buildContext } from "./context.ts";

/**
 * An image of this project, built by the engine when it is missing and when its sources or arguments change. Containers take it by
 * its digest or local id, so that a name moved elsewhere changes nothing.
 */
export class HardenedImage extends pulumi.ComponentResource {
  /** Names the image in a container: the digest where it was pushed to, else the local id. */
  readonly reference: pulumi.Output<string>;

  constructor(name: string, args: HardenedImageArgs, opts?: pulumi.ComponentResourceOptions) {
    super("agent-sessions:docker:HardenedImage", name, {}, opts);
    const inputs = toDockerImage(args, buildContext(`images/${args.source}`, args.caBundle));
    const image = new docker.Image(`${name}-image`, inputs, { parent: this });
    this.reference = image.repoDigest;
    this.registerOutputs({ reference: this.reference });
  }
}

/** The provider's inputs. The tag is a hash of everything that goes into the build, so equal sources share one image. */
export function toDockerImage(args: HardenedImageArgs, context: BuildContext) {
  const variant = args.source === "session" ? (args.variant ?? "slim") : undefined;
  const target = args.source === "session" && args.volumes === true ? `${variant}-volumes` : variant;
  const build = {
    context: context.folder,
    dockerfile: `${context.folder}/Dockerfile`,
    ...(variant !== undefined && { target }),
    args: {
      BASE_IMAGE: args.base,
      ...(args.source === "session" && sessionArguments(args)),
      VERSION: args.labels?.version ?? "",
      VCS_REF: args.labels?.revision ?? "",
      BUILD_DATE: args.labels?.created ?? "",
    },
    builderVersion: "BuilderBuildKit" as const,
    ...(args.platform !== undefined && { platform: args.platform }),
  };
  // No part of the hash: by another way the same is built.
  const way = Object.entries(args.parent === undefined ? {} : buildVariables(args.parent)).map(([name, value]) => [
    name,
    args.parent?.login === undefined || /^no_proxy$/i.test(name) ? value : pulumi.secret(value),
  ]);
  const hash = createHash("sha256")
    .update(JSON.stringify([context.hash, build.args, target, args.platform ?? ""]))
    .digest("hex");
  return {
    imageName: `${args.registry === undefined ? "" : `${args.registry}/`}agent-sessions-${args.source}:${variant === undefined ? "" : `${variant}-`}${hash.slice(0, 12)}`,
    build: { ...build, args: { ...build.args, ...Object.fromEntries(way) } },
    skipPush: args.registry === undefined,
  };
}

function sessionArguments({ agent, packages = [] }: SessionImageArgs) {
  return {
    AGENT_PACKAGE: agent?.package ?? "",
    AGENT_VERSION: agent?.version ?? "",
    ...(packages.length > 0 && { PACKAGES: [...new Set(packages)].sort().join(" ") }),
  };
}
