import { once } from "node:events";
import { createServer } from "node:http";
import { hostname, release } from "node:os";
import { expect, test } from "vitest";
import { connectEngine } from "../../components/container-engine/connect.ts";
import { parse, SettingsError } from "../../stacks/settings.ts";
import { refuseRemotePaths } from "../../stacks/strategies/remote-paths.ts";
import { temporaryFolder } from "../support/folder.ts";

const folder = temporaryFolder("remote");
const mounts = [{ source: folder, target: "/data" }];
const sessions = [{ id: "a", mounts }, { id: "b", repositories: [{ name: "x", url: `file://${folder}` }] }, { id: "c" }];

/** What is refused of sessions on an engine that says so of its machine. */
async function refusedOn(machine: object, described: readonly object[]): Promise<{ sentences: readonly string[]; address: string }> {
  const engine = createServer((_, response) => response.setHeader("content-type", "application/json").end(JSON.stringify(machine)));
  await once(engine.listen(0, "127.0.0.1"), "listening");
  const address = `tcp://127.0.0.1:${(engine.address() as { port: number }).port}`;
  try {
    const engine = { address, source: "settings" };
    await refuseRemotePaths(parse({ sessions: described }, { environment: {} }), connectEngine(engine), engine);
    return { sentences: [], address };
  } catch (error) {
    if (error instanceof SettingsError) return { sentences: error.sentences, address };
    throw error;
  } finally {
    engine.closeAllConnections();
    engine.close();
  }
}

test("folders of this machine are refused on another one, and on no engine of this machine", async () => {
  const { sentences, address } = await refusedOn({ Name: "far", KernelVersion: "6.1" }, sessions);
  const rest = `is a folder of this machine, and ${address} mounts those of far; name a repository by url, or plan on that machine.`;
  expect(sentences).toEqual([`session "a", mounts: "${folder}" ${rest}`, `session "b", repository "x": "file://${folder}" ${rest}`]);
  expect((await refusedOn({ Name: "far", KernelVersion: "6.1" }, [{ id: "c" }])).sentences).toEqual([]);
  expect((await refusedOn({ Name: hostname(), KernelVersion: release() }, sessions)).sentences).toEqual([]);
});
