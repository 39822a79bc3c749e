// What the engine says, as it says it (docs/http.md), and how it is asked. Nothing here knows how it is shown.

export type Names = Record<string, string>;

export interface Standing {
  responses: number;
  mean: number;
  low?: number;
  high?: number;
  expected?: number;
  standing?: "unknown" | "met" | "worse" | "surely-worse";
}

export interface Lengths {
  count: number;
  p50: number;
  p90: number;
  p99: number;
  expected?: number;
  standing?: string;
}

export interface Touchpoint {
  id: string;
  interactions: number;
  customers: number;
  satisfaction?: Standing;
  wait_s?: Lengths;
  share_of_interactions?: number;
  share_of_credit?: number;
  use: "unknown" | "fair" | "over-used" | "under-used";
  lapses: number;
}

export interface Stage {
  id: string;
  interactions: number;
  customers: number;
  satisfaction?: Standing;
  share: number;
  weight_share: number;
  touchpoints: { id: string; interactions: number; declared: boolean }[];
}

export interface Segment {
  id: string;
  interactions: number;
  customers: number;
  conversions: number;
  unmapped_share: number;
  stages: Stage[];
  touchpoints: Touchpoint[];
  silent: string[];
}

export interface MapTouchpoint {
  id: string;
  name: Names;
  stages: string[];
  expect?: { satisfaction?: number; wait_s?: number };
  channel?: string;
  medium?: string;
  contact?: string;
  phase?: string;
  owner?: string;
  process?: string;
  need?: string;
  outcome?: string;
  conversion?: boolean;
  feedback?: boolean;
}

export interface MapAnswer {
  window: string;
  start?: string;
  end?: string;
  model: string;
  windows: { name: string; size_s: number; step_s: number }[];
  map: { name: Names; lifecycle: string[]; segments: { id: string; name: Names }[]; touchpoints: MapTouchpoint[] };
  segments: Segment[];
  unmapped: { channel: string; type: string; interactions: number }[];
}

export interface Row {
  window: string;
  start: string;
  end: string;
  scope: string;
  id: string;
  segment: string;
  interactions: number;
  customers: number;
  conversions: number;
  value: number;
  satisfaction?: { responses: number; mean: number };
  csat?: { responses: number; mean: number };
  stars?: { responses: number; mean: number };
  ces?: { responses: number; mean: number };
  sentiment?: { responses: number; mean: number };
  nps?: { responses: number; score: number };
  wait_s?: Lengths;
  duration_s?: Lengths;
  credit?: Record<string, { conversions: number; value: number }>;
}

export interface AlertPart {
  what: string;
  id?: string;
  change: number;
}

export interface Alert {
  alert: string;
  state: "firing" | "resolved";
  kind: string;
  scope: string;
  id: string;
  segment: string;
  window: string;
  at: string;
  since: string;
  observed?: number;
  baseline?: number;
  responses?: number;
  score?: number;
  reason?: string;
  explanation?: { segments?: AlertPart[]; channels?: AlertPart[] };
}

export interface Journeys {
  steps: { from: string; count: number; next: { to: string; count: number; probability: number }[] }[];
}

export interface Engine {
  ready: boolean;
  lag: Record<string, number>;
  watermark?: string;
  closed: Record<string, string>;
}

const kTokenKey = "touchstone.token";

/// The engine wants a token, or another one.
export class NeedsToken extends Error {}
export class NotThere extends Error {}

export function setToken(token: string): void {
  sessionStorage.setItem(kTokenKey, token);
}

async function ask(path: string, signal?: AbortSignal): Promise<Response> {
  const token = sessionStorage.getItem(kTokenKey);
  const headers: Record<string, string> = token ? { Authorization: `Bearer ${token}` } : {};
  const response = await fetch(path, { headers, signal, cache: "no-store" });
  if (response.status === 401) throw new NeedsToken();
  if (response.status === 404) throw new NotThere(path);
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return response;
}

function query(parameters: Record<string, string | number | undefined>): string {
  const given = Object.entries(parameters).filter(([, value]) => value !== undefined && value !== "");
  return new URLSearchParams(given.map(([key, value]) => [key, String(value)])).toString();
}

export async function fetchMap(window?: string): Promise<MapAnswer> {
  return (await ask(`api/v1/map?${query({ window })}`)).json();
}

export async function fetchJourneys(segment: string): Promise<Journeys> {
  return (await ask(`api/v1/journeys?${query({ segment })}`)).json();
}

export interface RowsQuestion {
  window: string;
  scope?: string;
  id?: string;
  segment?: string;
  from?: string;
  to?: string;
}

/// All pages, up to so many rows.
export async function fetchRows(question: RowsQuestion, atMost: number): Promise<Row[]> {
  const rows: Row[] = [];
  let cursor: string | undefined;
  do {
    const limit = Math.min(2000, atMost - rows.length);
    const page = await (await ask(`api/v1/windows?${query({ ...question, limit, cursor })}`)).json();
    rows.push(...page.rows);
    cursor = page.cursor;
  } while (cursor && rows.length < atMost);
  return rows;
}

export async function fetchAlerts(from?: string): Promise<Alert[]> {
  return (await (await ask(`api/v1/alerts?${query({ from, limit: 200 })}`)).json()).alerts;
}

export interface Heard {
  row(row: Row): void;
  alert(alert: Alert): void;
  engine(engine: Engine): void;
  /// The stream has begun, for the first time or anew: what was missed must be asked for.
  begun(): void;
  lost(): void;
  needsToken(): void;
}

/// Listens until the signal says stop, and begins anew whenever the stream ends.
export async function listen(window: string, heard: Heard, signal: AbortSignal): Promise<void> {
  for (let failures = 0; !signal.aborted; ) {
    try {
      const response = await ask(`api/v1/stream?${query({ window })}`, signal);
      failures = 0;
      heard.begun();
      await readEvents(response.body!, heard);
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof NeedsToken) {
        heard.needsToken();
        return;
      }
      if (error instanceof NotThere) return;
    }
    if (signal.aborted) return;
    heard.lost();
    failures = Math.min(failures + 1, 5);
    await new Promise((resolve) => setTimeout(resolve, 500 * 2 ** (failures - 1)));
  }
}

async function readEvents(body: ReadableStream<Uint8Array>, heard: Heard): Promise<void> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    rest += decoder.decode(value, { stream: true });
    for (let end = rest.indexOf("\n\n"); end >= 0; end = rest.indexOf("\n\n")) {
      tell(rest.slice(0, end), heard);
      rest = rest.slice(end + 2);
    }
  }
}

function tell(event: string, heard: Heard): void {
  let name = "";
  let data = "";
  for (const line of event.split("\n")) {
    if (line.startsWith("event: ")) name = line.slice(7);
    if (line.startsWith("data: ")) data = line.slice(6);
  }
  if (name === "row") heard.row(JSON.parse(data));
  if (name === "alert") heard.alert(JSON.parse(data));
  if (name === "engine") heard.engine(JSON.parse(data));
}
