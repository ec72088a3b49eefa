// Serves dist and the gateway's API with a fake system, for work on the pages only:
//   node mock/server.mjs [--port 8099] [--functions 12] [--open] [--empty]
// User and password are both "admin".
import { createServer } from "node:http";
import { existsSync, readFileSync } from "node:fs";
import { extname, join, normalize } from "node:path";
import { parseArgs } from "node:util";
import { System } from "./system.mjs";

const { values: flags } = parseArgs({
  options: { port: { type: "string", default: "8099" }, functions: { type: "string", default: "12" }, open: { type: "boolean", default: false }, empty: { type: "boolean", default: false } },
});
const system = new System(flags.empty ? 0 : Number(flags.functions));
const dist = join(import.meta.dirname, "..", "dist");
const sessions = new Set();
const streams = new Set();
const types = { ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml" };
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

setInterval(() => {
  system.step(Date.now(), 1);
  const rows = [...system.functions.values()].map((f) => system.row(f, false));
  const alerts = JSON.stringify(system.alerts());
  for (const s of streams) {
    s.event("functions", { now: Date.now(), full: false, rows: rows.map((r) => (s.known.has(r.name) ? r : system.row(system.functions.get(r.name), true))), removed: [...s.known].filter((n) => !system.functions.has(n)) });
    s.known = new Set(system.functions.keys());
    s.follow();
    s.response.write(`event: alerts\ndata: ${alerts}\n\n`);
  }
}, 1000);
system.onDecision = (e) => {
  for (const s of streams) s.event("decision", e);
};

function stream(request, response, url) {
  response.writeHead(200, { "Content-Type": "text/event-stream", "Cache-Control": "no-store" });
  const event = (name, data) => response.write(`event: ${name}\ndata: ${JSON.stringify(data)}\n\n`);
  const name = url.searchParams.get("function");
  const follow = () => {
    if (!name) return;
    const f = system.functions.get(name);
    const now = Date.now();
    event("function", f
      ? { now, name, exists: true, status: system.status(f), replicas: f.replicas.map((r, i) => ({ id: r.id, address: r.address, node: r.node, state: r.readyAt <= now ? "ready" : "starting", startedAt: r.startedAt, inFlight: Math.round(f.inFlight / (f.replicas.length || 1) + (i % 2)) })), scaling: system.functionScaling(f) }
      : { now, name, exists: false, status: null, replicas: null, scaling: null });
  };
  const s = { response, event, follow, known: new Set(system.functions.keys()) };
  event("hello", { version: "0.9.0", commit: "5220839", backend: "faas-local", orchestration: "local", started: new Date(system.started).toISOString(), now: Date.now(), prometheusURL: "http://127.0.0.1:9090", alertmanagerURL: "http://127.0.0.1:9093", queue: true, secrets: true, logs: true, freeze: true, preview: true });
  event("functions", { now: Date.now(), full: true, rows: [...system.functions.values()].map((f) => system.row(f, true)), removed: [] });
  event("decisions", system.decisions.slice(-100));
  event("control", { loop: "ok", rates: "ok", alerts: "ok" });
  event("alerts", system.alerts());
  follow();
  streams.add(s);
  request.on("close", () => streams.delete(s));
}

function file(response, path) {
  const asked = normalize(path.replace(/^\/ui\/?/, ""));
  let full = join(dist, asked);
  if (asked === "." || asked.startsWith("..") || !existsSync(full) || extname(full) === "") full = join(dist, "index.html");
  response.writeHead(200, { "Content-Type": types[extname(full)] ?? "application/octet-stream", "Content-Security-Policy": policy, "Cache-Control": "no-cache" });
  response.end(readFileSync(full));
}

async function body(request) {
  let text = "";
  for await (const part of request) text += part;
  return text;
}

const server = createServer(async (request, response) => {
  const url = new URL(request.url, "http://mock");
  const path = decodeURIComponent(url.pathname);
  const json = (data, status = 200) => {
    response.writeHead(status, { "Content-Type": "application/json" });
    response.end(JSON.stringify(data));
  };
  const text = (status, words, headers = {}) => {
    response.writeHead(status, { "Content-Type": "text/plain", ...headers });
    response.end(words);
  };
  const cookie = /faas=([\w-]+)/.exec(request.headers.cookie ?? "")?.[1];
  const signedIn = flags.open || sessions.has(cookie);

  if (path === "/ui/session") {
    if (request.method === "GET") return signedIn ? json({ user: "admin", open: flags.open }) : text(401, "sign in first");
    if (request.method === "DELETE") {
      sessions.delete(cookie);
      return text(204, "");
    }
    const { user, password } = JSON.parse(await body(request));
    if (user !== "admin" || password !== "admin") return text(401, "wrong user or password\n");
    const id = crypto.randomUUID();
    sessions.add(id);
    return text(204, "", { "Set-Cookie": `faas=${id}; HttpOnly; SameSite=Strict; Path=/` });
  }
  if (path === "/ui" || path.startsWith("/ui/")) return file(response, path);
  const invoked = /^\/(async-)?function\/([^/]+)/.exec(path);
  if (invoked) {
    const sent = await body(request);
    const f = system.functions.get(invoked[2]);
    const headers = { "X-Call-Id": crypto.randomUUID(), "X-Duration-Seconds": "0.012345" };
    if (!f) return text(404, `function "${invoked[2]}" does not exist\n`, { ...headers, "X-OpenFaaS-Internal": "gateway" });
    if (invoked[1]) return text(202, "", headers);
    return setTimeout(() => text(200, JSON.stringify({ method: request.method, path: request.url, sent, cookie: request.headers.cookie ?? null }), { ...headers, "Content-Type": "application/json" }), 30);
  }
  if (!path.startsWith("/system/")) return text(404, "there is no such page\n");
  if (!signedIn) return text(401, "invalid credentials\n");

  const name = /^\/system\/(?:portal\/(?:history|preview)|function|functions|scale-function)\/([^/]+)/.exec(path)?.[1];
  const f = system.functions.get(name);
  if (name && !f) return text(404, `function "${name}" does not exist\n`);
  if (path === "/system/portal/stream") return stream(request, response, url);
  if (path.startsWith("/system/portal/history/")) {
    const seconds = Number(url.searchParams.get("seconds") ?? 900);
    const step = Math.max(1, Math.round(seconds / 300));
    const from = Date.now() - seconds * 1000;
    const points = f.history.filter((p) => p.t >= from);
    const column = (key) => points.map((p) => p[key]);
    return json({ function: name, from, to: Date.now(), step, times: column("t"), arrivals: column("arrivals"), inFlight: column("inFlight"), errors: column("errors"), p50: column("p50"), p99: column("p99"), desired: column("desired"), ready: column("ready"), capacity: column("capacity"), load: column("load"), unit: f.scaling.type, signal: f.scaling.type, decisions: system.decisions.filter((e) => e.function === name) });
  }
  if (path.startsWith("/system/portal/preview/")) {
    const { seconds, scaling } = JSON.parse(await body(request));
    if (scaling.max > 100) return text(400, "max 101: this machine carries 100 replicas at most\n");
    return setTimeout(() => json(system.preview(f, scaling, seconds)), 800);
  }
  if (path.startsWith("/system/function/")) return json(system.status(f, url.searchParams.has("usage")));
  if (path.startsWith("/system/scale-function/")) {
    const { replicas } = JSON.parse(await body(request));
    system.decide(f, Date.now(), replicas, { kind: "manual", alert: undefined, signal: undefined, reason: "manual order" });
    return text(202, "");
  }
  if (path.endsWith("/scaling")) {
    if (request.method === "PATCH") {
      const { targets, target, ...patch } = JSON.parse(await body(request));
      f.scaling = { ...f.scaling, ...patch };
      f.scaling.targets = { ...f.scaling.targets, ...(target ? { [f.scaling.type]: target } : {}), ...targets };
    }
    return json(system.functionScaling(f));
  }
  if (path.endsWith("/freeze")) {
    if (request.method === "PUT") {
      const { for: duration, comment } = JSON.parse(await body(request));
      return json(system.freeze(name, duration, comment));
    }
    f.frozen = null;
    return json({ function: name, ended: ["x"] });
  }
  if (path === "/system/functions") {
    if (request.method === "GET") return json([...system.functions.values()].map((x) => system.status(x)));
    const d = JSON.parse(await body(request));
    if (request.method === "DELETE") {
      system.functions.delete(d.functionName);
      return text(202, "");
    }
    if (request.method === "POST" && system.functions.has(d.service)) return text(409, `function ${d.service} exists already\n`);
    const before = system.functions.get(d.service);
    if (before) before.deployment = d;
    else system.put(d.service, system.functions.size, Date.now(), d);
    return text(202, "");
  }
  if (path === "/system/secrets") {
    if (request.method === "GET") return json(system.secrets.map((n) => ({ name: n })));
    system.secrets.push(JSON.parse(await body(request)).name);
    return text(201, "");
  }
  if (path === "/system/logs") {
    const of = system.functions.get(url.searchParams.get("name"));
    const instance = url.searchParams.get("instance");
    response.writeHead(200, { "Content-Type": "application/x-ndjson" });
    const write = (line) => (!instance || line.instance === instance) && response.write(`${JSON.stringify(line)}\n`);
    const since = url.searchParams.get("since");
    (since ? of.log.filter((l) => l.timestamp >= since) : of.log.slice(-Number(url.searchParams.get("tail") ?? 100))).forEach(write);
    (of.logListeners ??= new Set()).add(write);
    return request.on("close", () => of.logListeners.delete(write));
  }
  return text(404, "there is no such page\n");
});

server.listen(Number(flags.port), "127.0.0.1", () => console.log(`http://127.0.0.1:${flags.port}/ui/ (admin, admin)`));
