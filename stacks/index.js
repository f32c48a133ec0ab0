// Plain JavaScript, so that an old Node can still read the sentence.
const [major, minor] = process.versions.node.split(".").map(Number);
if (major < 22 || (major === 22 && minor < 18)) {
  throw new Error(
    `agent-sessions needs Node 22.18 or newer, and this is ${process.versions.node}; the development dependency "node" brings one: run through "npx sessions", or put node_modules/.bin first in PATH`,
  );
}
export const { sessions, authority } = await import("./index.ts");
