import { expect } from "vitest";

/** What names the engine outside of the tests; kept for the next file of the same process. */
const kept = "AGENT_SESSIONS_TESTED_ENGINE";
process.env[kept] ??= process.env.DOCKER_HOST ?? "";

// Where nobody listens, also on a machine with an engine, for all tests but the engine's.
process.env.DOCKER_HOST = expect.getState().testPath?.includes("/test/engine/") ? process.env[kept] : "unix:///nowhere/docker.sock";
