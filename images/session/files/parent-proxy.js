// parent-proxy.js: connections by way of the company's proxy that PARENT_PROXY names, each a tunnel (CONNECT) in which TLS is
// between its two ends. Whoever /parent/login says signs in at it.
const { readFileSync } = require("node:fs");
const http = require("node:http");
const https = require("node:https");

const seconds = 30;

function login() {
  try {
    const [user, password] = readFileSync("/parent/login", "utf8").split(":").map(decodeURIComponent);
    return { "proxy-authorization": `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}` };
  } catch (error) {
    if (error.code === "ENOENT") return {};
    throw error;
  }
}

// What there is to say of a tunnel that came to nothing; none of it holds the login.
function refusal(status) {
  const why = status === 407 ? "takes no such user and password" : "refuses the tunnel";
  return Object.assign(new Error(`the parent proxy ${why}`), { code: `the parent proxy ${why}: ${status}` });
}

class ParentAgent extends https.Agent {
  createConnection(options, done) {
    const target = `${options.host}:${options.port}`;
    const { hostname, port } = new URL(process.env.PARENT_PROXY);
    const headers = { host: target, ...login() };
    const asked = http.request({ host: hostname, port: port || 80, method: "CONNECT", path: target, headers, agent: false });
    asked.setTimeout(seconds * 1000, () => asked.destroy(Object.assign(new Error("no answer"), { code: "the parent proxy is silent" })));
    asked.once("connect", ({ statusCode }, socket) => {
      socket.setTimeout(0);
      if (statusCode === 200) return done(null, super.createConnection({ ...options, socket }));
      socket.destroy();
      done(refusal(statusCode));
    });
    asked.once("response", (answer) => {
      answer.destroy();
      done(refusal(answer.statusCode));
    });
    asked.once("error", (error) => done(error));
    asked.end();
  }
}

module.exports = { ParentAgent };
