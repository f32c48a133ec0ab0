import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { evaluate } from "../../policy/evaluate.ts";
import { changed, compliant, deployment, resource, sessionContainer, task } from "./fixtures.ts";

const privileged = sessionContainer({ privileged: true });

/** Texts upon which an expression that tries one place again and again takes minutes at this length. */
const long = 20_000;
const hostileTexts = [
  `echo ${"\t".repeat(long)}\n${"\t".repeat(long)}0`,
  ...["A+", "\t", "/loop", "apt add ", "h\tcurl ", "--x ", "0", ".", "eyJa", "=", "${"].map(
    (part) => `${part.repeat(long / part.length)}\n\0`,
  ),
];

describe("no input makes it throw", () => {
  const anything = fc.anything({ withBigInt: true, withNullPrototype: true, maxDepth: 3 });
  const paths = [
    ...Object.keys(sessionContainer().props).map((key) => [sessionContainer(), key] as const),
    ...[
      "spec",
      "spec/template",
      "spec/template/spec",
      "spec/template/spec/containers",
      "spec/template/spec/containers/0",
      "spec/template/spec/volumes",
      "metadata",
    ].map((path) => [deployment, path] as const),
    ...Object.keys(task().props).map((key) => [task(), key] as const),
    ...Object.values(compliant)
      .flat()
      .flatMap((one) => Object.keys(one.props).map((key) => [one, key] as const)),
  ];

  test("whatever stands in one place", () => {
    fc.assert(
      fc.property(fc.constantFrom(...paths), anything, ([original, path], value) => {
        const report = evaluate([changed(original, { [path]: value })]);
        expect(report.score).toBeGreaterThanOrEqual(0);
      }),
      { numRuns: 1500 },
    );
  });

  test("whatever the inputs and the type are", () => {
    const types = fc.oneof(
      fc.string(),
      fc.constantFrom(
        ...Object.values(compliant)
          .flat()
          .map(({ type }) => type),
      ),
    );
    fc.assert(
      fc.property(types, anything, (type, props) => void evaluate([resource(type, "x", props as never)])),
      { numRuns: 500 },
    );
  });

  test("inputs that hold themselves", () => {
    const props: Record<string, unknown> = {};
    props.spec = props;
    expect(evaluate([resource("docker:index/container:Container", "x", props)]).findings.map(({ rule }) => rule)).toContain("GEN-003");
  });

  test.each(hostileTexts)("nor take a rule minutes, as texts may that are made for that (%#)", (hostile) => {
    const held = { [hostile]: hostile };
    const judged = [
      sessionContainer({
        image: hostile,
        command: [hostile],
        envs: [hostile, `TOKEN=${hostile}`],
        labels: [{ label: hostile, value: hostile }],
        healthcheck: { tests: ["CMD-SHELL", hostile] },
        devices: [{ hostPath: hostile }],
        mounts: [{ type: "bind", source: hostile, target: hostile }],
      }),
      resource("docker-build:index:Image", "image", { dockerfile: { inline: `FROM ${hostile}\nRUN ${hostile}\nENV ${hostile}` } }),
      changed(deployment, {
        "metadata/annotations": held,
        "spec/template/spec/containers/0/command": [hostile],
        "spec/template/spec/containers/0/image": hostile,
        "spec/template/spec/containers/0/env": [{ name: hostile, value: hostile }],
      }),
    ];
    expect(evaluate(judged).findings.length).toBeGreaterThan(0);
  });

  test("whatever the configuration is", () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.constantFrom("all", "CTR-006", "CTR-013", "CTR-034", "x"), anything),
        (config) => void evaluate([privileged], { config }),
      ),
      { numRuns: 300 },
    );
  });
});
