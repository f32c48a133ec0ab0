import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { project, root } from "../../../stacks/cli/stack.ts";
import { textConfig } from "../../../stacks/configuration.ts";
import { EmbeddedEngine } from "../../../stacks/embedded/engine.ts";
import { liveEngine } from "../rig.ts";
import { inPlace } from "./place.ts";
import { importImages } from "./start.ts";

/** The setting `kubernetes.images`. */
export interface SessionImages {
  readonly session: string;
  readonly egressProxy: string;
}

/**
 * Builds the images of sessions and their proxies on the container engine of this machine, and puts them into the node's store under
 * the same names. Undefined, with the reason printed, when there is no engine.
 */
export async function sessionImages(): Promise<SessionImages | undefined> {
  const note = inPlace("images.json");
  // Another file of tests has done so.
  if (existsSync(note)) return JSON.parse(readFileSync(note, "utf8")) as SessionImages;
  const docker = await liveEngine();
  if (docker === undefined) return undefined;
  const described = {
    "agent-sessions:image": { agent: "none" },
    "agent-sessions:sessions": [{ id: "set-up", network: { egress: { allow: ["example.com"] } } }],
  };
  const images = await new EmbeddedEngine(
    { project, stack: "set-up", root, config: textConfig({ config: described }) },
    docker,
  ).buildImages();
  const named = (part: string) => {
    const found = images.find(({ name }) => name.includes(part));
    if (found === undefined) throw new Error(`none of these images is the ${part}: ${images.map(({ name }) => name).join(", ")}`);
    return found.name;
  };
  const found = { session: named("agent-sessions-session"), egressProxy: named("agent-sessions-egress-proxy") };
  importImages(`docker save ${found.session} ${found.egressProxy}`);
  writeFileSync(note, JSON.stringify(found));
  return found;
}
