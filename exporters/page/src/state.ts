// What the page knows: the last reading of the map, the current rows, short trends and the alerts. Everything here is
// bounded by the map: one entry a cell, kTrendPoints a trend, kResolvedKept resolved alerts.
import type { Alert, Engine, MapAnswer, MapTouchpoint, Row, Segment, Touchpoint } from "./api";

export const kTrendPoints = 36;
const kResolvedKept = 20;

/// Means of satisfaction by closing; null where there were no responses.
export interface Trend {
  ends: string[];
  means: (number | null)[];
}

export class State {
  map: MapAnswer | undefined;
  engine: Engine | undefined;
  window: string | undefined;
  readonly segments = new Map<string, Segment>();
  readonly touchpoints = new Map<string, MapTouchpoint>();
  readonly rows = new Map<string, Row>();
  readonly trends = new Map<string, Trend>();
  readonly firing = new Map<string, Alert>();
  resolved: Alert[] = [];

  takeMap(map: MapAnswer): void {
    this.map = map;
    this.segments.clear();
    for (const segment of map.segments) this.segments.set(segment.id, segment);
    this.touchpoints.clear();
    for (const touchpoint of map.map.touchpoints) this.touchpoints.set(touchpoint.id, touchpoint);
  }

  /// False: it is of another window, or older than what is known.
  takeRow(row: Row): boolean {
    if (row.window !== this.window) return false;
    const key = `${row.scope}/${row.id}/${row.segment}`;
    const known = this.rows.get(key);
    if (known && known.end > row.end) return false;
    this.rows.set(key, row);
    if (row.scope === "touchpoint") this.extendTrend(row);
    if (row.scope !== "touchpoint") return true;
    const reading = this.reading(row.segment, row.id);
    if (!reading) return true;
    reading.interactions = row.interactions;
    reading.customers = row.customers;
    if (row.satisfaction) reading.satisfaction = judged(row.satisfaction, this.touchpoints.get(row.id)?.expect?.satisfaction);
    else delete reading.satisfaction;
    return true;
  }

  extendTrend(row: Row): void {
    const key = `${row.id}/${row.segment}`;
    let trend = this.trends.get(key);
    if (!trend) this.trends.set(key, (trend = { ends: [], means: [] }));
    const last = trend.ends[trend.ends.length - 1];
    if (last !== undefined && last >= row.end) return;
    trend.ends.push(row.end);
    trend.means.push(row.satisfaction ? row.satisfaction.mean : null);
    if (trend.ends.length > kTrendPoints) {
      trend.ends.shift();
      trend.means.shift();
    }
  }

  changeWindow(window: string): void {
    this.window = window;
    this.rows.clear();
    this.trends.clear();
  }

  takeAlert(alert: Alert): void {
    const key = `${alert.kind}/${alert.scope}/${alert.id}/${alert.segment}`;
    if (alert.state === "firing") {
      this.firing.set(key, alert);
      return;
    }
    this.firing.delete(key);
    this.resolved = [alert, ...this.resolved.filter((each) => each.alert !== alert.alert)].slice(0, kResolvedKept);
  }

  reading(segment: string, touchpoint: string): Touchpoint | undefined {
    return this.segments.get(segment)?.touchpoints.find((each) => each.id === touchpoint);
  }

  alertsAt(touchpoint: string, segment: string): Alert[] {
    return [...this.firing.values()].filter((each) => each.scope === "touchpoint" && each.id === touchpoint && each.segment === segment);
  }
}

/// The interval of Wilson, as the engine reckons it, for figures that come between two readings of the map.
export function judged(rated: { responses: number; mean: number }, expected: number | undefined): Touchpoint["satisfaction"] {
  const { responses: n, mean: p } = rated;
  const z = 1.959964;
  const middle = (p + (z * z) / (2 * n)) / (1 + (z * z) / n);
  const half = (z * Math.sqrt((p * (1 - p)) / n + (z * z) / (4 * n * n))) / (1 + (z * z) / n);
  const low = middle - half;
  const high = middle + half;
  const standing = expected === undefined ? "unknown" : p >= expected ? "met" : high < expected ? "surely-worse" : "worse";
  return { responses: n, mean: p, low, high, expected, standing };
}
