// Greets whom the body names: a server of Node's own http module, which the watchdog starts once and sends all requests to.
"use strict";

const http = require("node:http");

let answered = 0;

const server = http.createServer((request, response) => {
  const parts = [];
  request.on("data", (part) => parts.push(part));
  request.on("error", () => response.destroy()); // the client left
  request.on("end", () => {
    const name = Buffer.concat(parts).toString().trim() || "world";
    answered += 1;
    response.setHeader("Content-Type", "text/plain; charset=utf-8");
    response.end(`Hello, ${name}!\nThis is answer ${answered} of process ${process.pid}.\n`);
  });
});

// PORT is given where several replicas share a machine. In a container it is that of upstream_url.
server.listen(Number(process.env.PORT ?? 8082), "127.0.0.1");

process.on("SIGTERM", () => {
  server.close(() => process.exit(0)); // once the requests in flight are answered
  server.closeIdleConnections();
});
