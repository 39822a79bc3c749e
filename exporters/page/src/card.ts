// A touchpoint in one segment and stage, as a card. Made once, then only changed.
import type { MapTouchpoint, Touchpoint } from "./api";
import { h, setClass, setShown, setText, svg } from "./dom";
import type { Trend } from "./state";
import { fill, nameOf, number, seconds, share, w } from "./words";

const kWide = 84;
const kHigh = 26;

export type Tone = "good" | "poor" | "bad" | "plain" | "none";

export function toneOf(reading: Touchpoint | undefined): Tone {
  if (!reading?.satisfaction) return "none";
  switch (reading.satisfaction.standing) {
    case "met": return "good";
    case "worse": return "poor";
    case "surely-worse": return "bad";
    default: return "plain";
  }
}

export const waitsLong = (reading: Touchpoint | undefined): boolean => reading?.wait_s?.standing === "worse";

/// The line of a trend in a box of kWide by kHigh, broken where there were no responses.
function pathOf(trend: Trend | undefined): string {
  if (!trend || trend.means.length < 2) return "";
  const known = trend.means.filter((mean): mean is number => mean !== null);
  if (known.length < 2) return "";
  const low = Math.min(...known, 0.95) - 0.02;
  const high = Math.max(...known) + 0.02;
  const step = kWide / (trend.means.length - 1);
  let path = "";
  let pen = false;
  trend.means.forEach((mean, place) => {
    if (mean === null) {
      pen = false;
      return;
    }
    const y = kHigh - 2 - ((mean - low) / Math.max(0.1, high - low)) * (kHigh - 4);
    path += `${pen ? "L" : "M"}${(place * step).toFixed(1)} ${y.toFixed(1)}`;
    pen = true;
  });
  return path;
}

const icon = (path: string): SVGElement => svg("svg", { class: "icon", viewBox: "0 0 16 16", "aria-hidden": "true" }, svg("path", { d: path }));

export class Card {
  readonly element: HTMLButtonElement;
  private readonly name = h("span", { class: "card-name" });
  private readonly bell = h("span", { class: "card-bell", "aria-hidden": "true" });
  private readonly score = h("span", { class: "card-score" });
  private readonly against = h("span", { class: "card-against" });
  private readonly line = svg("path", { class: "spark-line", fill: "none" });
  private readonly spark = svg("svg", { class: "spark", viewBox: `0 0 ${kWide} ${kHigh}`, "aria-hidden": "true", preserveAspectRatio: "none" }, this.line);
  private readonly bar = h("span", { class: "meter-bar" });
  private readonly range = h("span", { class: "meter-range" });
  private readonly mark = h("span", { class: "meter-mark" });
  private readonly meter = h("span", { class: "meter", "aria-hidden": "true" }, this.range, this.bar, this.mark);
  private readonly interactions = h("span");
  private readonly customers = h("span");
  private readonly counts = h("span", { class: "card-counts" }, icon("M8 1.8v2M8 12.2v2M1.8 8h2M12.2 8h2M8 5.6a2.4 2.4 0 1 0 0 4.8 2.4 2.4 0 0 0 0-4.8Z"), this.interactions,
    icon("M8 8a2.7 2.7 0 1 0 0-5.4A2.7 2.7 0 0 0 8 8ZM2.8 13.8a5.2 5.2 0 0 1 10.4 0"), this.customers);
  private readonly tags = h("span", { class: "card-tags" });
  private tagText = "";

  constructor(readonly touchpoint: string, readonly segment: string, open: (card: Card) => void) {
    this.element = h("button", { type: "button", class: "card", "data-touchpoint": touchpoint, "data-segment": segment, onclick: () => open(this) },
      h("span", { class: "card-top" }, this.name, this.bell),
      h("span", { class: "card-middle" }, h("span", { class: "card-figures" }, this.score, this.against), this.spark),
      this.meter, this.counts, this.tags);
  }

  update(about: MapTouchpoint | undefined, reading: Touchpoint | undefined, trend: Trend | undefined, alerts: number): void {
    const words = w();
    const rated = reading?.satisfaction;
    const name = nameOf(about?.name, this.touchpoint);
    const expected = about?.expect?.satisfaction;
    setText(this.name, name);
    setText(this.score, rated ? share(rated.mean) : "–");
    setText(this.against, !rated ? words.noRatings : expected !== undefined ? fill(words.expected, share(expected)) : fill(words.responses, number(rated.responses)));
    setText(this.bell, alerts > 0 ? "!" : "");
    setShown(this.bell, alerts > 0);
    setClass(this.element, `card ${toneOf(reading)}${alerts > 0 ? " alerting" : ""}`);
    this.line.setAttribute("d", pathOf(trend));
    setShown(this.meter, Boolean(rated));
    if (rated) {
      this.bar.style.inlineSize = `${(rated.mean * 100).toFixed(1)}%`;
      this.range.style.insetInlineStart = `${((rated.low ?? rated.mean) * 100).toFixed(1)}%`;
      this.range.style.inlineSize = `${(((rated.high ?? rated.mean) - (rated.low ?? rated.mean)) * 100).toFixed(1)}%`;
      this.mark.style.insetInlineStart = `${((expected ?? 0) * 100).toFixed(1)}%`;
      setShown(this.mark, expected !== undefined);
    }
    setText(this.interactions, number(reading?.interactions ?? 0));
    setText(this.customers, number(reading?.customers ?? 0));
    this.counts.title = `${fill(words.ofInteractions, this.interactions.textContent!)} · ${fill(words.ofCustomers, this.customers.textContent!)}`;
    this.updateTags(reading);
    const standing = { good: words.asExpected, poor: words.belowExpectation, bad: words.painPoint, plain: "", none: words.noRatings }[toneOf(reading)];
    this.element.setAttribute("aria-label", [name, rated ? `${words.satisfaction} ${share(rated.mean)}` : "", standing, this.tagText.split(", ").filter((each) => each !== standing).join(", "), this.counts.title].filter(Boolean).join(", "));
  }

  private updateTags(reading: Touchpoint | undefined): void {
    const words = w();
    const tags: [string, string][] = [];
    if (reading?.satisfaction?.standing === "surely-worse") tags.push(["bad", words.painPoint]);
    if (waitsLong(reading)) tags.push(["poor", fill(words.waitLong, seconds(reading!.wait_s!.p50))]);
    if (reading?.use === "over-used") tags.push(["use", words.overUsed]);
    if (reading?.use === "under-used") tags.push(["use", words.underUsed]);
    const text = tags.map(([, each]) => each).join(", ");
    if (text === this.tagText && this.tags.childElementCount === tags.length) return;
    this.tagText = text;
    this.tags.replaceChildren(...tags.map(([tone, each]) => h("span", { class: `tag ${tone}` }, each)));
    setShown(this.tags, tags.length > 0);
  }
}
