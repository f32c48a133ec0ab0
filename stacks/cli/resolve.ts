import type { Command } from "commander";
import { type Document, isMap, isScalar, Pair, type YAMLMap } from "yaml";
import { localBase } from "../../components/hardened-image/args.ts";
import { fromConfig, keyPrefix, type StackSource } from "../configuration.ts";
import { platformOf } from "../platforms/index.ts";
import type { MachineRead } from "../settings/machine-reads.ts";
import { parse } from "../settings.ts";
import { changeDocument, configOf } from "./stack-document.ts";
import { loadStack, root, stackOption } from "./stack.ts";

interface Options {
  readonly stack: string;
  readonly check?: boolean;
}

/** Values by the keys of a {@link MachineRead}. */
type Values = ReadonlyMap<string, string | readonly string[]>;

export function register(program: Command): void {
  program
    .command("resolve")
    .description(
      "Write what a plan reads from this machine (mirrors of package managers, certificates, the image to build upon) into the stack file, so that every machine plans the same; comments stay.",
    )
    .addOption(stackOption())
    .option("--check", "change nothing, and end with 1 when the file leaves something to the machine, or holds what nothing reads; for CI")
    .addHelpText(
      "after",
      "\nWhat image.base and image.caBundle say stays as it is. Run it again when this machine's configuration has changed.\n\nExample:\n  npx sessions resolve --stack local\n  npx sessions resolve --stack local --check\n",
    )
    .action(run);
}

async function run({ stack, check = false }: Options): Promise<void> {
  const source = loadStack(stack);
  const file = `stacks/Pulumi.${stack}.yaml`;
  if (check) {
    const faults = faultsOf(source);
    if (faults.length === 0) return console.log(`${file} leaves nothing to the machine.`);
    for (const fault of faults) console.error(`${file}: ${fault}; run "npx sessions resolve --stack ${stack}"`);
    process.exitCode = 1;
    return;
  }
  const wanted = await readHere(source);
  const changed: string[] = [];
  await changeDocument(stack, (document) => {
    changed.push(...put(document, wanted));
    parse(fromConfig(configOf(document, stack)), { root });
    return changed.length > 0;
  });
  console.log(changed.length === 0 ? `${file} is as this machine says.` : [`${file}:`, ...changed].join("\n"));
  if (wanted.get("base") === localBase)
    console.error(
      `${localBase} was made on this machine; where it is missing, a build fails. Name another one in image.base for other machines.`,
    );
}

/** What a plan would read from the machine that it runs on, as it is here. */
async function readHere(source: StackSource): Promise<Values> {
  const { resolved: _, ...raw } = fromConfig(source.config);
  const settings = parse(raw, { root });
  const values = new Map<string, string | readonly string[]>();
  for (const { what, value } of settings.reads) values.set(what, await settled(what, value, source));
  return values;
}

async function settled(what: MachineRead["what"], value: readonly string[], source: StackSource) {
  if (what === "caBundle") return value[0] ?? "none";
  return what === "base" ? (await platformOf(source)).baseImage() : value;
}

/** What is missing and what is left over, whatever this machine says. */
function faultsOf({ config }: StackSource): string[] {
  const raw = fromConfig(config);
  const { reads, sessions } = parse(raw, { root });
  const named = sessions.flatMap(({ network: { egress } }) =>
    typeof egress === "object" ? egress.allow.flatMap(({ sets = [] }) => sets) : [],
  );
  const image = (raw.image ?? {}) as Readonly<Record<string, unknown>>;
  const needless = [...flat(raw.resolved).keys()].filter((key) =>
    key.startsWith("egressSets.") ? !named.includes(key.slice("egressSets.".length)) : image[key] !== undefined,
  );
  return [
    ...reads.map(({ what }) => `resolved.${what} is missing, so each machine's own counts`),
    ...needless.map((key) => `resolved.${key} is left over`),
  ];
}

function flat(resolved: unknown): Map<string, string | readonly string[]> {
  const { egressSets = {}, ...rest } = (resolved ?? {}) as { egressSets?: Readonly<Record<string, readonly string[]>> };
  const sets = Object.entries(egressSets).map(([name, hosts]) => [`egressSets.${name}`, hosts] as const);
  return new Map<string, string | readonly string[]>([...(Object.entries(rest) as [string, string][]), ...sets]);
}

/** Changes what differs, each value in its place. @returns the changes, a line each */
function put(document: Document, wanted: Values): string[] {
  const section = sectionIn(document);
  const now = flat(section.toJSON());
  const shown = (value: string | readonly string[] | undefined) => (typeof value === "object" ? value.join(", ") : (value ?? "nothing"));
  const lines: string[] = [];
  for (const key of [...new Set([...now.keys(), ...wanted.keys()])].sort()) {
    const [before, after] = [now.get(key), wanted.get(key)];
    if (JSON.stringify(before) === JSON.stringify(after)) continue;
    lines.push(`  ${key}: ${before === undefined ? "" : `${shown(before)} → `}${shown(after)}`);
    const path = key.split(".");
    if (after === undefined) section.deleteIn(path);
    else section.setIn(path, document.createNode(after));
  }
  const sets = section.get("egressSets");
  if (isMap(sets) && sets.items.length === 0) section.delete("egressSets");
  if (section.items.length === 0) document.deleteIn(["config", `${keyPrefix}resolved`]);
  return lines;
}

/** The section of the file, which is made where it is missing. */
function sectionIn(document: Document): YAMLMap {
  const name = `${keyPrefix}resolved`;
  const config = document.get("config") as YAMLMap;
  const present = config.get(name, true);
  if (isMap(present)) return present;
  // The Pulumi CLI may have kept it as JSON in a text.
  const values: unknown = isScalar(present) && typeof present.value === "string" ? JSON.parse(present.value) : {};
  const key = document.createNode(name);
  key.commentBefore = ' Written by "npx sessions resolve": what a plan would else read from the machine it runs on.';
  const section = document.createNode(values) as YAMLMap;
  config.delete(name);
  config.add(new Pair(key, section));
  return section;
}
