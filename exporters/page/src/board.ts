// The map itself: a column for each stage of the lifecycle, a row for each segment, cards where they meet. A row is open,
// with its cards, or closed, with what they come to; so that a map of hundreds of touchpoints is still quickly there.
import type { Segment, Stage } from "./api";
import { Card, toneOf } from "./card";
import { h, setClass, setShown, setText } from "./dom";
import type { State } from "./state";
import { fill, nameOf, number, share, stageName, w } from "./words";

const kDots = 28;
const kSeenShown = 4;

/// Which touchpoints stand in which stage: those that the map puts there; one that it puts nowhere, where it is seen most.
function homes(state: State): Map<string, string[]> {
  const stages = new Map(state.map!.map.lifecycle.map((stage) => [stage, [] as string[]]));
  const all = state.segments.get("all");
  for (const touchpoint of state.map!.map.touchpoints) {
    let places = touchpoint.stages;
    if (places.length === 0) {
      const seen = (all?.stages ?? []).map((stage) => ({ id: stage.id, count: stage.touchpoints.find((each) => each.id === touchpoint.id)?.interactions ?? 0 }));
      seen.sort((a, b) => b.count - a.count);
      places = [seen[0]?.id ?? state.map!.map.lifecycle[0]];
    }
    for (const stage of places) stages.get(stage)?.push(touchpoint.id);
  }
  return stages;
}

class StageHead {
  readonly element: HTMLElement;
  private readonly name = h("span", { class: "stage-name" });
  private readonly facts = h("span", { class: "stage-facts" });
  private readonly weight = h("span", { class: "stage-weight" });

  private readonly step = h("span", { class: "stage-step", "aria-hidden": "true" });

  constructor(readonly id: string, private readonly place: number) {
    this.element = h("div", { class: "stage-head", role: "columnheader" }, this.step, h("span", { class: "stage-text" }, this.name, this.facts), this.weight);
  }

  update(stage: Stage | undefined): void {
    setText(this.step, number(this.place + 1));
    setText(this.name, stageName(this.id));
    setText(this.facts, stage ? `${fill(w().ofCustomers, number(stage.customers))}${stage.satisfaction ? ` · ${share(stage.satisfaction.mean)}` : ""}` : "");
    this.weight.style.inlineSize = `${Math.min(100, (stage?.weight_share ?? 0) * 100).toFixed(0)}%`;
    this.element.title = stage ? fill(w().importance, share(stage.weight_share)) : "";
  }
}

/// One segment's part of a stage.
class Place {
  readonly element = h("div", { class: "place", role: "cell" });
  private readonly cards: Card[] = [];
  private readonly seen = h("div", { class: "seen" });
  private readonly dots = h("div", { class: "dots", "aria-hidden": "true" });
  private readonly brief = h("div", { class: "brief" });

  constructor(readonly stage: string, private readonly touchpoints: string[], private readonly segment: string, private readonly open: (card: Card) => void) {}

  update(state: State, expanded: boolean): void {
    const segment = state.segments.get(this.segment);
    const stage = segment?.stages.find((each) => each.id === this.stage);
    if (expanded) this.showCards(state, stage);
    else this.showBrief(state, stage);
  }

  card(touchpoint: string): Card | undefined {
    return this.cards.find((each) => each.touchpoint === touchpoint);
  }

  updateCard(state: State, touchpoint: string): void {
    const card = this.card(touchpoint);
    if (!card) return;
    card.update(state.touchpoints.get(touchpoint), state.reading(this.segment, touchpoint), state.trends.get(`${touchpoint}/${this.segment}`), state.alertsAt(touchpoint, this.segment).length);
  }

  private showCards(state: State, stage: Stage | undefined): void {
    if (this.cards.length === 0) for (const id of this.touchpoints) this.cards.push(new Card(id, this.segment, this.open));
    if (this.element.firstChild !== (this.cards[0]?.element ?? this.seen)) this.element.replaceChildren(...this.cards.map((card) => card.element), this.seen);
    for (const card of this.cards) this.updateCard(state, card.touchpoint);
    const others = (stage?.touchpoints ?? []).filter((each) => !this.touchpoints.includes(each.id) && each.interactions > 0 && each.id !== "unmapped").sort((a, b) => b.interactions - a.interactions);
    setShown(this.seen, others.length > 0);
    const names = others.slice(0, kSeenShown).map((each) => `${nameOf(state.touchpoints.get(each.id)?.name, each.id)} ${number(each.interactions)}`);
    if (others.length > kSeenShown) names.push(`+${number(others.length - kSeenShown)}`);
    setText(this.seen, others.length > 0 ? `${w().alsoSeen}: ${names.join(" · ")}` : "");
  }

  private showBrief(state: State, stage: Stage | undefined): void {
    if (this.element.firstChild !== this.brief) this.element.replaceChildren(this.brief, this.dots);
    const readings = this.touchpoints.map((id) => state.reading(this.segment, id));
    setText(this.brief, stage && stage.interactions > 0 ? `${stage.satisfaction ? share(stage.satisfaction.mean) : "–"} · ${number(stage.interactions)}` : "");
    const tones = readings.map((reading, i) => (reading ? toneOf(reading) + (state.alertsAt(this.touchpoints[i], this.segment).length > 0 ? " alerting" : "") : "silent")).slice(0, kDots);
    const shown = tones.join(",");
    if (this.dots.dataset.shown === shown) return;
    this.dots.dataset.shown = shown;
    this.dots.replaceChildren(...tones.map((tone) => h("span", { class: `dot ${tone}` })));
  }
}

