import { createHash } from "node:crypto";
import { existsSync, readFileSync, realpathSync, renameSync, writeFileSync } from "node:fs";
import { Document, isMap, isScalar, isSeq, parseDocument } from "yaml";
import { keyPrefix, stackConfig } from "../configuration.ts";
import { lock } from "../lock.ts";
import { noStack, stackFile, stackNames } from "./stack.ts";

/** A stack file that is to be changed; what is not changed stays as it is, comments too. */
export interface StackDocument {
  readonly file: string;
  readonly document: Document;
}

const sessionsPath = ["config", `${keyPrefix}sessions`];

/**
 * Reads a stack file; where there is none of any stack, an empty one that {@link changeDocument} makes.
 *
 * @throws Error naming the stacks that are there, or saying why it cannot be read
 */
export function openDocument(stack: string): StackDocument {
  const path = stackFile(stack);
  if (existsSync(path)) {
    // A link stays one.
    const file = realpathSync(path);
    const document = parseDocument(readFileSync(file, "utf8"));
    const [error] = document.errors;
    if (error !== undefined) throw new Error(`stacks/Pulumi.${stack}.yaml is no YAML: ${error.message.trim()}`);
    return { file, document };
  }
  if (stackNames().length > 0) throw new Error(noStack(stack));
  const document = new Document({});
  document.commentBefore = " yaml-language-server: $schema=settings.schema.json";
  return { file: path, document };
}

/** The configuration as Pulumi keeps it. @throws Error when a key stands where no one looks for it */
export function configOf(document: Document, stack: string): Record<string, string> {
  return stackConfig(document.toJS() ?? {}, `stacks/Pulumi.${stack}.yaml`);
}

/** Puts an entry behind the sessions that are there. */
export function addSession(document: Document, entry: object): void {
  if (!isMap(document.get("config"))) document.set("config", document.createNode({}));
  sessionsIn(document).add(document.createNode(entry));
}

/** Takes a session out. @returns whether it was there */
export function removeSession(document: Document, id: string): boolean {
  if (!document.hasIn(sessionsPath)) return false;
  const { items } = sessionsIn(document);
  const index = items.findIndex((item) => isMap(item) && item.get("id") === id);
  if (index >= 0) items.splice(index, 1);
  return index >= 0;
}

/** The ids of the sessions in it, whatever else is wrong with it. */
export function idsIn(document: Document): string[] {
  return document.hasIn(sessionsPath) ? sessionsIn(document).items.flatMap((item) => (isMap(item) ? String(item.get("id")) : [])) : [];
}

/** The list of sessions, unpacked where the Pulumi CLI keeps it as JSON in a text. */
function sessionsIn(document: Document) {
  const present = document.getIn(sessionsPath, true);
  if (isSeq(present)) return present;
  const text = isScalar(present) && typeof present.value === "string" ? present.value : "[]";
  const unpacked = document.createNode(JSON.parse(text) as object[]);
  document.setIn(sessionsPath, unpacked);
  return unpacked;
}

/**
 * Changes a stack file, one process after the other: what another one writes meanwhile would be lost.
 *
 * @param change returns whether it changed the document, which is then written
 */
export async function changeDocument(stack: string, change: (document: Document) => boolean): Promise<void> {
  const name = createHash("sha256").update(stackFile(stack)).digest("hex").slice(0, 16);
  const release = await lock(`file-${name}`, () => {});
  try {
    const opened = openDocument(stack);
    if (change(opened.document)) save(opened);
  } finally {
    release();
  }
}

/** Writes the file as a whole or not at all. */
function save({ file, document }: StackDocument): void {
  const partial = `${file}.${process.pid}`;
  writeFileSync(partial, document.toString({ lineWidth: 0 }));
  renameSync(partial, file);
}
