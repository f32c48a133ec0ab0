// GET /health for platforms that probe over HTTP. It only reports: whoever probes decides what a failure means.
const { execFile } = require("node:child_process");
const { createServer } = require("node:http");

const port = Number(process.argv[2]);

createServer((request, response) => {
  if (request.method !== "GET" || request.url !== "/health") {
    response.writeHead(404).end();
    return;
  }
  execFile("/usr/local/bin/session-health", ["--report"], { timeout: 9000 }, (error, stdout) => {
    const body = stdout || '{"status":"unhealthy","reason":"the health check did not answer"}\n';
    response.writeHead(error ? 503 : 200, { "content-type": "application/json" }).end(body);
  });
}).listen(port, () => console.log(`session: health is served on port ${port}`));
