import type Docker from "dockerode";
import { inImage } from "../../../runtime/docker/workspace.ts";
import { beginning } from "../../../streams.ts";

/** The file system on which the engine keeps its data, in bytes. */
export interface EngineDisk {
  readonly used: number;
  readonly size: number;
}

/**
 * Measures it from inside of a container, whose own file system lies there, as the engine may be on another machine.
 *
 * @throws Error when it cannot be measured
 */
export async function engineDisk(docker: Docker): Promise<EngineDisk> {
  return inImage(docker, async (place) => {
    const [output, errors] = [beginning(256), beginning()];
    await (await place.start(["stat", "--file-system", "--format=%S %b %f %a", "/"])).carry(output, errors);
    const [block = 0, blocks = 0, free = 0, available = 0] = output.text().trim().split(" ").map(Number);
    const used = block * (blocks - free);
    const size = used + block * available;
    if (!(size > 0)) throw new Error((errors.text() || output.text()).trim());
    return { used, size };
  });
}

/** As df counts: of what anybody but root can have. */
export const percentUsed = ({ used, size }: EngineDisk): number => (used / size) * 100;
