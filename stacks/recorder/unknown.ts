import * as pulumi from "@pulumi/pulumi";

/** How the SDK writes a value that is not known before the deployment has run. */
export const unknownValue = pulumi.runtime.unknownValue;

/** Methods of texts whose result is an unknown text, or list of them. */
const textMethods: readonly PropertyKey[] = ["trim", "split", "substring", "replace", "replaceAll", "toLowerCase", "toUpperCase"];

const listMethods: readonly PropertyKey[] = Object.getOwnPropertyNames(Array.prototype).filter((name) => name !== "constructor");

/**
 * What nobody has said, for code that reads it as if somebody had. Whatever is read of it is unknown too, and as an input, or in
 * a text, it is the SDK's own mark. As a list it has one element, so that what is made of each is made once, and judged.
 */
export const unknownAnswer: unknown = new Proxy([], {
  get(_, property, self) {
    switch (property) {
      // By this the SDK knows its own unknown value.
      case "__pulumiUnknown":
        return true;
      case "length":
        return 1;
      case "then":
        return undefined;
      case Symbol.iterator:
        return () => [self][Symbol.iterator]();
      case Symbol.toPrimitive:
      case "toString":
      case "toJSON":
      case "valueOf":
        return () => unknownValue;
    }
    if (typeof property === "symbol" || property.startsWith("__pulumi")) return undefined;
    if (textMethods.includes(property)) return () => self;
    const list: readonly unknown[] = [self];
    return listMethods.includes(property) ? Reflect.get(list, property).bind(list) : self;
  },
  has: () => true,
});

/**
 * Has the SDK's awaited provider functions answer in this way where they say nothing. They give an empty object then, whose parts
 * would all count as left out.
 *
 * @param isUnknown whether an empty answer means that there is none
 */
export function answerAwaited(isUnknown: () => boolean): void {
  const runtime = pulumi.runtime as Record<"invoke" | "invokeSingle", (...args: readonly unknown[]) => Promise<unknown>>;
  for (const name of ["invoke", "invokeSingle"] as const) {
    const ask = runtime[name];
    runtime[name] = async (...args) => {
      const answer = await ask(...args);
      return isUnknown() && Object.keys(answer ?? {}).length === 0 ? unknownAnswer : answer;
    };
  }
}
