// A lively fake system: functions with loads that come and go, scaled by rules that are near enough to the real ones.

const names = [
  "resize", "thumbnail", "echoit", "invoice-pdf", "geocode", "webhook-relay", "markdown", "ocr-receipts", "checkout", "nightly-report", "spam-score", "translate",
];

const round = (n) => Math.round(n * 1e6) / 1e6;

export class System {
  constructor(count, now = Date.now()) {
    this.started = now;
    this.decisions = [];
    this.functions = new Map();
    this.silences = [];
    this.secrets = ["api-key", "db-password", "smtp"];
    this.lastDecision = 0;
    this.onDecision = () => {};
    for (let i = 0; i < count; i++) this.put(names[i] ?? `job-${String(i).padStart(3, "0")}`, i, now);
    if (count >= 12) {
      this.freeze("geocode", "1h", "load test of the new index", now);
      this.functions.get("ocr-receipts").blocked = 'image "example/ocr-receipts:9.1" cannot be pulled: manifest unknown';
    }
    // An hour of the past.
    for (let t = now - 3600_000; t < now; t += 5000) this.step(t, 5);
  }

  put(name, i, now, deployment = {}) {
    const labels = { ...deployment.labels };
    const f = {
      name, i, deployment: { image: `example/${name}:1.${i % 7}`, envProcess: i % 3 ? "" : "node handler.js", ...deployment }, createdAt: new Date(now - (i + 1) * 7200_000).toISOString(),
      scaling: { type: i % 5 === 3 ? "capacity" : "rps", targets: i % 5 === 3 ? { capacity: 10 } : { rps: [5, 20, 50, 100][i % 4] }, min: i % 6 === 4 ? 0 : 1, max: [20, 10, 30, 12][i % 4], window: "30s", zero: i % 6 === 4, zeroDuration: "15m0s", proportion: 0.9, slots: i % 4 === 1 ? 8 : 0, factor: 20 },
      labels, desired: 1, replicas: [], nextReplica: 1, high: [], history: [], rps: 0, inFlight: 0, p50: 0, p99: 0, errors: 0, held: 0, invocations: 1000 * i, blocked: "", frozen: null, spark: [],
      phase: (i * 2.399) % 6.283, amplitude: [38, 120, 260, 90][i % 4], period: 180 + ((i * 47) % 400), log: [],
    };
    this.functions.set(name, f);
    return f;
  }

  load(f, t) {
    if (f.scaling.zero && Math.sin(t / 240_000 + f.phase) < 0.2) return 0;
    const wave = Math.max(0, Math.sin((t / 1000 / f.period) * 6.283 + f.phase));
    const burst = Math.sin(t / 97_000 + f.phase * 3) > 0.93 ? 1.8 : 1;
    const noise = 0.92 + 0.16 * Math.abs(Math.sin(t / 700 + f.phase * 11));
    return f.amplitude * (0.06 + wave ** 1.5) * burst * noise;
  }

  decide(f, t, to, more) {
    const e = {
      id: ++this.lastDecision, time: new Date(t).toISOString(), function: f.name, kind: "alert", alert: "FunctionScale", signal: f.scaling.type, status: "firing",
      from: f.desired, to, wanted: to, applied: true, code: "scaled", reason: `ordered ${to}`, duration_seconds: 0.004, ...more,
    };
    this.decisions.push(e);
    if (this.decisions.length > 500) this.decisions.shift();
    if (e.applied) {
      f.desired = e.to;
      f.changedAt = t;
      f.pending = e.to > e.from ? e : null;
    }
    this.onDecision(e);
  }

