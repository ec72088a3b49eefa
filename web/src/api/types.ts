// The JSON of the gateway, as docs/openapi.yaml describes it, and the events of the portal's stream.

export type State = "ready" | "starting" | "draining" | "waking" | "zero" | "full" | "blocked" | "failing";

export interface Frozen {
  function: string;
  silence: string;
  until: string;
  createdBy: string;
  comment: string;
  up: boolean;
  down: boolean;
  zero: boolean;
}

export interface RowSignal {
  type: string;
  target: number;
  perReplica: number;
}

/** A function as the list shows it. Seconds for p50 and p99, a share for errors; null is unknown. */
export interface Row {
  name: string;
  image: string;
  desired: number;
  ready: number;
  min: number;
  max: number;
  state: State;
  stateText: string;
  blocked: string;
  frozen: Frozen | null;
  rps: number | null;
  inFlight: number | null;
  p50: number | null;
  p99: number | null;
  errors: number | null;
  held: number;
  invocations: number;
  target: string;
  signals: RowSignal[] | null;
  spark?: (number | null)[];
}

export interface Hello {
  version: string;
  commit: string;
  backend: string;
  orchestration: string;
  started: string;
  now: number;
  prometheusURL: string;
  alertmanagerURL: string;
  queue: boolean;
  secrets: boolean;
  logs: boolean;
  freeze: boolean;
  preview: boolean;
}

export interface FunctionsEvent {
  now: number;
  full: boolean;
  rows: Row[] | null;
  removed: string[] | null;
}

/** A decision on replicas, also one that changed nothing. */
export interface ScaleEvent {
  id: number;
  time: string;
  function?: string;
  kind: string;
  alert?: string;
  signal?: string;
  status?: string;
  starts_at?: string;
  from: number;
  to: number;
  wanted: number;
  applied: boolean;
  code: string;
  reason: string;
  duration_seconds?: number;
  ready_after_seconds?: number;
  repeats?: number;
  repeated_at?: string;
}

export interface Control {
  loop: string;
  rates: string;
  alerts: string;
}

export interface Alert {
  name: string;
  function: string;
  labels: Record<string, string> | null;
  annotations: Record<string, string> | null;
  startsAt: string;
  endsAt: string;
  updatedAt: string;
  state: string;
  silencedBy: string[] | null;
  generatorURL: string;
}

export interface Matcher {
  name: string;
  value: string;
  isRegex: boolean;
  isEqual: boolean;
}

export interface Silence {
  id: string;
  state: "active" | "pending" | "expired";
  matchers: Matcher[] | null;
  startsAt: string;
  endsAt: string;
  createdBy: string;
  comment: string;
  functions: string[] | null;
}

export interface AlertsEvent {
  now: number;
  alerts: Alert[] | null;
  silences: Silence[] | null;
}

export interface Resources {
  memory?: string;
  cpu?: string;
}

export interface Deployment {
  service: string;
  image: string;
  envProcess?: string;
  envVars?: Record<string, string>;
  constraints?: string[];
  secrets?: string[];
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  limits?: Resources;
  requests?: Resources;
  readOnlyRootFilesystem?: boolean;
}

export interface FunctionStatus {
  name: string;
  image: string;
  envProcess?: string;
  envVars?: Record<string, string>;
  constraints?: string[];
  secrets?: string[];
  labels: Record<string, string>;
  annotations: Record<string, string>;
  limits?: Resources;
  requests?: Resources;
  readOnlyRootFilesystem?: boolean;
  invocationCount: number;
  replicas: number;
  availableReplicas: number;
  createdAt: string;
  blocked?: string;
  usage?: { cpu: number; totalMemoryBytes: number };
}

export interface Replica {
  id: string;
  address: string;
  node: string;
  state: string;
  startedAt: string;
  inFlight: number;
}

export interface ScalingSettings {
  type: string;
  targets: Record<string, number>;
  min: number;
  max: number;
  window: string;
  zero: boolean;
  zeroDuration: string;
  proportion: number;
  slots: number;
  factor: number;
}

export interface ScalingSignal {
  type: string;
  load: number | null;
  target: number;
  perReplica: number;
  capacity: number;
  wanted: number | null;
}

export interface FunctionScaling {
  function: string;
  scaling: ScalingSettings;
  labels: Record<string, string>;
  replicas: { desired: number; ready: number };
  wanted: number | null;
  hold: number | null;
  signals: ScalingSignal[] | null;
  frozen: Frozen | null;
  controlLoop: string;
  more: string;
  fewer: string;
  decisions: ScaleEvent[] | null;
}

export interface FunctionEvent {
  now: number;
  name: string;
  exists: boolean;
  status: FunctionStatus | null;
  replicas: Replica[] | null;
  scaling: FunctionScaling | null;
}

export type Points = (number | null)[];

export interface History {
  function: string;
  from: number;
  to: number;
  step: number;
  times: number[];
  arrivals: Points;
  inFlight: Points;
  errors: Points;
  p50: Points;
  p99: Points;
  desired: Points;
  ready: Points;
  capacity: Points;
  load: Points;
  unit: string;
  signal: string;
  decisions: ScaleEvent[] | null;
}

export interface PreviewSide {
  desired: Points;
  ready: Points;
  changes: number;
  replicaSeconds: number;
  overloadedSeconds: number;
  waited: number;
}

export interface Preview {
  function: string;
  times: number[];
  arrivals: Points;
  before: PreviewSide;
  after: PreviewSide;
  note: string;
  took: number;
}

export interface LogMessage {
  name: string;
  instance: string;
  timestamp: string;
  text: string;
}

/** What PATCH takes: null is the default again. */
export interface ScalingPatch {
  type?: string | null;
  target?: number | string | null;
  targets?: Record<string, number | string | null> | null;
  min?: number | null;
  max?: number | null;
  window?: string | null;
  zero?: boolean | null;
  zeroDuration?: string | null;
  proportion?: number | null;
  slots?: number | null;
  factor?: number | null;
}
