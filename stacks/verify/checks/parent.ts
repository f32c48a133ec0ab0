import { check, type Check, heldUnless } from "../check.ts";
import type { Ways } from "../ways.ts";

export const parentProxy: readonly Check[] = [
  check<readonly Ways[]>({
    id: "parent-only",
    control: "egressList",
    promise({ id }, { ways }) {
      const [first] = ways?.get(id) ?? [];
      return first && `its proxies go out by way of ${first.parent} and by no other`;
    },
    attempt: ({ id }, { ways }) => ({
      how: "a tunnel to a listed host, asked of the proxy itself, and a look at where the connections of the session's proxies lead",
      answer: ways?.get(id) ?? [],
    }),
    expectation(ways) {
      const astray = ways.flatMap(({ proxy, astray: others }) => others.map((other) => `the ${proxy} is connected to ${other}`));
      const refused = ways.flatMap(({ status, parent, proxy }) =>
        status === "407" ? [`${parent} takes no such user and password as the ${proxy} has`] : [],
      );
      if (astray.length > 0 || refused.length > 0) return heldUnless([...astray, ...refused], "");
      const closed = ways.filter(({ target, status }) => target !== undefined && status !== "200");
      if (closed.length > 0)
        return { held: undefined, found: closed.map(({ target, status }) => `${target}: ${status || "no answer"}`).join(", ") };
      const tried = ways.flatMap(({ target }) => target ?? []);
      return { held: true, found: tried.length > 0 ? `${tried.join(", ")}: 200` : "no connection elsewhere" };
    },
  }),
];
