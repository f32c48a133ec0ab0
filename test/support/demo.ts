import { loadStack } from "../../stacks/cli/stack.ts";

/** Once before all tests: the repository that the project's own stack file names. */
export function setup(): void {
  loadStack("local");
}
