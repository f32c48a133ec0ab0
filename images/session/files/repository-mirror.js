// repository-mirror.js: hands out the clone in /workspace as it stands, a tar archive for each request. Nobody can change it by way
// of this, or ask for anything else.
//
//   LISTEN_PORT  answers there
//   --check      0 when it answers
const { spawn } = require("node:child_process");
const { readdirSync } = require("node:fs");
const { createServer } = require("node:http");
const { connect } = require("node:net");

const port = Number(process.env.LISTEN_PORT);
const folder = "/workspace";

function serve() {
  const server = createServer((request, response) => {
    request.resume();
    if (request.method !== "GET" || request.url !== "/") {
      response.writeHead(404).end();
      return;
    }
    // What is in the folder, and not the folder itself: where it is taken to may be a volume that belongs to root, and stays so.
    const tar = spawn("tar", ["--create", `--directory=${folder}`, "--null", "--files-from=-"], { stdio: ["pipe", "pipe", "inherit"] });
    tar.stdin.once("error", () => response.destroy());
    tar.stdin.end(Buffer.concat(readdirSync(folder, "buffer").map((name) => Buffer.concat([name, Buffer.of(0)]))));
    response.writeHead(200, { "content-type": "application/x-tar" });
    tar.stdout.pipe(response, { end: false });
    // An archive that breaks off ends in no last chunk, so that it is taken for no whole one.
    tar.once("close", (code) => (code === 0 ? response.end() : response.destroy()));
    tar.once("error", () => response.destroy());
    response.once("close", () => tar.kill());
  });
  // Each takes a process.
  server.maxConnections = 32;
  server.listen(port);
  process.once("SIGTERM", () => process.exit(0));
}

function check() {
  const probe = connect({ port, host: "127.0.0.1" }, () => process.exit(0));
  probe.once("error", () => process.exit(1));
}

process.argv.includes("--check") ? check() : serve();
