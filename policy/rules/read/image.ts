import type { Subject } from "./subject.ts";
import { text } from "./value.ts";
import type { Container } from "./workload.ts";

/** An image reference, taken apart. */
export interface Image {
  /** Host, with its port; Docker Hub where none is named. Absent for an image id. */
  readonly registry: string | undefined;
  readonly tag: string | undefined;
  /** Named by its content: a complete digest, or an image id of the engine's own. */
  readonly pinned: boolean;
}

const digest = /^sha256:[0-9a-f]{64}$/;

export function parseImage(reference: string): Image {
  const written = reference.trim();
  if (digest.test(written) || /^[0-9a-f]{64}$/.test(written)) return { registry: undefined, tag: undefined, pinned: true };
  const [name = "", content] = written.split("@");
  const first = name.split("/")[0] ?? "";
  const namesHost = name.includes("/") && (/[.:]/.test(first) || first === "localhost");
  const rest = namesHost ? name.slice(first.length + 1) : name;
  const tag = rest.includes(":") ? rest.slice(rest.lastIndexOf(":") + 1) : undefined;
  return {
    registry: namesHost ? first.toLowerCase() : "docker.io",
    tag,
    pinned: content !== undefined && digest.test(content),
  };
}

/** A tag that names no version, so that it means something else tomorrow. */
export function isFloating(tag: string | undefined): boolean {
  return tag === undefined || tag === "" || tag.toLowerCase() === "latest" || !/\d/.test(tag);
}

/** The reference of a container's image. */
export function imageOf(container: Container): string | undefined {
  return text(container.spec.image);
}

/** The reference that a pulled image names. */
export function pulledImage(subject: Subject): string | undefined {
  return text(subject.props.name);
}
