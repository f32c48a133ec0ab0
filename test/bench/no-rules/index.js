import { PolicyPack } from "@pulumi/policy";

const policy = { description: "Judges nothing.", enforcementLevel: "advisory" };
new PolicyPack("no-rules", {
  policies: [
    { ...policy, name: "resource", validateResource: () => {} },
    { ...policy, name: "stack", validateStack: () => {} },
  ],
});
