// One touchpoint, closely: its windows over time, ratings, waiting, credit, and where customers come from and go next.
import { fetchJourneys, fetchRows, type Alert, type Journeys, type Row } from "./api";
import { alertItem } from "./alerts";
import { segmentName } from "./board";
import { toneOf } from "./card";
import { Chart, kChartPoints, type Points } from "./chart";
import { h } from "./dom";
import type { State } from "./state";
import { fill, fraction, nameOf, number, seconds, share, stageName, w } from "./words";

const kStepsShown = 6;
const kSpanSteps = 240;

interface Curves {
  satisfaction: Points;
  volume: Points;
  waiting: Points;
}

const emptyCurves = (): Curves => ({ satisfaction: [[], [], []], volume: [[], [], []], waiting: [[], [], []] });

export class Detail {
  readonly element: HTMLDialogElement;
  touchpoint = "";
  segment = "all";
  private readonly body = h("div", { class: "detail-body" });
  private charts: Chart[] = [];
  private curves = emptyCurves();
  private asked = 0;
  private last: Row | undefined;

  constructor(private readonly state: State) {
    this.element = h("dialog", { class: "detail", "aria-labelledby": "detail-title" }, this.body);
    this.element.addEventListener("close", () => this.clear());
    this.element.addEventListener("click", (event) => {
      if (event.target === this.element) this.element.close();
    });
  }

  async open(touchpoint: string, segment: string): Promise<void> {
    this.clear();
    this.touchpoint = touchpoint;
    this.segment = segment;
    const mine = ++this.asked;
    this.build(undefined, undefined);
    if (!this.element.open) this.element.showModal();
    this.element.querySelector<HTMLElement>(".close")?.focus();
    const window = this.state.window!;
    const spec = this.state.map!.windows.find((each) => each.name === window)!;
    const longest = this.state.map!.windows[this.state.map!.windows.length - 1].name;
    const end = this.state.engine?.closed[window] ?? this.state.map!.end;
    const from = new Date((end ? Date.parse(end) : Date.now()) - spec.step_s * kSpanSteps * 1000).toISOString();
    const cell = { scope: "touchpoint", id: touchpoint, segment };
    const [rows, widest, journeys] = await Promise.all([
      fetchRows({ window, from, ...cell }, kChartPoints).catch(() => [] as Row[]),
      fetchRows({ window: longest, ...cell }, 1).catch(() => [] as Row[]),
      fetchJourneys(segment).catch(() => undefined),
    ]);
    if (mine !== this.asked || !this.element.open) return;
    this.curves = emptyCurves();
    for (const row of rows) this.extend(row);
    this.last = this.state.rows.get(`touchpoint/${touchpoint}/${segment}`) ?? rows[rows.length - 1];
    this.build(widest[0] ?? this.last, journeys);
  }

  takeRow(row: Row): void {
    if (!this.element.open || row.scope !== "touchpoint" || row.id !== this.touchpoint || row.segment !== this.segment) return;
    this.extend(row);
    this.last = row;
    this.charts.forEach((chart, place) => chart.set([this.curves.satisfaction, this.curves.volume, this.curves.waiting][place]));
  }

  private extend(row: Row): void {
    const at = Date.parse(row.end) / 1000;
    const times = this.curves.satisfaction[0];
    if (times.length > 0 && times[times.length - 1] >= at) return;
    const expected = this.state.touchpoints.get(this.touchpoint)?.expect?.satisfaction ?? null;
    const add = (points: Points, ...values: (number | null)[]): void => {
      points[0].push(at);
      values.forEach((value, place) => (points[place + 1] as (number | null)[]).push(value));
      if (points[0].length > kChartPoints) points.forEach((each) => each.shift());
    };
    add(this.curves.satisfaction, row.satisfaction?.mean ?? null, expected);
    add(this.curves.volume, row.interactions, row.customers);
    add(this.curves.waiting, row.wait_s?.p50 ?? null, row.wait_s?.p90 ?? null);
  }

