import { connectEngine } from "./connect.ts";
import type { FoundEngine } from "./find.ts";
import { localBase, stockBase } from "../hardened-image/args.ts";

/** The base that set-up made of Debian packages wins where the engine has it; else the stock Node image is pulled. */
export async function chooseBase(engine: FoundEngine): Promise<string> {
  try {
    await connectEngine(engine).getImage(localBase).inspect();
    return localBase;
  } catch {
    return stockBase;
  }
}
