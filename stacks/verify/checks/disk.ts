import type { Held } from "../../runtime/runtime.ts";
import { baseline } from "../../../policy/baseline.ts";
import { formatSize } from "../../units.ts";
import { check, type Check, heldUnless } from "../check.ts";
import type { Promised } from "../promised.ts";

/** Bytes. The record's files hold no more, but whatever runs in a session can add to them. */
const logs = baseline.logs.maxFiles * baseline.logs.maxSizeMegabytes * 1024 ** 2;

/** Those of the session's own folders that its limit counts: what lies in memory or on the host is none of its volumes. */
const counted = ({ mounts }: Promised) =>
  (["workspace", "session"] as const).filter((kind) =>
    mounts.some(({ target, source }) => target === `/${kind}` && source.kind === "persistent"),
  );

export const disk: readonly Check[] = [
  check<Held>({
    id: "disk-limit",
    control: "disk",
    quick: true,
    promise: (session) =>
      `at most ${formatSize(session.limits.disk)} in ${counted(session)
        .map((kind) => `/${kind}`)
        .join(" and ")}, and ${formatSize(logs)} in /logs`,
    attempt({ id }, { held }) {
      const how = "ask the engine what the session's volumes hold";
      if ("notTried" in held) return { how, notTried: held.notTried };
      const own = held.get(id);
      return own === undefined ? { how, notTried: "the engine does not say" } : { how, answer: own };
    },
    expectation(held, session) {
      const sum = counted(session).reduce((total, kind) => total + held[kind], 0);
      return heldUnless(
        [
          ...(sum > session.limits.disk ? [`they hold ${formatSize(sum)}`] : []),
          ...(held.logs > logs ? [`/logs holds ${formatSize(held.logs)}`] : []),
        ],
        `${formatSize(sum)}, and ${formatSize(held.logs)} in /logs`,
      );
    },
  }),
];
