import { connectEngine } from "../../components/container-engine/connect.ts";
import { findEngine } from "../../components/container-engine/find.ts";
import { EmbeddedEngine } from "../../stacks/embedded/engine.ts";
import { describeSessions } from "./contenders.ts";

/** One operation of the embedded engine: embedded.ts <operation> <sessions> <checkout folder>. */
const [operation, sessions, root = ""] = process.argv.slice(2);
const count = operation === "destroy" ? 0 : Number(sessions) + (operation === "add" ? 1 : 0);
const config = { "agent-sessions:image": '{"agent":"none"}', "agent-sessions:sessions": JSON.stringify(describeSessions(count)) };
const engine = new EmbeddedEngine({ project: "agent-sessions", stack: "bench", root, config }, connectEngine(await findEngine()));
const live = await engine.live();
if (operation === "destroy") {
  const failures = await engine.remove(engine.teardown(live, true));
  if (failures.length > 0) throw new Error(failures.join("\n"));
} else {
  const { plan, refusals } = await engine.plan(live);
  if (refusals.length > 0) throw new Error(refusals.join("\n"));
  const shortage = await engine.shortage(plan);
  if (shortage !== undefined) throw new Error(shortage);
  if (plan.steps.some((step) => step.operation !== "same")) {
    const { outcomes } = await engine.apply(plan, live);
    for (const { name, error } of outcomes) if (error !== undefined) throw new Error(`${name}: ${error}`);
  }
}
