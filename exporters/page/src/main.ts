// The live touchpoint map: asks once for what holds now, then listens. Changes are collected and drawn once a frame.
import "uplot/dist/uPlot.min.css";
import "./style.css";
import { fetchAlerts, fetchMap, fetchRows, listen, NeedsToken, NotThere, setToken, type Alert, type Row } from "./api";
import { AlertList } from "./alerts";
import { Board } from "./board";
import { Detail } from "./detail";
import { h, setClass, setText } from "./dom";
import { State } from "./state";
import { currentLanguage, fill, firstLanguage, kLanguages, nameOf, number, setLanguage, share, time, w, type Language } from "./words";

/// Between two readings of the map, at least; longer where they take long.
const kReadingMs = 5_000;
const kRecentAlertsMs = 24 * 3600_000;
/// Of all touchpoints together, when short trends are fetched.
const kTrendRows = 20_000;
const kTrendSteps = 30;

const state = new State();
const detail = new Detail(state);
const board = new Board(state, (card) => void detail.open(card.touchpoint, card.segment));
const alerts = new AlertList(state, (alert) => void detail.open(alert.id, alert.segment));

const title = h("h1", { class: "title" });
const subtitle = h("p", { class: "subtitle" });
const windowChooser = h("div", { class: "windows", role: "group" });
const dot = h("span", { class: "live-dot waiting", "aria-hidden": "true" });
const liveText = h("span", { class: "live-text", role: "status" });
const summary = h("section", { class: "summary" });
const notice = h("p", { class: "notice", role: "status" });

let stop = new AbortController();
let connection: "waiting" | "live" | "lost" = "waiting";
let readingTimer: number | undefined;
let frame = 0;
let wholeMap = false;
let alertsChanged = false;
/// Alerts heard while what holds now is being asked for: the answer may not know them yet.
let heardMeanwhile: Alert[] | undefined;
const changed = new Set<string>();

function themeButton(): HTMLElement {
  const themes = ["auto", "light", "dark"];
  let theme = localStorage.getItem("touchstone.theme") ?? new URLSearchParams(location.search).get("theme") ?? "auto";
  const show = (): void => {
    document.documentElement.dataset.theme = theme;
    button.dataset.theme = theme;
  };
  const button = h("button", { type: "button", class: "theme", onclick: () => {
    theme = themes[(themes.indexOf(theme) + 1) % themes.length];
    localStorage.setItem("touchstone.theme", theme);
    show();
  } }, h("span", { "aria-hidden": "true" }, "◐"));
  show();
  button.setAttribute("aria-label", w().theme);
  button.title = w().theme;
  return button;
}

function languageChooser(): HTMLElement {
  return h("select", { class: "language", "aria-label": w().language, onchange: (event: Event) => {
    const chosen = (event.target as HTMLSelectElement).value as Language;
    localStorage.setItem("touchstone.language", chosen);
    setLanguage(chosen);
    build();
    drawAll();
  } }, ...Object.entries(kLanguages).map(([tag, name]) => h("option", { value: tag, selected: tag === currentLanguage() }, name)));
}

function build(): void {
  const mark = h("span", { class: "mark", "aria-hidden": "true" });
  document.querySelector("#page")!.replaceChildren(
    h("a", { class: "skip", href: "#map" }, w().skip),
    h("header", { class: "top" },
      h("div", { class: "brand" }, mark, h("div", null, title, subtitle)),
      h("div", { class: "status" }, dot, liveText),
      h("div", { class: "controls" }, windowChooser, languageChooser(), themeButton())),
    h("main", null, summary, alerts.element, notice, h("div", { class: "scroll", tabindex: "-1" }, board.element)),
    detail.element);
  windowChooser.setAttribute("aria-label", w().window);
}