class SegmentRow {
  readonly head: HTMLElement;
  readonly element: HTMLElement;
  readonly places: Place[];
  expanded: boolean;
  private readonly button: HTMLButtonElement;
  private readonly name = h("span", { class: "segment-name" });
  private readonly facts = h("span", { class: "segment-facts" });

  constructor(readonly id: string, stages: Map<string, string[]>, private readonly state: State, open: (card: Card) => void) {
    this.expanded = id === "all" || localStorage.getItem(`touchstone.open.${id}`) === "1";
    this.button = h("button", { type: "button", class: "segment-button", onclick: () => this.toggle() }, h("span", { class: "chevron", "aria-hidden": "true" }), this.name, this.facts);
    this.head = h("div", { class: "segment-head", role: "rowheader" }, this.button);
    this.places = [...stages].map(([stage, touchpoints]) => new Place(stage, touchpoints, id, open));
    this.element = h("div", { class: "segment-row", role: "row", "data-segment": id }, this.head, h("div", { class: "places" }, ...this.places.map((place) => place.element)));
  }

  toggle(): void {
    this.expanded = !this.expanded;
    localStorage.setItem(`touchstone.open.${this.id}`, this.expanded ? "1" : "0");
    this.update();
  }

  update(): void {
    const segment = this.state.segments.get(this.id);
    setText(this.name, segmentName(this.state, this.id));
    setText(this.facts, segment ? `${fill(w().ofCustomers, number(segment.customers))} · ${fill(w().ofInteractions, number(segment.interactions))}` : "");
    this.button.setAttribute("aria-expanded", String(this.expanded));
    this.button.setAttribute("aria-label", fill(w().expand, segmentName(this.state, this.id)));
    setClass(this.element, `segment-row ${this.expanded ? "open" : "closed"}${segment && segment.interactions > 0 ? "" : " empty"}`);
    for (const place of this.places) place.update(this.state, this.expanded);
  }
}

export function segmentName(state: State, id: string): string {
  if (id === "all") return w().allCustomers;
  if (id === "other") return w().others;
  return nameOf(state.map?.map.segments.find((each) => each.id === id)?.name, id);
}

export class Board {
  readonly element = h("div", { class: "board", role: "table", tabindex: "-1", id: "map" });
  private heads: StageHead[] = [];
  private rows: SegmentRow[] = [];
  private shape = "";

  constructor(private readonly state: State, private readonly open: (card: Card) => void) {
    this.element.addEventListener("keydown", (event) => this.moveFocus(event));
  }

  /// After a new reading of the map.
  update(): void {
    const { state } = this;
    if (!state.map) return;
    const stages = homes(state);
    const order = [...state.map.segments.map((each: Segment) => each.id)].sort((a, b) => Number(b === "all") - Number(a === "all"));
    const shape = JSON.stringify([[...stages], order]);
    if (shape !== this.shape) {
      this.shape = shape;
      this.heads = [...stages.keys()].map((stage, place) => new StageHead(stage, place));
      this.rows = order.map((segment) => new SegmentRow(segment, stages, state, this.open));
      this.element.style.setProperty("--stages", String(stages.size));
      this.element.replaceChildren(h("div", { class: "stage-heads", role: "row" }, ...this.heads.map((head) => head.element)), ...this.rows.map((row) => row.element));
    }
    const all = state.segments.get("all");
    for (const head of this.heads) head.update(all?.stages.find((each) => each.id === head.id));
    for (const row of this.rows) row.update();
  }

  /// After a row or an alert of one touchpoint.
  updateTouchpoint(touchpoint: string, segment: string): void {
    const row = this.rows.find((each) => each.id === segment);
    if (!row?.expanded) return;
    for (const place of row.places) place.updateCard(this.state, touchpoint);
  }

  expandedSegments(): string[] {
    return this.rows.filter((row) => row.expanded).map((row) => row.id);
  }

  /// Arrow keys go to the nearest card in that direction.
  private moveFocus(event: KeyboardEvent): void {
    const direction = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    const from = document.activeElement;
    if (!direction || !(from instanceof HTMLElement) || !from.matches(".card, .segment-button")) return;
    const at = from.getBoundingClientRect();
    const [x, y] = [at.left + at.width / 2, at.top + at.height / 2];
    let best: HTMLElement | undefined;
    let least = Infinity;
    for (const each of this.element.querySelectorAll<HTMLElement>(".card, .segment-button")) {
      const box = each.getBoundingClientRect();
      const [dx, dy] = [box.left + box.width / 2 - x, box.top + box.height / 2 - y];
      const along = dx * direction[0] + dy * direction[1];
      const aside = Math.abs(dx * direction[1]) + Math.abs(dy * direction[0]);
      if (along < 4) continue;
      const distance = along + 3 * aside;
      if (distance < least) [least, best] = [distance, each];
    }
    if (!best) return;
    event.preventDefault();
    best.focus();
    best.scrollIntoView({ block: "nearest", inline: "nearest" });
  }
}
