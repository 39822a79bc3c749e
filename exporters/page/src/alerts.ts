// The list of alerts: what is wrong, since when, against what, and what of it changed where.
import type { Alert, AlertPart } from "./api";
import { segmentName } from "./board";
import { h, setClass, setText } from "./dom";
import type { State } from "./state";
import { fill, fraction, nameOf, number, seconds, share, stageName, time, w } from "./words";

const kPartsShown = 3;

export function subjectOf(state: State, alert: Alert): string {
  const what = alert.scope === "touchpoint" ? nameOf(state.touchpoints.get(alert.id)?.name, alert.id) : alert.scope === "stage" ? stageName(alert.id) : alert.scope === "all" ? "" : alert.id;
  const who = alert.segment === "all" ? "" : segmentName(state, alert.segment);
  return [what, who].filter(Boolean).join(" · ") || w().allCustomers;
}

function measure(kind: string, value: number): string {
  if (kind === "wait-rise") return seconds(value);
  if (kind === "volume-drop") return `${fraction(value)}/${w().hours}`;
  return share(value);
}

function partText(part: AlertPart, of: (id: string) => string): string {
  const where = part.id === undefined ? "" : of(part.id);
  const what = part.what === "mix" ? fill(w().mix, where).replace(/:\s*$/, "") : fill(w().within, where || part.what);
  return `${part.change > 0 ? "+" : "−"}${share(Math.abs(part.change))} ${what}`;
}

export function explanation(state: State, alert: Alert): HTMLElement | null {
  const lines = [
    ...(alert.explanation?.segments ?? []).slice(0, kPartsShown).map((part) => partText(part, (id) => segmentName(state, id))),
    ...(alert.explanation?.channels ?? []).slice(0, kPartsShown).map((part) => partText(part, (id) => id)),
  ];
  if (lines.length === 0) return null;
  return h("details", { class: "why" }, h("summary", null, w().whyTitle), h("ul", null, ...lines.map((line) => h("li", null, line))));
}

export function alertItem(state: State, alert: Alert, open?: (alert: Alert) => void): HTMLElement {
  const figures = [
    alert.observed !== undefined ? measure(alert.kind, alert.observed) : "",
    alert.baseline !== undefined ? fill(w().usually, measure(alert.kind, alert.baseline)) : "",
    alert.responses !== undefined ? fill(w().responses, number(alert.responses)) : "",
  ].filter(Boolean);
  const when = alert.state === "firing" ? fill(w().firingSince, time(alert.since)) : fill(w().resolvedAt, time(alert.at));
  const title = h("span", { class: "alert-title" }, w().kinds[alert.kind] ?? alert.kind);
  const subject = h("span", { class: "alert-subject" }, subjectOf(state, alert));
  const head = open ? h("button", { type: "button", class: "alert-head", onclick: () => open(alert) }, title, subject) : h("div", { class: "alert-head" }, title, subject);
  return h("li", { class: `alert ${alert.state}` }, head, h("div", { class: "alert-facts" }, h("div", { class: "alert-figures" }, figures.join(" · ")), h("div", { class: "alert-when" }, when)), explanation(state, alert));
}

export class AlertList {
  readonly element: HTMLElement;
  private readonly title = h("h2", { id: "alerts-title" });
  private readonly list = h("ul", { class: "alert-list" });

  constructor(private readonly state: State, private readonly open: (alert: Alert) => void) {
    this.element = h("section", { class: "alerts", "aria-labelledby": "alerts-title", "aria-live": "polite" }, this.title, this.list);
  }

  update(): void {
    const { state } = this;
    const firing = [...state.firing.values()].sort((a, b) => (a.since < b.since ? 1 : -1));
    setClass(this.element, `alerts ${firing.length > 0 ? "some" : "calm"}`);
    setText(this.title, firing.length > 0 ? `${w().alerts} (${number(firing.length)})` : w().noAlerts);
    const shown = [...firing, ...state.resolved.slice(0, firing.length > 0 ? 3 : 0)];
    this.list.replaceChildren(...shown.map((alert) => alertItem(state, alert, alert.scope === "touchpoint" ? this.open : undefined)));
  }
}
