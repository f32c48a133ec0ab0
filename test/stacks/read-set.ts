import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect } from "vitest";
import { parse, SettingsError } from "../../stacks/settings.ts";
import { temporaryFolder } from "../support/folder.ts";

const folder = temporaryFolder("egress-sets");
let machines = 0;

/** Files by their paths: `root` is the project's folder, `home` the user's, `etc` the system's. HERE stands for the machine's folder. */
export type Files = Readonly<Record<string, string>>;

/** The hosts that a set stands for on such a machine, or the sentences that refuse it. */
export function read(set: string, files: Files = {}, variables: Readonly<Record<string, string>> = {}): string[] {
  const machine = join(folder, String(++machines));
  const here = (text: string) => text.replaceAll("HERE", machine);
  for (const [path, text] of Object.entries({ "root/.keep": "", ...files })) {
    mkdirSync(dirname(join(machine, path)), { recursive: true });
    writeFileSync(join(machine, path), here(text));
  }
  const environment = Object.fromEntries(Object.entries(variables).map(([name, value]) => [name, here(value)]));
  try {
    const { sessions } = parse(
      { sessions: [{ id: "a", network: { egress: { allow: [{ set }] } } }] },
      { root: join(machine, "root"), home: join(machine, "home"), system: machine, environment },
    );
    const egress = sessions[0]?.network.egress;
    if (typeof egress !== "object") throw new Error("there is no list");
    expect(egress.allow.map(({ sets, addresses }) => [sets, addresses])).toEqual(egress.allow.map(() => [[set], []]));
    return egress.allow.map(({ host, ports }) => `${host}:${ports}`);
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    return error.sentences.map((sentence) => sentence.replaceAll(machine, "HERE"));
  }
}
