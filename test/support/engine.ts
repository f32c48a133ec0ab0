import { connectEngine } from "../../components/container-engine/connect.ts";
import { findEngine } from "../../components/container-engine/find.ts";
import { ensureBaseImage } from "../../stacks/cli/setup/base-image.ts";
import { ensureEngine } from "../../stacks/cli/setup/engine.ts";

/** Once before all tests: an engine and a base image where this machine can have them; live tests skip, and say so, elsewhere. */
export async function setup(): Promise<void> {
  const report = (line: string) => console.warn(`set-up: ${line}`);
  const probe = async () =>
    connectEngine(await findEngine())
      .ping()
      .then(
        () => true,
        () => false,
      );
  try {
    await ensureEngine({ probe, install: "yes", report });
    await ensureBaseImage({ docker: connectEngine(await findEngine()), install: "yes", report });
  } catch (error) {
    report((error as Error).message);
  }
}
