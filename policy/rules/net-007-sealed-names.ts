import { dockerObjects, isInternal, networksOf } from "./read/network.ts";
import { sessionOf } from "./read/session.ts";
import { text, texts } from "./read/value.ts";
import { about, type Rule } from "./rule.ts";

export const sealedNames: Rule = {
  id: "NET-007",
  name: "sealed-names",
  title: "Names leave a sealed network",
  severity: "high",
  frameworks: [{ name: "CVE", version: "2024", reference: "CVE-2024-29018" }],
  remediation: 'Set dns to ["127.0.0.1"]: the engine answers names on an internal network as well.',
  reads: "dns, networksAdvanced, internal",
  automatic: true,
  *stack(subjects) {
    const sealed = new Map(
      dockerObjects(subjects, "docker:Network").map((network) => [
        text(network.props.name) ?? network.name,
        isInternal(network),
      ]),
    );
    for (const container of dockerObjects(subjects, "docker:Container")) {
      const networks = [...networksOf(container)];
      if (
        sessionOf(container) === undefined ||
        networks.length === 0 ||
        !networks.every((name) => sealed.get(name) === true)
      )
        continue;
      if ([...texts(container.props.dns)].join() !== "127.0.0.1")
        yield about(container, `The container "${container.name}" must have the resolver 127.0.0.1 alone.`);
    }
  },
};
