import { readFileSync } from "node:fs";
import type { Security } from "../../components/session-container/args.ts";
import { fromHome } from "../../components/session-volumes/host-path.ts";
import type { Layered } from "./layers.ts";
import { sentence } from "./sentences.ts";

/** @param root where the path of a profile starts */
export function resolveSecurity({ setting, where }: Layered, root: string, mistakes: string[]): Security {
  const { capabilities, seccompProfile, appArmorProfile } = setting.security ?? {};
  let profile: string | undefined;
  if (seccompProfile !== undefined) {
    try {
      profile = JSON.stringify(JSON.parse(readFileSync(fromHome(seccompProfile, root), "utf8")));
    } catch {
      // The parser's own message quotes the file.
      mistakes.push(
        sentence(where("security", "seccompProfile"), seccompProfile, "cannot be read as JSON; name a file with a seccomp profile"),
      );
    }
  }
  return {
    ...(capabilities !== undefined && { capabilities }),
    ...(profile !== undefined && { seccompProfile: profile }),
    ...(appArmorProfile !== undefined && { appArmorProfile }),
  };
}
