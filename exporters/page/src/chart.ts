// Curves over time with uPlot: bounded arrays, colours from the stylesheet.
import uPlot from "uplot";
import { h } from "./dom";
import { currentLanguage } from "./words";

export const kChartPoints = 1500;

export interface Curve {
  label: string;
  colour: string;  // a custom property of the stylesheet
  dash?: number[];
  fill?: boolean;
  width?: number;
}

/// Closings in seconds, and for each curve one value or null.
export type Points = [number[], ...(number | null)[][]];

const colour = (name: string): string => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

export class Chart {
  readonly element = h("div", { class: "chart", dir: "ltr" });
  private plot: uPlot | undefined;
  private readonly observer: ResizeObserver;

  constructor(private readonly curves: Curve[], private readonly show: (value: number) => string, private readonly range?: [number, number]) {
    this.observer = new ResizeObserver(() => this.plot?.setSize({ width: this.element.clientWidth || 300, height: 150 }));
    this.observer.observe(this.element);
  }

  set(points: Points): void {
    if (this.plot) this.plot.setData(points as uPlot.AlignedData);
    else this.plot = new uPlot(this.options(), points as uPlot.AlignedData, this.element);
  }

  destroy(): void {
    this.observer.disconnect();
    this.plot?.destroy();
    this.plot = undefined;
  }

  private options(): uPlot.Options {
    const text = colour("--ink-soft");
    const grid = { stroke: colour("--line"), width: 1 };
    const font = "11px system-ui, sans-serif";
    const clock = new Intl.DateTimeFormat(currentLanguage(), { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
    const day = new Intl.DateTimeFormat(currentLanguage(), { day: "numeric", month: "short" });
    return {
      width: this.element.clientWidth || 300,
      height: 150,
      legend: { show: this.curves.length > 1, live: false },
      cursor: { drag: { x: false, y: false }, points: { size: 6 } },
      scales: { y: { range: this.range ? () => this.range! : (_, low, high) => [Math.min(0, low), high > 0 ? high * 1.1 : 1] } },
      axes: [
        { stroke: text, font, grid, ticks: { show: false }, size: 28, values: (_, ticks) => ticks.map((tick, i) => (i > 0 && tick - ticks[i - 1] >= 43_200 ? day : clock).format(tick * 1000)) },
        { stroke: text, font, grid, ticks: { show: false }, size: 48, values: (_, ticks) => ticks.map((tick) => this.show(tick)) },
      ],
      series: [
        {},
        ...this.curves.map((curve): uPlot.Series => ({
          label: curve.label,
          stroke: colour(curve.colour),
          width: curve.width ?? 2,
          dash: curve.dash,
          fill: curve.fill ? `${colour(curve.colour)}22` : undefined,
          points: { show: false },
          spanGaps: false,
        })),
      ],
    };
  }
}
