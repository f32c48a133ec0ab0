import type * as pulumi from "@pulumi/pulumi";
import { SecretFile } from "../credentials/secret-file.ts";
import type { Mount } from "../session-volumes/args.ts";
import { parentStem } from "../session.ts";
import { byParent, loginFile, loginFolder, loginText, parentAuthority, parentEnvironment, type ParentProxy } from "./args.ts";

interface ParentAccessArgs {
  readonly parent: ParentProxy | undefined;
  /** The name of the container that goes out by way of the parent. */
  readonly container: string;
  /** An image for the container that carries the login. */
  readonly image: pulumi.Input<string>;
  /** Of the login's volume and carrier. */
  readonly labels: Readonly<Record<string, string>>;
}

/** What a container takes to go out by way of the parent; nothing where there is none. */
export interface ParentAccess {
  readonly mounts: readonly Mount[];
  readonly environment: Readonly<Record<string, string>>;
  /** What runs a program whose own programs heed the usual variables, before that. */
  readonly program: readonly string[];
  /** By which a plan shows what the container is given. */
  readonly authority: readonly string[];
  /** What must be there first; a changed login replaces it. */
  readonly resources: readonly pulumi.Resource[];
}

/** What a container takes that goes out directly. */
export const directAccess: ParentAccess = { mounts: [], environment: {}, program: [], authority: [], resources: [] };

/** Gives a container its way to the parent, its login as a file in a volume of the container's own. */
export function parentAccess(
  name: string,
  { parent, container, image, labels }: ParentAccessArgs,
  opts: pulumi.ComponentResourceOptions,
): ParentAccess {
  if (parent === undefined) return directAccess;
  const stem = parentStem(container);
  const login =
    parent.login &&
    new SecretFile(
      `${name}-parent`,
      { volume: stem, carrier: stem, target: loginFolder, files: { [loginFile]: loginText(parent.login) }, image, labels },
      opts,
    );
  return {
    mounts: login === undefined ? [] : [login.mount],
    environment: parentEnvironment(parent),
    program: [byParent],
    authority: [parentAuthority(parent)],
    resources: login?.resources ?? [],
  };
}
