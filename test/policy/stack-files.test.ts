import { describe, expect, test } from "vitest";
import { evaluate } from "../../policy/evaluate.ts";
import { fromPreview, fromState } from "../../policy/stack-files.ts";
import { sessionContainer } from "./fixtures.ts";

const { urn, type, props } = sessionContainer({ privileged: true });
const state = {
  urn,
  custom: true,
  type,
  inputs: props,
  parent: "urn:pulumi:test::fixtures::pulumi:pulumi:Stack::x",
  protect: true,
  ignoreChanges: ["envs"],
  dependencies: ["urn:x"],
};

describe("a stack export", () => {
  test("gives its resources with inputs and options", () => {
    expect(fromState({ version: 3, deployment: { resources: [state] } })).toEqual([
      {
        urn,
        type,
        name: "alpha",
        props,
        custom: true,
        protect: true,
        retainOnDelete: false,
        ignoreChanges: ["envs"],
        dependencies: ["urn:x"],
        parent: state.parent,
      },
    ]);
  });

  test("leaves out what is about to go and what is only read", () => {
    expect(
      fromState({
        deployment: {
          resources: [
            { ...state, delete: true },
            { ...state, external: true },
          ],
        },
      }),
    ).toEqual([]);
  });

  test("keeps secrets closed: what is in them is not evaluated, or judged where it was exported with them", () => {
    const secret = (content: object) => ({
      "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
      ...content,
    });
    const verdicts = (value: unknown) =>
      evaluate(fromState({ deployment: { resources: [{ ...state, inputs: { ...props, envs: [value] } }] } }))
        .findings.filter(({ rule }) => rule === "CTR-026")
        .map(({ verdict }) => verdict);
    expect(verdicts(secret({ ciphertext: "v1:abc" }))).toEqual(["not-evaluated"]);
    expect(verdicts(secret({ plaintext: '"DB_PASSWORD=x"' }))).toEqual(["violation"]);
    expect(verdicts(secret({ plaintext: "no JSON" }))).toEqual(["not-evaluated"]);
  });

  test.each([[null], [[]], [{ deployment: { resources: 1 } }]])("%j is refused in a sentence", (file) => {
    expect(() => fromState(file)).toThrow(/^this is no stack export/);
  });
});

describe("a preview", () => {
  test("gives what will be there, once", () => {
    const steps = [
      { op: "create-replacement", urn, newState: state },
      { op: "replace", urn, newState: state },
      { op: "delete-replaced", urn, newState: state },
      { op: "delete", urn: "urn:pulumi:a::b::c::gone", oldState: state },
      { op: "read", urn: "urn:pulumi:a::b::c::read", newState: { ...state, urn: "urn:pulumi:a::b::c::read" } },
    ];
    expect(fromPreview({ steps }).map((one) => one.urn)).toEqual([urn]);
  });

  test("keeps secrets, which it does not show, unknown", () => {
    const steps = [{ op: "create", urn, newState: { ...state, inputs: { ...props, envs: ["[secret]"] } } }];
    expect(evaluate(fromPreview({ steps })).findings.find(({ rule }) => rule === "CTR-026")).toMatchObject({
      verdict: "not-evaluated",
    });
  });

  test("is refused in a sentence", () => {
    expect(() => fromPreview({})).toThrow(/^this is no preview/);
  });
});