function drawWindows(): void {
  const names = state.map?.windows.map((each) => each.name) ?? [];
  if (windowChooser.childElementCount !== names.length) {
    windowChooser.replaceChildren(...names.map((name) => h("button", { type: "button", "data-window": name, onclick: () => void chooseWindow(name) }, name)));
  }
  for (const button of windowChooser.querySelectorAll("button")) button.setAttribute("aria-pressed", String(button.dataset.window === state.window));
}

function drawSummary(): void {
  const all = state.segments.get("all");
  const words = w();
  const row = state.rows.get("all/all/all");
  const rated = row?.satisfaction;
  const figures: [string, string][] = [
    [words.customers, number(all?.customers ?? 0)],
    [words.interactions, number(all?.interactions ?? 0)],
    [words.conversions, number(all?.conversions ?? 0)],
    [words.satisfaction, rated ? share(rated.mean) : "–"],
    [words.unmapped, share(all?.unmapped_share ?? 0)],
  ];
  if (summary.childElementCount !== figures.length) {
    summary.replaceChildren(...figures.map(() => h("div", { class: "figure" }, h("span", { class: "figure-name" }), h("span", { class: "figure-value" }))));
  }
  figures.forEach(([name, value], place) => {
    setText(summary.children[place].children[0], name);
    setText(summary.children[place].children[1], value);
  });
}

function drawLive(): void {
  const { engine } = state;
  setClass(dot, `live-dot ${connection}`);
  if (connection !== "live") {
    setText(liveText, connection === "waiting" ? w().connecting : w().notLive);
    return;
  }
  const behind = Object.values(engine?.lag ?? {}).reduce((sum, each) => sum + each, 0);
  const closed = state.window ? engine?.closed[state.window] : undefined;
  const lag = behind > 1000 ? `${number(behind)} ${w().records} ${w().lag}` : w().upToDate;
  setText(liveText, [w().live, closed ? fill(w().upTo, time(closed)) : "", engine ? lag : ""].filter(Boolean).join(" · "));
}

function drawAll(): void {
  setText(title, state.map ? nameOf(state.map.map.name, "Touchstone") : "Touchstone");
  setText(subtitle, w().touchpointMap);
  document.title = `${title.textContent} · Touchstone`;
  drawWindows();
  drawSummary();
  drawLive();
  alerts.update();
  board.update();
  const nothing = state.map && !state.map.end && !state.rows.size;
  setText(notice, connection === "lost" ? w().unreachable : nothing ? w().noWindow : "");
  notice.hidden = !notice.textContent;
}

/// Draws with the next frame, however many changes come before it.
function soon(): void {
  if (frame) return;
  frame = requestAnimationFrame(() => {
    frame = 0;
    if (wholeMap) {
      drawAll();
    } else {
      for (const each of changed) {
        const [touchpoint, segment] = each.split("/");
        board.updateTouchpoint(touchpoint, segment);
      }
      if (alertsChanged) alerts.update();
      drawSummary();
      drawLive();
    }
    wholeMap = alertsChanged = false;
    changed.clear();
  });
}

async function readMap(): Promise<void> {
  const begun = performance.now();
  try {
    const map = await fetchMap(state.window);
    if (map.window !== state.window) return;
    state.takeMap(map);
    wholeMap = true;
    soon();
  } catch (error) {
    if (error instanceof NeedsToken) return askToken();
  }
  clearTimeout(readingTimer);
  readingTimer = window.setTimeout(() => void readMap(), document.hidden ? 60_000 : Math.max(kReadingMs, 20 * (performance.now() - begun)));
}