  private clear(): void {
    this.asked += 1;
    for (const chart of this.charts) chart.destroy();
    this.charts = [];
    this.curves = emptyCurves();
    this.last = undefined;
  }

  private build(credited: Row | undefined, journeys: Journeys | undefined): void {
    const words = w();
    const about = this.state.touchpoints.get(this.touchpoint);
    const reading = this.state.reading(this.segment, this.touchpoint);
    const chooser = h("select", { "aria-label": words.segment, class: "detail-segment", onchange: (event: Event) => void this.open(this.touchpoint, (event.target as HTMLSelectElement).value) },
      ...this.state.map!.segments.map((each) => h("option", { value: each.id, selected: each.id === this.segment }, segmentName(this.state, each.id))));
    for (const chart of this.charts) chart.destroy();
    this.charts = [];
    const rated = reading?.satisfaction;
    const alerts = [...this.state.firing.values(), ...this.state.resolved].filter((each: Alert) => each.scope === "touchpoint" && each.id === this.touchpoint && each.segment === this.segment);
    this.body.replaceChildren(
      h("header", { class: "detail-head" },
        h("div", { class: "detail-names" },
          h("p", { class: "detail-where" }, (about?.stages ?? []).map(stageName).join(" · ")),
          h("h2", { id: "detail-title" }, nameOf(about?.name, this.touchpoint))),
        chooser,
        h("button", { type: "button", class: "close", "aria-label": words.close, onclick: () => this.element.close() }, "×")),
      h("div", { class: `detail-figures ${toneOf(reading)}` },
        figure(words.satisfaction, rated ? share(rated.mean) : "–", rated?.expected !== undefined ? fill(words.expected, share(rated.expected)) : rated ? fill(words.responses, number(rated.responses)) : words.noRatings, "tone"),
        figure(words.interactions, number(reading?.interactions ?? 0), reading?.share_of_interactions !== undefined ? `${words.shareOfUse} ${share(reading.share_of_interactions)}` : ""),
        figure(words.customers, number(reading?.customers ?? 0), reading && reading.lapses > 0 ? fill(words.lapses, number(reading.lapses)) : ""),
        figure(words.waiting, reading?.wait_s ? seconds(reading.wait_s.p50) : "–", reading?.wait_s?.expected !== undefined ? fill(words.expected, seconds(reading.wait_s.expected)) : ""),
        figure(words.credit, reading?.share_of_credit !== undefined ? share(reading.share_of_credit) : "–", reading?.use === "over-used" ? words.overUsed : reading?.use === "under-used" ? words.underUsed : "")),
      alerts.length > 0 ? h("ul", { class: "alert-list" }, ...alerts.map((alert) => alertItem(this.state, alert))) : h("span"),
      this.chartSection(words.satisfaction, "satisfaction", new Chart([{ label: words.satisfaction, colour: "--accent", fill: true }, { label: fill(words.expected, "").trim(), colour: "--ink-soft", dash: [5, 4], width: 1.5 }], share, [0, 1])),
      this.chartSection(words.volume, "volume", new Chart([{ label: words.interactions, colour: "--accent", fill: true }, { label: words.customers, colour: "--second" }], number)),
      this.chartSection(words.waiting, "waiting", new Chart([{ label: words.median, colour: "--accent" }, { label: words.nineTenths, colour: "--second" }], seconds)),
      h("div", { class: "detail-columns" },
        section(words.ratings, ratings(this.last)),
        section(words.credit, credit(credited)),
        section(words.comeFrom, journeys ? this.steps(cameFrom(journeys, this.touchpoint)) : null),
        section(words.goNext, journeys ? this.steps(goesTo(journeys, this.touchpoint)) : null)),
      facts([[words.need, about?.need], [words.outcome, about?.outcome], [words.owner, about?.owner], [words.process, about?.process], [words.channel, about?.channel]]));
    this.charts.forEach((chart, place) => chart.set([this.curves.satisfaction, this.curves.volume, this.curves.waiting][place]));
  }

