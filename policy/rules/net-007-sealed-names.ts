import { baseline } from "../baseline.ts";
import { dockerObjects, isInternal, networksOf } from "./read/network.ts";
import { holdsSessions, sessionOf } from "./read/session.ts";
import type { Subject } from "./read/subject.ts";
import { each, text, texts } from "./read/value.ts";
import { about, type Rule } from "./rule.ts";

/** The only resolvers of a sealed container. */
const resolvers = baseline.sealedDns.join();

export const sealedNames: Rule = {
  id: "NET-007",
  name: "sealed-names",
  title: "Names leave a sealed network",
  severity: "high",
  frameworks: [{ name: "CVE", version: "2024", reference: "CVE-2024-29018" }],
  remediation: 'Set dns to ["127.0.0.1"]: the engine answers names on an internal network as well.',
  reads: "dns, networksAdvanced, internal",
  *stack(subjects) {
    if (!holdsSessions(subjects)) return;
    const networks = new Map<string, Subject>();
    for (const network of dockerObjects(subjects, "docker:Network")) networks.set(text(network.props.name) ?? network.name, network);
    const isSealed = (name: string) => {
      const network = networks.get(name);
      return network !== undefined && isInternal(network);
    };
    yield* each(dockerObjects(subjects, "docker:Container"), function* (container) {
      if (sessionOf(container) === undefined) return;
      const joined = [...networksOf(container)];
      if (joined.length > 0 && joined.every(isSealed) && [...texts(container.props.dns)].join() !== resolvers)
        yield about(container, `The container "${container.name}" must have the resolver ${resolvers} alone.`);
    });
  },
};
