#!/usr/bin/env python3
"""The live page in a headless Chromium, against a running `touchstone demo`.

    python3 page_test.py TOUCHSTONE [DIRECTORY FOR PICTURES]

Clicks through it as people do: windows, a touchpoint, languages, dark, a phone, the keyboard. An alert is written to the demo's Kafka
with kcat, as the engine would write it. Nothing is fetched from elsewhere and nothing is written to the console.
"""

import json
import pathlib
import shutil
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from browser import Browser, chromium  # noqa: E402
from demo import NO_PAGE, Demo  # noqa: E402

SKIPPED = 77
LANGUAGES = {"fa": ("rtl", "مشتری"), "ar": ("rtl", "العملاء"), "ru": ("ltr", "Клиенты"), "en": ("ltr", "Customers")}
ALERT = {"alert": "satisfaction-drop/touchpoint/delivery/all/1", "state": "firing", "kind": "satisfaction-drop", "scope": "touchpoint", "id": None,
         "segment": "all", "window": "1m", "at": None, "since": None, "observed": 0.41, "baseline": 0.78, "responses": 57, "score": 5.2,
         "explanation": {"segments": [{"what": "within", "id": "gold", "change": -0.29}, {"what": "mix", "change": -0.05}, {"what": "within", "id": "new", "change": -0.03}]}}


class Checks:
    failures = 0

    def that(self, what, holds, detail=""):
        print(f"{'ok   ' if holds else 'FAIL '} {what}" + (f"\n        {detail}" if not holds and detail else ""), flush=True)
        self.failures += not holds


def look_at_a_desktop(page, checks, picture):
    page.wait("document.querySelectorAll('.card').length > 10")
    page.wait("[...document.querySelectorAll('.card-score')].filter(e => e.textContent.includes('%')).length > 5")
    page.wait("document.querySelector('.live-dot.live')")
    # A row comes with the stream, not with a reading of the map.
    page.wait("[...document.querySelectorAll('.spark-line')].some(e => (e.getAttribute('d') || '').includes('L'))")
    checks.that("stages stand across, segments down", page.run(
        "document.querySelectorAll('.stage-head').length >= 5 && document.querySelectorAll('.segment-row').length >= 3"))
    checks.that("what was expected stands beside what is", page.run("[...document.querySelectorAll('.card-against')].some(e => /expected \\d+%/.test(e.textContent))"))
    picture("desktop")


def open_a_segment(page, checks):
    page.click(".segment-row.closed .segment-button")
    checks.that("a click opens a segment's cards", page.wait("document.querySelectorAll('.segment-row.open').length === 2"))
    page.click(".segment-row.open ~ .segment-row.open .segment-button")
    page.wait("document.querySelectorAll('.segment-row.open').length === 1")


def open_a_touchpoint(page, checks, picture):
    touchpoint = page.run("[...document.querySelectorAll('.card.good, .card.poor, .card.bad')][0].dataset.touchpoint")
    page.click(f".card[data-touchpoint='{touchpoint}']")
    page.wait("document.querySelector('dialog.detail').open")
    page.wait("document.querySelectorAll('.detail canvas').length >= 2 && !document.querySelector('[data-chart=volume] .chart').hidden")
    checks.that("a click on a card opens the touchpoint", page.run("document.querySelector('#detail-title').textContent.length > 2"))
    checks.that("its charts hold closed windows", page.run("document.querySelector('[data-chart=volume] .nothing') === null"))
    page.wait("document.querySelectorAll('.detail .bars li').length > 2")
    # These come with the longest window, which closes every second minute here.
    checks.that("it has room for ratings, credit, where customers come from and go next", page.run("document.querySelectorAll('.detail-columns h3').length === 4"))
    picture("detail")
    page.press("Escape")
    checks.that("Escape closes it", page.wait("!document.querySelector('dialog.detail').open"))


def use_the_keyboard(page, checks):
    page.run("document.querySelector('.card').focus()")
    place = "[...document.querySelectorAll('.card')].indexOf(document.activeElement)"
    first = page.run(place)
    page.press("ArrowRight")
    checks.that("an arrow goes to the next card", page.run(place) not in (-1, first))
    page.press("Enter")
    checks.that("Enter opens it", page.wait("document.querySelector('dialog.detail').open"))
    page.press("Escape")
    page.wait("!document.querySelector('dialog.detail').open")


def change_the_window(page, checks):
    page.click(".windows [data-window='1m']")
    page.wait("document.querySelector(\".windows [data-window='1m'][aria-pressed='true']\")")
    page.wait("document.querySelector('.live-dot.live')")
    shown = page.run("document.querySelector('.summary').textContent")
    checks.that("the figures of another window come and change by themselves",
                page.wait(f"document.querySelector('.summary').textContent !== {json.dumps(shown)}"))
    page.click(".windows [data-window='5m']")
    page.wait("document.querySelector('.live-dot.live')")


def read_slowly(page):
    """From here on the rows that the page asks for come after seconds, as from a busy engine."""
    page.run("""(() => { const fetchNow = window.fetch; window.slowReads = 0;
        window.fetch = async (what, how) => {
          const slow = String(what).includes("api/v1/windows");
          if (slow) await new Promise((done) => setTimeout(done, 3000));
          const answer = await fetchNow(what, how);
          if (slow) setTimeout(() => ++window.slowReads, 500);
          return answer;
        };
        window.readFast = () => { window.fetch = fetchNow; }; })()""")