  step(t, seconds) {
    for (const f of this.functions.values()) {
      const s = f.scaling;
      const signal = s.type.split(",")[0];
      f.rps = round(this.load(f, t));
      const per = s.targets[signal] * s.proportion;
      f.inFlight = round(f.rps * (signal === "capacity" ? 0.4 : 0.05));
      const load = signal === "capacity" ? f.inFlight : f.rps;
      const wanted = Math.min(s.max, Math.max(s.min, 1, Math.ceil(load / per)));
      f.high.push(wanted);
      if (f.high.length > Math.ceil(30 / seconds)) f.high.shift();
      const hold = Math.max(...f.high);
      f.wanted = wanted;
      f.hold = hold;
      const idle = s.zero && f.rps === 0;
      if (f.frozen && Date.parse(f.frozen.until) < t) f.frozen = null;
      if (f.frozen) {
        if (wanted !== f.desired && (f.lastFrozen ?? 0) < t - 60_000) {
          f.lastFrozen = t;
          this.decide(f, t, f.desired, { wanted, applied: false, code: "frozen", reason: `frozen by silence ${f.frozen.silence.slice(0, 8)}: ${f.frozen.comment}`, repeats: 5 });
        }
      } else if (f.desired === 0 && f.rps > 0) this.decide(f, t, 1, { kind: "wake", alert: undefined, signal: undefined, reason: "woken by a request" });
      else if (idle && f.desired > 0) this.decide(f, t, 0, { alert: "FunctionIdle", reason: "ordered 0" });
      else if (!idle && wanted > f.desired && !f.blocked) {
        const raw = Math.ceil(load / per);
        this.decide(f, t, wanted, { wanted: raw, reason: raw > s.max ? `ordered ${raw} (clamped from ${raw} to max ${s.max})` : `ordered ${wanted}` });
      } else if (!idle && hold < f.desired && f.desired > 0) this.decide(f, t, hold, {});
      // Replicas come after a while and go at once.
      while (f.replicas.length > f.desired) f.replicas.pop();
      while (f.replicas.length < f.desired && !f.blocked) {
        const n = f.nextReplica++;
        f.replicas.push({ id: `${f.name}.${n}.${(n * 7919 + f.i * 31).toString(36)}`, address: `10.0.${f.i % 250}.${(n % 250) + 2}:8080`, node: `node-${(n % 3) + 1}`, startedAt: new Date(t).toISOString(), readyAt: t + 900 + ((n * 613) % 1400) });
      }
      f.ready = f.replicas.filter((r) => r.readyAt <= t).length;
      if (f.pending && f.ready >= f.pending.to) {
        f.pending.ready_after_seconds = round((t - Date.parse(f.pending.time)) / 1000);
        this.onDecision(f.pending);
        f.pending = null;
      }
      const full = f.ready > 0 ? load / (per * f.ready) : f.rps > 0 ? 3 : 0;
      f.held = full > 1.4 ? Math.round((full - 1.4) * 6) : 0;
      f.p50 = f.rps > 0 ? round(0.004 * (1 + (f.i % 5)) * (1 + Math.max(0, full - 0.8))) : null;
      f.p99 = f.p50 === null ? null : round(f.p50 * (3 + 2 * Math.abs(Math.sin(t / 9000 + f.phase)) + Math.max(0, full - 1) * 8));
      f.errors = f.rps > 0 ? (f.i % 7 === 2 ? 0.004 : f.i % 11 === 8 ? 0.031 : 0) : null;
      f.invocations += f.rps * seconds;
      f.history.push({ t, arrivals: f.rps, inFlight: f.inFlight, errors: f.rps * (f.errors ?? 0), p50: f.p50, p99: f.p99, desired: f.desired, ready: f.ready, capacity: per * f.desired, load });
      if (f.history.length > 8000) f.history.shift();
      this.write(f, t);
    }
  }

  write(f, t) {
    if (f.ready === 0 || f.rps === 0) return;
    const texts = ["request done in 12 ms", "cache miss, fetching https://images.example.com/a/very/long/path/to/an/original-picture-0231.png?width=200&height=100", "warn: retrying the upstream, attempt 2", "level=info msg=\"resized\" width=200 height=133 bytes=48211"];
    f.log.push({ name: f.name, namespace: "openfaas-fn", instance: f.replicas[Math.floor((t / 1000) % f.replicas.length)].id, timestamp: new Date(t).toISOString(), text: texts[Math.floor(t / 1000) % texts.length] });
    if (f.log.length > 300) f.log.shift();
    for (const l of f.logListeners ?? []) l(f.log.at(-1));
  }

  state(f) {
    if (f.blocked) return ["blocked", `blocked: ${f.blocked}`];
    if (f.desired === 0) return f.held > 0 ? ["waking", "waking"] : ["zero", "at zero"];
    if (f.ready === 0) return ["waking", "waking"];
    if (f.ready < f.desired) return ["starting", `scaling ${f.ready}→${f.desired}`];
    if (f.desired === f.scaling.max && f.wanted >= f.scaling.max) return ["full", "at its maximum"];
    return ["ready", "ready"];
  }

  row(f, spark) {
    const [state, stateText] = this.state(f);
    const signals = f.scaling.type.split(",").map((type) => ({ type, target: f.scaling.targets[type], perReplica: f.scaling.targets[type] * f.scaling.proportion }));
    const row = {
      name: f.name, image: f.deployment.image, desired: f.desired, ready: f.ready, min: f.scaling.min, max: f.scaling.max, state, stateText, blocked: f.blocked, frozen: f.frozen,
      rps: f.rps, inFlight: f.inFlight, p50: f.p50, p99: f.p99, errors: f.errors, held: f.held, invocations: Math.round(f.invocations),
      target: signals.map((s) => `${s.target} ${s.type === "capacity" ? "in flight" : s.type}`).join(", "), signals,
    };
    if (spark) row.spark = Array.from({ length: 60 }, (_, i) => f.history.at(-60 + i)?.arrivals ?? null);
    return row;
  }

  functionScaling(f) {
    const per = f.scaling.targets[f.scaling.type.split(",")[0]] * f.scaling.proportion;
    return {
      function: f.name, scaling: f.scaling, labels: { "com.openfaas.scale.target": "5" }, replicas: { desired: f.desired, ready: f.ready }, wanted: f.wanted, hold: f.hold,
      signals: f.scaling.type.split(",").map((type) => ({ type, load: type === "rps" ? f.rps : f.inFlight, target: f.scaling.targets[type], perReplica: f.scaling.targets[type] * f.scaling.proportion, capacity: per * f.desired, wanted: f.wanted })),
      frozen: f.frozen, controlLoop: "ok", more: `no: load ${f.rps.toFixed(0)} rps is within what ${f.desired} replicas carry (${(per * f.desired).toFixed(0)})`,
      fewer: f.hold < f.desired ? "soon" : `the down window holds ${f.hold} until ${new Date(Date.now() + 20_000).toTimeString().slice(0, 8)}`, decisions: [],
    };
  }

