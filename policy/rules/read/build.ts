import type { Subject } from "./subject.ts";
import { entries, isRecord, type Props, record, text } from "./value.ts";

export const imageKinds = ["docker:Image", "docker:RemoteImage", "docker:RegistryImage", "docker-build:Image"] as const;

/** How an image is built. `docker.Image` also takes a bare folder; docker-build has no `build`. */
export function buildOf(image: Subject): Props {
  if (image.kind === "docker-build:Image") return image.props;
  return typeof image.props.build === "string" ? { context: image.props.build } : record(image.props.build);
}

/** Arguments of a build, by any name that a provider has for them. */
export function* buildArguments(image: Subject): Iterable<readonly [string, string]> {
  const build = buildOf(image);
  for (const field of [build.args, build.buildArgs]) for (const [name, value] of entries(field)) yield [name, text(value) ?? ""];
}

/** Where a build takes its sources from. */
export function contextOf(image: Subject): string | undefined {
  const { context, remoteContext } = buildOf(image);
  return text(remoteContext) ?? (isRecord(context) ? text(context.location) : text(context));
}

/** The Dockerfile of a build, relative to the working directory; undefined where it is not a local file. */
export function dockerfileOf(image: Subject): string | undefined {
  const build = buildOf(image);
  const context = contextOf(image);
  const written = isRecord(build.dockerfile) ? text(build.dockerfile.location) : text(build.dockerfile);
  if (context === undefined || isRemote(context)) return undefined;
  if (image.kind === "docker:RemoteImage" || image.kind === "docker:RegistryImage") return `${context}/${written ?? "Dockerfile"}`;
  return written ?? `${context}/Dockerfile`;
}

export function isRemote(context: string): boolean {
  return /^(https?|git|ssh):\/\/|^git@|\.git(#|$)|^github\.com\//.test(context);
}
