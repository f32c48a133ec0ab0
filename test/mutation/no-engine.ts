import { expect } from "vitest";
import { nowhere, testedEngine } from "./hosts.ts";

// For all tests but the engine's, and for those as well where the mutants are no hooks.
process.env.DOCKER_HOST = expect.getState().testPath?.includes("/test/engine/") ? (process.env[testedEngine] ?? nowhere) : nowhere;
