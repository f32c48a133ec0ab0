import { type Properties, type Registration, runProgram } from "../../stacks/recorder/program.ts";

const inputsOf = ({ inputs }: Registration) => inputs;

/** What a program asked for in a preview. */
export interface Recorded {
  readonly all: readonly Registration[];
  /** Those of a type, by the last part of its token, such as `Container` or `SessionVolumes`. */
  of(type: string): readonly Registration[];
  /** The one of a type. @throws Error unless there is exactly one */
  one(type: string): Registration;
}

/**
 * Runs a program as a preview does, ids and computed values unknown, and returns what it registers, without the stack itself.
 *
 * @param outputsOf what becomes of a resource's inputs; themselves when left out
 */
export async function record(program: () => unknown, outputsOf: (registration: Registration) => Properties = inputsOf): Promise<Recorded> {
  const run = await runProgram({
    project: "agent-sessions",
    stack: "test",
    preview: true,
    program: async () => {
      await program();
      return {};
    },
    resolve: async (registration) => ({ outputs: outputsOf(registration) }),
  });
  const all = run.registrations.filter(({ type }) => type !== "pulumi:pulumi:Stack");
  const of = (type: string) => all.filter((registration) => registration.type.split(":").at(-1) === type);
  const one = (type: string) => {
    const [first, ...others] = of(type);
    if (first === undefined || others.length > 0)
      throw new Error(`${others.length + (first === undefined ? 0 : 1)} registrations of ${type}, not one`);
    return first;
  };
  return { all, of, one };
}