/// What holds now, of which the stream then tells the changes.
async function readNow(): Promise<void> {
  const chosen = state.window!;
  clearTimeout(readingTimer);
  readingTimer = window.setTimeout(() => void readMap(), kReadingMs);
  const heard: Alert[] = [];
  heardMeanwhile = heard;
  const [rows, firing, recent] = await Promise.all([
    fetchRows({ window: chosen, segment: "all" }, kTrendRows).catch(() => [] as Row[]),
    fetchAlerts().catch(() => [] as Alert[]),
    fetchAlerts(new Date(Date.now() - kRecentAlertsMs).toISOString()).catch(() => [] as Alert[]),
  ]);
  if (heardMeanwhile === heard) heardMeanwhile = undefined;
  if (state.window !== chosen) return;
  for (const alert of recent.filter((each) => each.state === "resolved")) state.takeAlert(alert);
  state.firing.clear();
  for (const alert of [...firing, ...heard]) state.takeAlert(alert);
  // First what was before, then what is.
  await readTrends(chosen);
  for (const row of rows) state.takeRow(row);
  wholeMap = true;
  soon();
}

async function readTrends(chosen: string): Promise<void> {
  const spec = state.map!.windows.find((each) => each.name === chosen)!;
  const end = state.engine?.closed[chosen] ?? state.map!.end;
  if (!end) return;
  const from = new Date(Date.parse(end) - spec.step_s * kTrendSteps * 1000).toISOString();
  try {
    for (const row of await fetchRows({ window: chosen, scope: "touchpoint", segment: "all", from }, kTrendRows)) {
      if (state.window === chosen) state.extendTrend(row);
    }
  } catch {
    // The lines begin with what comes.
  }
}

function follow(): void {
  stop.abort();
  stop = new AbortController();
  const chosen = state.window!;
  const mine = stop.signal;
  void listen(chosen, {
    begun: () => {
      connection = "live";
      void readNow();
    },
    lost: () => {
      connection = "lost";
      wholeMap = true;
      soon();
    },
    needsToken: askToken,
    row: (row) => {
      if (mine.aborted || !state.takeRow(row)) return;
      if (row.scope === "touchpoint") changed.add(`${row.id}/${row.segment}`);
      detail.takeRow(row);
      soon();
    },
    alert: (alert) => {
      state.takeAlert(alert);
      heardMeanwhile?.push(alert);
      alertsChanged = true;
      changed.add(`${alert.id}/${alert.segment}`);
      soon();
    },
    engine: (engine) => {
      state.engine = engine;
      soon();
    },
  }, mine);
}

async function chooseWindow(name: string): Promise<void> {
  localStorage.setItem("touchstone.window", name);
  state.changeWindow(name);
  connection = "waiting";
  await readMap();
  follow();
}

function askToken(): void {
  if (document.querySelector(".token-dialog")) return;
  const field = h("input", { type: "password", autocomplete: "current-password", "aria-label": w().token, required: true });
  const dialog = h("dialog", { class: "token-dialog" }, h("form", { method: "dialog", onsubmit: () => {
    setToken(field.value.trim());
    dialog.remove();
    void begin();
  } }, h("h2", null, w().token), h("p", null, w().tokenHint), field, h("button", { type: "submit" }, w().open)));
  dialog.addEventListener("cancel", (event) => event.preventDefault());
  document.body.append(dialog);
  dialog.showModal();
}

async function begin(): Promise<void> {
  try {
    // If there is no such window, the usual answer is about the longest, and says which there are.
    const wanted = localStorage.getItem("touchstone.window") ?? "5m";
    const first = await fetchMap(wanted).catch((error) => {
      if (error instanceof NeedsToken || error instanceof NotThere || error instanceof TypeError) throw error;
      return fetchMap();
    });
    const names = first.windows.map((each) => each.name);
    state.changeWindow(names.includes(wanted) ? wanted : names[Math.min(1, names.length - 1)]);
    state.takeMap(first.window === state.window ? first : await fetchMap(state.window));
    connection = "waiting";
    drawAll();
    follow();
  } catch (error) {
    if (error instanceof NeedsToken) return askToken();
    connection = "lost";
    drawAll();
    setTimeout(() => void begin(), 2_000);
  }
}

setLanguage(firstLanguage());
build();
drawAll();
document.addEventListener("visibilitychange", () => {
  if (!document.hidden && state.map) void readMap();
});
void begin();
