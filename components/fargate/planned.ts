import * as pulumi from "@pulumi/pulumi";

/** The SDK's own option, which it does not declare: the function is told of what is unknown rather than left out. */
type ToldOfUnknown<T> = { apply<U>(change: (value: T) => U, runWithUnknowns: true): pulumi.Output<U> };

/**
 * A value that AWS chooses, as a text in which it stands can be judged before it is known: in a preview another stands in its place,
 * which is as long as it is unknown. What is rolled out has the value itself.
 *
 * A text with anything unknown in it is unknown as a whole, and a container's definitions and a role's rights are such texts: nobody
 * could see in a preview what a session may do.
 *
 * @param instead of the same form, by which rules and people know what will stand there
 */
export function planned(value: pulumi.Input<string>, instead: string): pulumi.Output<string> {
  const output = pulumi.output(value);
  if (!pulumi.runtime.isDryRun()) return output;
  return (output as unknown as ToldOfUnknown<string>).apply((known) => (pulumi.isUnknown(known) ? instead : known), true);
}
