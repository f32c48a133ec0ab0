/** Where nobody listens, also on a machine with an engine. */
export const nowhere = "unix:///nowhere/docker.sock";

/** The variable that says to the tests of hooks which engine they may use; kept for all files of a process. */
export const testedEngine = "AGENT_SESSIONS_TESTED_ENGINE";
