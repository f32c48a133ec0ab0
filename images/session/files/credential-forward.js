// credential-forward.js PORT: hands connections to PORT of the session's own loopback address to the credential proxy, of which the
// session has nothing but the socket, or the host and port that SESSION_MODEL_PROXY names.
const { connect, createServer } = require("node:net");
const { pipeline } = require("node:stream");

const [host, port] = (process.env.SESSION_MODEL_PROXY ?? "").split(":");
const where = host ? { host, port: Number(port), noDelay: true } : { path: "/run/credential-proxy/socket" };

createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
  const proxy = connect({ ...where, allowHalfOpen: true });
  pipeline(client, proxy, () => {});
  pipeline(proxy, client, () => {});
}).listen(Number(process.argv[2]), "127.0.0.1");
