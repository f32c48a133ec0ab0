import { stockBase } from "../../components/hardened-image/args.ts";
import type { PlatformClasses } from "./classes.ts";

type ImageClass = PlatformClasses["HardenedImage"];

/**
 * How images come about where no engine runs sessions: named ones ask none, and load nothing of Docker's; others an engine of this
 * machine's builds.
 *
 * @param named whether the settings name them
 */
export async function imagesFrom(named: boolean, given: ImageClass, built: () => Promise<{ readonly HardenedImage: ImageClass }>) {
  if (named) return { HardenedImage: given, base: stockBase, engine: [] };
  const [{ findEngine }, { EngineProvider }, { chooseBase }, { HardenedImage }] = await Promise.all([
    import("../../components/container-engine/find.ts"),
    import("../../components/container-engine/provider.ts"),
    import("../../components/container-engine/base-image.ts"),
    built(),
  ]);
  const engine = await findEngine({});
  return { HardenedImage, base: await chooseBase(engine), engine: [new EngineProvider("engine", engine)] };
}