def hear_an_alert(page, demo, checks, picture):
    """While the page still reads what holds now, whose answer does not know the alert."""
    read_slowly(page)
    page.click(".windows [data-window='1m']")
    page.wait("document.querySelector('.live-dot.live')")
    name = page.run("document.querySelector('.card.good, .card.poor, .card.bad').dataset.touchpoint")
    now = page.run("new Date().toISOString()")
    alert = {**ALERT, "id": name, "at": now, "since": now}
    demo.tell(alert)
    shown = f"document.querySelector(\".card.alerting[data-touchpoint='{name}']\")"
    page.wait(shown)
    page.wait("window.slowReads >= 2")
    checks.that("an alert that comes while the page reads stays", page.run(f"!!{shown}"))
    page.run("window.readFast()")
    page.click(".windows [data-window='5m']")
    page.wait("document.querySelector('.live-dot.live')")
    page.wait(shown)
    checks.that("an alert is listed with its explanation", page.run("document.querySelector('.alert.firing .why').textContent.includes('%')"))
    page.run("document.querySelector('.why').open = true")
    picture("alert")
    page.run("document.querySelector('.why').open = false")
    return alert


def end_the_alert(page, demo, alert, checks):
    demo.tell({**alert, "state": "resolved", "reason": "recovered"})
    checks.that("an alert that is over goes by itself", page.wait("document.querySelector('.alerts.calm')"))


def speak_other_languages(page, checks, picture):
    titles = set()
    for tag, (direction, word) in LANGUAGES.items():
        page.run(f"(() => {{ const s = document.querySelector('.language'); s.value = '{tag}'; s.dispatchEvent(new Event('change')); }})()")
        page.wait(f"document.documentElement.lang === '{tag}'")
        checks.that(f"{tag}: reads {direction}, with its own words and the map's names", page.run(
            f"document.documentElement.dir === '{direction}' && document.querySelector('.summary').textContent.includes('{word}')"))
        page.wait("document.querySelectorAll('.card').length > 10")
        titles.add(page.run("document.querySelector('.title').textContent"))
        if tag != "en":
            checks.that(f"{tag}: nothing sticks out", page.run("document.documentElement.scrollWidth <= innerWidth"))
            picture(tag)
    checks.that("the map is named in each of them", len(titles) == len(LANGUAGES), titles)


def look_at_a_phone(page, checks, picture):
    page.screen(390, 844, phone=True)
    time.sleep(0.3)
    checks.that("a phone scrolls the map alone", page.run("document.documentElement.scrollWidth <= 390 && innerWidth <= 390"))
    checks.that("fingers find the cards", page.run("document.querySelector('.card').getBoundingClientRect().height >= 44"))
    picture("phone")
    page.click(".card")
    page.wait("document.querySelector('dialog.detail').open")
    page.wait("document.querySelectorAll('.detail .bars li').length > 2")
    checks.that("a touchpoint fits a phone", page.run("document.querySelector('.detail').getBoundingClientRect().width <= innerWidth + 1"))
    picture("phone-detail")
    page.press("Escape")
    page.screen(1440, 1000)


def look_in_the_dark(page, checks, picture):
    page.screen(1440, 1000, dark=True)
    checks.that("dark is dark", page.run("(getComputedStyle(document.documentElement).backgroundColor.match(/\\d+/g) || []).every(n => Number(n) < 60)"))
    picture("dark")
    page.screen(1440, 1000)


def main():
    touchstone = sys.argv[1]
    directory = pathlib.Path(sys.argv[2]) if len(sys.argv) > 2 else None
    program = chromium()
    missing = "chromium" if program is None else "kcat" if shutil.which("kcat") is None else None
    if missing:
        print(f"skipped: no {missing} is installed (deploy/setup --tests installs it)")
        return SKIPPED
    checks = Checks()
    with Demo(touchstone, "--rate", "150") as demo, Browser(program) as page:
        address = f"http://{demo.addresses['map']}/"
        if not demo.has_page():
            print("skipped: " + NO_PAGE)
            return SKIPPED

        def picture(name):
            if directory:
                page.picture(directory / f"{name}.png")

        page.screen(1440, 1000)
        page.open(address + "?lang=en")
        look_at_a_desktop(page, checks, picture)
        open_a_segment(page, checks)
        open_a_touchpoint(page, checks, picture)
        use_the_keyboard(page, checks)
        change_the_window(page, checks)
        alert = hear_an_alert(page, demo, checks, picture)
        speak_other_languages(page, checks, picture)
        look_in_the_dark(page, checks, picture)
        look_at_a_phone(page, checks, picture)
        end_the_alert(page, demo, alert, checks)
        strangers = [url for url in page.requested if not url.startswith((address, "data:"))]
        checks.that("nothing is fetched from elsewhere", not strangers, strangers[:3])
        checks.that("the console is quiet", not page.console, "\n        ".join(page.console[:5]))
    print(f"{checks.failures} failed" if checks.failures else "all passed")
    return 1 if checks.failures else 0


if __name__ == "__main__":
    sys.exit(main())
