// credential-forward.js PORT: hands connections to PORT of the session's own loopback address to the credential proxy, whose
// socket is all that the session has of it.
const { connect, createServer } = require("node:net");
const { pipeline } = require("node:stream");

createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
  const proxy = connect({ path: "/run/credential-proxy/socket", allowHalfOpen: true });
  pipeline(client, proxy, () => {});
  pipeline(proxy, client, () => {});
}).listen(Number(process.argv[2]), "127.0.0.1");