  private chartSection(title: string, of: keyof Curves, chart: Chart): HTMLElement {
    this.charts.push(chart);
    const points = this.curves[of];
    const has = points.slice(1, of === "satisfaction" ? 2 : 3).some((values) => (values as (number | null)[]).some((value) => value !== null));
    const whole = h("section", { class: "detail-section", "data-chart": of }, h("h3", null, title), chart.element, has ? null : h("p", { class: "nothing" }, w().nothingYet));
    chart.element.hidden = !has;
    return whole;
  }

  private steps(steps: { id: string; share: number }[]): HTMLElement | null {
    if (steps.length === 0) return null;
    return bars(steps.slice(0, kStepsShown).map((step) => [step.id === "lapsed" ? w().lapsed : nameOf(this.state.touchpoints.get(step.id)?.name, step.id === "unmapped" ? w().unmapped : step.id), step.share, share(step.share)]));
  }
}

function cameFrom(journeys: Journeys, touchpoint: string): { id: string; share: number }[] {
  const from = journeys.steps.map((steps) => ({ id: steps.from, count: steps.next.find((each) => each.to === touchpoint)?.count ?? 0 })).filter((each) => each.count > 0);
  const all = from.reduce((sum, each) => sum + each.count, 0);
  return from.sort((a, b) => b.count - a.count).map((each) => ({ id: each.id, share: each.count / all }));
}

function goesTo(journeys: Journeys, touchpoint: string): { id: string; share: number }[] {
  return (journeys.steps.find((steps) => steps.from === touchpoint)?.next ?? []).map((each) => ({ id: each.to, share: each.probability }));
}

function figure(name: string, value: string, note: string, tone = ""): HTMLElement {
  return h("div", { class: `figure ${tone}` }, h("span", { class: "figure-name" }, name), h("span", { class: "figure-value" }, value), h("span", { class: "figure-note" }, note));
}

function section(title: string, content: HTMLElement | null): HTMLElement {
  return h("section", { class: "detail-section" }, h("h3", null, title), content ?? h("p", { class: "nothing" }, w().nothingYet));
}

function bars(items: [string, number, string][]): HTMLElement {
  const most = Math.max(...items.map(([, value]) => value), 1e-9);
  return h("ul", { class: "bars" }, ...items.map(([name, value, text]) => {
    const bar = h("span", { class: "bar" });
    bar.style.inlineSize = `${((value / most) * 100).toFixed(1)}%`;
    return h("li", null, h("span", { class: "bar-name" }, name), h("span", { class: "bar-value" }, text), h("span", { class: "bar-track", "aria-hidden": "true" }, bar));
  }));
}

function ratings(row: Row | undefined): HTMLElement | null {
  if (!row) return null;
  const words = w();
  const lines: [string, string, string][] = [];
  for (const kind of ["csat", "stars", "ces", "sentiment"] as const) {
    const rated = row[kind];
    if (rated) lines.push([words.rated[kind], fraction(rated.mean), fill(words.responses, number(rated.responses))]);
  }
  if (row.nps) lines.push([words.rated.nps, number(row.nps.score), fill(words.responses, number(row.nps.responses))]);
  if (lines.length === 0) return null;
  return h("dl", { class: "pairs" }, ...lines.map(([name, value, note]) => h("div", null, h("dt", null, name), h("dd", null, h("b", null, value), ` ${note}`))));
}

function credit(row: Row | undefined): HTMLElement | null {
  const models = Object.entries(row?.credit ?? {});
  if (models.length === 0) return null;
  return bars(models.map(([model, sum]) => [w().models[model] ?? model, sum.conversions, fraction(sum.conversions)]));
}

function facts(pairs: [string, string | undefined][]): HTMLElement {
  const given = pairs.filter(([, text]) => text);
  return h("dl", { class: "pairs facts" }, ...given.map(([name, text]) => h("div", null, h("dt", null, name), h("dd", null, text!))));
}