  status(f, usage) {
    const d = f.deployment;
    return {
      name: f.name, image: d.image, namespace: "openfaas-fn", ...(d.envProcess ? { envProcess: d.envProcess } : {}), envVars: d.envVars ?? { max_inflight: "8", write_debug: "false" }, constraints: d.constraints ?? [], secrets: d.secrets ?? ["api-key"],
      labels: { "com.openfaas.scale.target": String(f.scaling.targets[f.scaling.type] ?? 5), "com.openfaas.scale.max": String(f.scaling.max), "com.example.team": "images", ...d.labels }, annotations: d.annotations ?? {},
      limits: d.limits ?? { memory: "128Mi", cpu: "500m" }, invocationCount: Math.round(f.invocations), replicas: f.desired, availableReplicas: f.ready, createdAt: f.createdAt,
      ...(f.blocked ? { blocked: f.blocked } : {}), ...(usage ? { usage: { cpu: 212, totalMemoryBytes: 48 << 20 } } : {}),
    };
  }

  freeze(name, duration, comment, now = Date.now()) {
    const unit = { s: 1, m: 60, h: 3600 }[duration.at(-1)] ?? 1;
    const f = this.functions.get(name);
    f.frozen = { function: name, silence: `5f3b2b0e-6c3f-4c5e-9c1c-${String(f.i).padStart(12, "0")}`, until: new Date(now + parseFloat(duration) * unit * 1000).toISOString(), createdBy: "admin", comment, up: true, down: true, zero: true };
    return f.frozen;
  }

  alerts() {
    const alerts = [{ name: "Heartbeat", function: "", labels: { alertname: "Heartbeat" }, annotations: {}, startsAt: new Date(this.started).toISOString(), endsAt: new Date(Date.now() + 5000).toISOString(), updatedAt: new Date().toISOString(), state: "active", silencedBy: [], generatorURL: "http://127.0.0.1:9090/graph?g0.expr=vector%281%29" }];
    for (const f of this.functions.values()) {
      if (f.wanted === f.desired || alerts.length > 12) continue;
      alerts.push({ name: "FunctionScale", function: f.name, labels: { alertname: "FunctionScale", function_name: f.name, replicas: String(f.wanted), signal: f.scaling.type }, annotations: { summary: `${f.name} should have ${f.wanted} replicas` }, startsAt: new Date(Date.now() - 4000).toISOString(), endsAt: new Date(Date.now() + 5000).toISOString(), updatedAt: new Date().toISOString(), state: f.frozen ? "suppressed" : "active", silencedBy: f.frozen ? [f.frozen.silence] : [], generatorURL: "http://127.0.0.1:9090/graph?g0.expr=function%3Areplicas%3Awanted" });
    }
    const silences = [...this.functions.values()].filter((f) => f.frozen).map((f) => ({
      id: f.frozen.silence, state: "active", matchers: [{ name: "alertname", value: "FunctionScale|FunctionOverload|FunctionIdle", isRegex: true, isEqual: true }, { name: "function_name", value: f.name, isRegex: false, isEqual: true }],
      startsAt: new Date(this.started).toISOString(), endsAt: f.frozen.until, createdBy: "admin", comment: f.frozen.comment, functions: [f.name],
    }));
    return { now: Date.now(), alerts, silences };
  }

  preview(f, patch, seconds) {
    const points = f.history.filter((p) => p.t >= Date.now() - seconds * 1000);
    const side = (s) => {
      const per = Object.values(s.targets)[0] * s.proportion;
      const windowPoints = 10;
      const recent = [];
      let changes = 0, replicaSeconds = 0, overloadedSeconds = 0, waited = 0, last = 1, lastT = points[0]?.t ?? 0;
      const desired = points.map((p) => {
        recent.push(Math.min(s.max, Math.max(s.min, Math.ceil(p.load / per))));
        if (recent.length > windowPoints) recent.shift();
        const n = Math.max(...recent);
        const dt = (p.t - lastT) / 1000;
        lastT = p.t;
        if (n !== last) changes++;
        last = n;
        replicaSeconds += n * dt;
        if (p.load > n * per) { overloadedSeconds += dt; waited += (p.load - n * per) * dt; }
        return n;
      });
      return { desired, ready: desired, changes, replicaSeconds, overloadedSeconds, waited: Math.round(waited) };
    };
    const targets = { ...f.scaling.targets, ...(patch.target ? { [f.scaling.type]: patch.target } : {}), ...patch.targets };
    return { function: f.name, times: points.map((p) => p.t), arrivals: points.map((p) => p.arrivals), before: side(f.scaling), after: side({ ...f.scaling, ...patch, targets }), note: "Replicas are assumed to be ready 1.2 s after they are ordered, as they were in this time.", took: 0.84 };
  }
}
