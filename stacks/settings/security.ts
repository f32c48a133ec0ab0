import type { Security } from "../../components/session-container/args.ts";
import { fromHome } from "../../components/session-volumes/host-path.ts";
import type { Layered } from "./layers.ts";
import { NotTaken, readRegular } from "./regular-file.ts";
import { sentence } from "./sentences.ts";

/** A profile has some tens of KB. */
const longestProfile = 1024 * 1024;

/** @param root where the path of a profile starts */
export function resolveSecurity({ setting, where }: Layered, root: string, mistakes: string[]): Security {
  const { capabilities, seccompProfile, appArmorProfile } = setting.security ?? {};
  let profile: string | undefined;
  if (seccompProfile !== undefined) {
    try {
      profile = JSON.stringify(JSON.parse(readRegular(fromHome(seccompProfile, root), longestProfile)));
    } catch (error) {
      // The parser's own message quotes the file.
      const rest = error instanceof NotTaken ? error.message : "cannot be read as JSON; name a file with a seccomp profile";
      mistakes.push(sentence(where("security", "seccompProfile"), seccompProfile, rest));
    }
  }
  return {
    ...(capabilities !== undefined && { capabilities }),
    ...(profile !== undefined && { seccompProfile: profile }),
    ...(appArmorProfile !== undefined && { appArmorProfile }),
  };
}
