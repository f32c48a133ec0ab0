import { type PlatformControls, controlsOf, platformControls } from "../controls.ts";
import { type ControlName, controls } from "./list.ts";
import type { Standing } from "./standing.ts";

const all: readonly PlatformControls[] = Object.values(platformControls);
const names = Object.keys(controls) as ControlName[];

/** What the page says before its tables. */
const introduction = `# What each platform enforces

What a session asks for, or is promised without asking, and whether its platform sees to it. Made
from \`stacks/controls\` by \`node stacks/settings/generate.ts\`.

- enforced: the platform itself does;
- other means: it does not, and something else there does;
- reported: nothing does; \`sessions plan\` and \`pulumi preview\` say so, \`sessions verify\` promises
  nothing of it;
- refused: settings that ask for it are a mistake.
`;

/** The page of the controls, as Markdown. */
export function controlsPage(): string {
  const strategies = [...Map.groupBy(Object.entries(controlsOf), ([, { title }]) => title)].map(
    ([title, same]) => `${same.map(([strategy]) => `\`${strategy}\``).join(" and ")}: ${title}`,
  );
  return [
    introduction,
    `What each strategy runs sessions on: ${strategies.join("; ")}. An engine may turn out to be\nPodman, as it is asked: its column holds for \`local\` then, and every other strategy is refused. What\nelse stands here is what a strategy is held to.\n`,
    "## Controls\n",
    table(
      ["what", ...all.map(({ title }) => title)],
      names.map((name) => [titleOf(name), ...all.map(({ column }) => column[name].how)]),
    ),
    "## Why, and who says so\n",
    table(["what", "where", "how", "why"], names.flatMap(reasons)),
  ].join("\n");
}

function titleOf(name: ControlName): string {
  const keys = controls[name].keys.map((key) => `\`${key}\``);
  return [controls[name].title, ...(keys.length > 0 ? [`(${keys.join(", ")})`] : [])].join(" ");
}

/** How a control stands where it is not simply enforced. */
type Explained = Exclude<Standing, { how: "enforced" }>;

/** A row for each reason of a control, with the platforms that have it. */
function reasons(name: ControlName): string[][] {
  const told = all.flatMap(({ title, column }) => {
    const is: Standing = column[name];
    return is.how === "enforced" ? [] : [{ title, is }];
  });
  return [...Map.groupBy(told, ({ is }) => JSON.stringify(is)).values()].map((same) => {
    const { is } = same[0] as { is: Explained };
    return [controls[name].title, same.map(({ title }) => title).join(", "), is.how, whyOf(is)];
  });
}

function whyOf(is: Explained): string {
  const wayOut = is.how === "refused" ? `; ${is.wayOut}` : "";
  const source = is.source.startsWith("https://") ? is.source : `../../${is.source}`;
  return `${is.why}${wayOut} ([source](${source}))`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line), ""].join("\n");
}
