import { PolicyPack } from "@pulumi/policy";
import { policies } from "./policies.ts";

new PolicyPack("agent-sessions", {
  displayName: "Agent sessions",
  description: "Containers on Docker, Swarm, Kubernetes and AWS ECS, held to what an AI coding agent may have.",
  enforcementLevel: "mandatory",
  tags: ["docker", "swarm", "kubernetes", "aws", "ecs"],
  policies: policies(),
});
