"""The oracle's own hardest parts, by worked examples."""

import contextlib
import io
import json
import os
import sys
import tempfile
import unittest
from decimal import Decimal
from fractions import Fraction

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import compare  # noqa: E402
import credit  # noqa: E402
import exact  # noqa: E402
import generate  # noqa: E402
import instant  # noqa: E402
import oracle  # noqa: E402
import records  # noqa: E402
import touchpoint_map  # noqa: E402

DAY = 86_400_000
START = instant.read_rfc3339("2026-03-01T12:00:00Z")

SHOP = """
version: 1
lifecycle: {stages: [look, choose, use], lapse_after: 1d}
segments:
  - {id: gold, when: {attributes.tier: gold}}
touchpoints:
  - {id: page, channel: web, match: {type: page}}
  - {id: advice, match: {type: advice}, moves: [{to: choose, when: {customer.stage: look}}]}
  - {id: order, channel: web, match: {type: order}, moves: [{to: use, when: {customer.conversions: {min: 2}}}, {to: choose}], conversion: true}
  - {id: survey, match: {type: survey}, feedback: true}
  - {id: back, match: {type: back}, moves: [{to: look, back: true}]}
  - {id: stay, match: {type: stay}, moves: [{to: look}, {to: use}]}
"""


def replay(map_text, lines, *options):
    """Runs the oracle over lines (bytes, text or records); returns {topic: rows}."""
    with tempfile.TemporaryDirectory() as directory:
        map_path, input_path, out = (os.path.join(directory, name) for name in ("map.yaml", "events.ndjson", "out"))
        with open(map_path, "w", encoding="utf-8") as file:
            file.write(map_text)
        generate.write_lines(input_path, [as_bytes(line) for line in lines])
        with contextlib.redirect_stderr(io.StringIO()):
            oracle.main(["--map", map_path, "--input", input_path, "--out", out, *options])
        return {topic: [compare.parse(line) for line in compare.lines_of(compare.path_of(out, topic))] for topic in oracle.TOPICS}


def as_bytes(line):
    if isinstance(line, dict):
        line = json.dumps(line)
    return line if isinstance(line, bytes) else line.encode("utf-8")


def at(seconds, kind="page", customer="a", **fields):
    return {"type": kind, "customer": customer, "time": START + round(seconds * 1000), **fields}


def days(count, kind="page", customer="a", **fields):
    return at(count * 86_400, kind, customer, **fields)


def reason_of(line):
    try:
        records.decode(as_bytes(line))
    except records.Rejected as rejected:
        return rejected.reason
    return None


class Rounding(unittest.TestCase):
    def test_halves_go_away_from_zero(self):
        self.assertEqual([exact.round_ratio(number, 2) for number in (1, -1, 3, -3, 2)], [1, -1, 2, -2, 1])
        self.assertEqual(exact.round_number(Fraction("-1.00005"), 4), -10001)

    def test_numbers_are_written_without_needless_zeros(self):
        texts = [exact.units_text(units, 4) for units in (0, 10000, -12300, 5, 123456789)]
        self.assertEqual(texts, ["0", "1", "-1.23", "0.0005", "12345.6789"])

    def test_the_largest_remainder_gives_ties_to_the_earlier(self):
        self.assertEqual(exact.split_by_largest_remainder(exact.MILLION, [1, 1, 1]), [333334, 333333, 333333])
        self.assertEqual(exact.split_by_largest_remainder(-100, [1, 1, 1]), [-34, -33, -33])
        self.assertEqual(exact.split_by_largest_remainder(10, [0, 3, 3, 3, 0]), [0, 4, 3, 3, 0])

    def test_nearest_rank(self):
        self.assertEqual([exact.nearest_rank([1, 2, 3, 4], percent) for percent in (50, 90, 99)], [2, 4, 4])
        self.assertEqual(exact.nearest_rank(list(range(1, 101)), 99), 99)


class Times(unittest.TestCase):
    def test_readable(self):
        midnight = instant.days_since_1970(2026, 1, 1) * DAY
        for text, expected in {
            "2026-01-01T00:00:00Z": midnight,
            "2026-01-01t00:00:00z": midnight,
            "2026-01-01T00:00:00-00:00": midnight,
            "2026-01-01T03:30:00+03:30": midnight,
            "2025-12-31T00:01:00-23:59": midnight,
            "2025-12-31T23:59:60Z": midnight,
            "2025-12-31T15:59:60.25-08:00": midnight + 250,
            "2026-01-01T00:00:00.0019999999999Z": midnight + 1,
            "2026-01-01T00:00:00.5Z": midnight + 500,
            "2024-02-29T00:00:00Z": instant.days_since_1970(2024, 2, 29) * DAY,
        }.items():
            self.assertEqual(instant.read_rfc3339(text), expected, text)

    def test_not_readable(self):
        for text in ("2026-01-01", "2026-01-01 00:00:00Z", "2026-01-01T00:00:00", "2025-02-29T00:00:00Z", "2100-02-29T00:00:00Z",
                     "2026-01-01T24:00:00Z", "2026-01-01T00:60:00Z", "2026-01-01T00:00:60Z", "2026-01-01T23:59:60+01:00",
                     "2026-01-01T00:00:61Z", "2026-01-01T00:00:00.Z", "2026-01-01T00:00:00+24:00", "2026-01-01T00:00:00+01:60",
                     "2026-01-01T00:00:00+0100", "2026-00-01T00:00:00Z", "2026-01-32T00:00:00Z", "2026-01-01T00:00:00Z\n",
                     "26-01-01T00:00:00Z", "\u0662026-01-01T00:00:00Z"):
            self.assertIsNone(instant.read_rfc3339(text), text)

    def test_known_instants(self):
        self.assertEqual(instant.read_rfc3339("1970-01-01T00:00:00Z"), 0)
        self.assertEqual(instant.read_rfc3339("2001-09-09T01:46:40Z"), 10 ** 12)
        self.assertEqual(instant.instant_text(10 ** 12 + 7), "2001-09-09T01:46:40.007Z")
        for text in ("2000-02-29T23:59:59.999Z", "2100-12-31T00:00:00.000Z", "2101-03-01T00:00:00.000Z"):
            self.assertEqual(instant.instant_text(instant.read_rfc3339(text)), text)

    def test_the_years_2000_to_2100(self):
        for text, reason in {"1999-12-31T23:59:59.999Z": "bad-time", "2000-01-01T00:00:00Z": None, "2000-01-01T00:00:00+00:01": "bad-time",
                             "2100-12-31T23:59:59.999Z": None, "2100-12-31T23:59:60Z": "bad-time"}.items():
            self.assertEqual(reason_of({"type": "x", "customer": "a", "time": text}), reason, text)


class DeadLetters(unittest.TestCase):
    GOOD = '"type":"x","customer":"a","time":"2026-01-01T00:00:00Z"'

    def check(self, cases):
        for line, reason in cases.items():
            self.assertEqual(reason_of(line), reason, line[:100])

    def test_the_first_reason_of_the_list_counts(self):
        self.check({
            b"\xff" * ((1 << 20) + 1): "too-large",
            b'{"type":"\xff"': "encoding",
            '{"value":"x"': "malformed",
            '{"value":"x","customer":"a","time":"x"}': "missing-field",
            '{"type":5,"customer":"a","time":"x"}': "bad-value",
            '{"type":"x","customer":"a","time":"x"}': "bad-time",
        })

    def test_malformed(self):
        good = self.GOOD
        for extra in ("1e400", "-1e400", "18446744073709551616", "-9223372036854775809", '"\\ud800"', '["\\udc00"]', "NaN", "-Infinity",
                      "01", "1.", '"\t"', "[1,]"):
            self.assertEqual(reason_of(f'{{{good},"x":{extra}}}'), "malformed", extra)
        self.check({"": "malformed", " \r": "malformed", "\ufeff{" + good + "}": "malformed", "[]": "malformed", "{" + good + "}{}": "malformed",
                    "{" + good + ',"x":' + "[" * 1100 + "]" * 1100 + "}": "malformed", "[" * 200_000: "malformed"})

    def test_well_formed(self):
        good = self.GOOD
        for extra in ("1e308", "1e-400", "18446744073709551615", "-9223372036854775808", '"\\ud83d\\ude00"', "[" * 1000 + "]" * 1000,
                      '"' + "[" * 5000 + '"', '"\\\\ud800"'):
            self.assertIsNone(reason_of(f'{{{good},"x":{extra}}}'), extra)
        self.assertIsNone(reason_of(" {" + good + "}\r"))

    def test_of_a_key_given_twice_the_first_counts(self):
        self.check({'{"type":null,' + self.GOOD + "}": "missing-field", "{" + self.GOOD + ',"type":5}': None,
                    "{" + self.GOOD + ',"value":1,"value":"x"}': None, "{" + self.GOOD + ',"value":"","value":"x"}': None})

    def test_null_and_the_empty_string_are_absent(self):
        for name in ("id", "channel", "value", "wait_s", "feedback", "attributes"):
            for value in ('""', "null"):
                self.assertIsNone(reason_of(f'{{{self.GOOD},"{name}":{value}}}'), name)

    def test_bad_values(self):
        good = self.GOOD
        for extra in ('"value":true', '"value":1000000000000.0001', '"wait_s":-1', '"feedback":[]', '"feedback":{"csat":0}',
                      '"feedback":{"about":1}', '"attributes":{"a":[]}', '"id":1', '"channel":{}'):
            self.assertEqual(reason_of(f"{{{good},{extra}}}"), "bad-value", extra)
        for time in ("1.5e12", "1767225600000.0", "0.0", "true", "[]"):
            self.assertEqual(reason_of(f'{{"type":"x","customer":"a","time":{time}}}'), "bad-value", time)

    def test_are_written_with_their_line(self):
        rows = replay(SHOP, [b"\xff", "", at(0)])["dead-letters"]
        self.assertEqual([(row["reason"], row["offset"], row.get("value"), row.get("value_base64")) for row in rows],
                         [("encoding", 0, None, "/w=="), ("malformed", 1, "", None)])


class Predicates(unittest.TestCase):
    def holds(self, text, **fields):
        return touchpoint_map.compile_predicate(touchpoint_map.read_yaml(text))({name.replace("_", "."): value for name, value in fields.items()})

    def test_types_must_agree(self):
        self.assertTrue(self.holds("{a: 1}", a=Fraction(1)))
        self.assertFalse(self.holds("{a: 1}", a=True))
        self.assertFalse(self.holds("{a: true}", a=1))
        self.assertFalse(self.holds("{a: '1'}", a=1))
        self.assertTrue(self.holds("{a: yes}", a="yes"))
        self.assertFalse(self.holds("{a: yes}", a=True))

    def test_globs(self):
        self.assertTrue(self.holds("{a: '/p/*'}", a="/p/\n/x"))
        self.assertTrue(self.holds("{a: 'x?'}", a="x\U0001f600"))
        self.assertFalse(self.holds("{a: 'x?'}", a="x"))
        self.assertFalse(self.holds("{a: '[ab]*'}", a="a"))
        self.assertFalse(self.holds("{a: '*'}"))

    def test_regex_ranges_exists_and_lists(self):
        self.assertFalse(self.holds("{a: {regex: 'b$'}}", a="ab\n"))
        self.assertTrue(self.holds("{a: {regex: '[$]b$'}}", a="a$b"))
        self.assertTrue(self.holds("{a: {min: 1, max: 2}}", a=2))
        self.assertFalse(self.holds("{a: {min: 1}}", a="2"))
        self.assertTrue(self.holds("{a: [{exists: false}, x]}"))
        self.assertTrue(self.holds("[{a: 1}, {b: 1}]", b=1))

    def test_scalars_of_the_core_schema(self):
        read = touchpoint_map.read_yaml("[yes, 0o17, 0x1F, 010, 1_0, 1e1, 2026-01-01, 12:30, ~, 'true', <<, .5]")
        self.assertEqual(read, ["yes", 15, 31, 10, "1_0", 10, "2026-01-01", "12:30", None, "true", "<<", Fraction(1, 2)])


class Credit(unittest.TestCase):
    TIME = START

    def shares(self, model, ages, names=None, value=0):
        path = [credit.Touch(name, self.TIME - round(age * DAY), "web") for name, age in zip(names or "abcdefgh", ages)]
        return credit.credit(model, path, "order", self.TIME, value, 7 * DAY)

    def test_position_over_six(self):
        shares = self.shares("position", [6, 5, 4, 3, 2, 1])
        self.assertEqual([share for share, _ in shares.values()], [400000, 50000, 50000, 50000, 50000, 400000])

    def test_position_over_one_and_two(self):
        self.assertEqual(self.shares("position", [1])["a"][0], 1000000)
        self.assertEqual([share for share, _ in self.shares("position", [1, 1]).values()], [500000, 500000])

    def test_decay_with_a_half_life_of_a_week(self):
        money = [part for _, part in self.shares("decay", [9, 6, 0, 0], value=500000).values()]
        self.assertEqual([exact.round_ratio(part, 100) for part in money], [692, 932, 1688, 1688])
        self.assertEqual(sum(money), 500000)

    def test_decay_by_whole_half_lives_is_exact(self):
        self.assertEqual([share for share, _ in self.shares("decay", [14, 7, 0]).values()], [142857, 285714, 571429])

    def test_a_negative_age_decays_as_none(self):
        self.assertEqual(self.shares("decay", [-3, 0]), {"a": (500000, 0), "b": (500000, 0)})

    def test_shapley_splits_over_distinct_touchpoints(self):
        self.assertEqual(self.shares("shapley", [5, 4, 3, 2], names="abab", value=-1), {"a": (500000, -1), "b": (500000, 0)})
        self.assertEqual(self.shares("shapley", [5, 4, 3, 2], names="bbca")["b"][0], 333334)

    def test_first_and_last_leave_out_zero_shares(self):
        self.assertEqual(self.shares("first", [2, 1], value=7), {"a": (1000000, 7)})
        self.assertEqual(self.shares("last", [2, 1], value=7), {"b": (1000000, 7)})

    def test_the_path_and_its_limits(self):
        rows = replay(SHOP.replace("1d}", "400d}"), [days(0), days(0, "advice"), days(1, "survey"), days(1, "other"), days(30, "order", value=10),
                                                    days(31, "order"), days(31, "advice"), at(31 * 86_400 - 5, "page"), days(61.00001, "order")])
        paths = [[touch["touchpoint"] for touch in row["path"]] for row in rows["conversions"]]
        self.assertEqual(paths, [["page", "advice"], [], []])
        self.assertEqual(rows["conversions"][1]["credit"]["decay"], {"order": 1})

    def test_at_most_the_last_fifty(self):
        rows = replay(SHOP, [at(0, "advice")] + [at(index) for index in range(50)] + [at(60, "order")])
        self.assertEqual(len(rows["conversions"][0]["path"]), 50)
        self.assertEqual(rows["conversions"][0]["credit"]["first"], {"page": 1})


    def test_shares_add_up_to_one(self):
        text, lines = generate.generate(seed=5, events=600, customers=6, halves=True)
        conversions = replay(text, lines, "--windows", "7d")["conversions"]
        self.assertGreater(max(len(row["path"]) for row in conversions), 3)
        for row in conversions:
            for model, shares in row["credit"].items():
                self.assertEqual(sum(shares.values()), 1, model)


class Journeys(unittest.TestCase):
    def test_the_stages(self):
        rows = replay(SHOP, [at(0), at(1, "advice"), at(2, "order"), at(3, "stay"), at(4, "order"), at(5, "back"), at(6, "order")])
        self.assertEqual([row["stage"] for row in rows["interactions"]], ["look", "choose", "choose", "choose", "use", "look", "use"])
        self.assertNotIn("stage_before", rows["interactions"][0])
        self.assertEqual([(row.get("from"), row["to"], row["cause"]) for row in rows["transitions"]],
                         [(None, "look", "page"), ("look", "choose", "advice"), ("choose", "use", "order"), ("use", "look", "back"), ("look", "use", "order")])

    def test_lapse_and_return(self):
        rows = replay(SHOP, [at(0, "order"), at(86_400 + 9.999, customer="b"), at(86_400 + 10, "stay", customer="a")])
        self.assertEqual([(row["customer"], row.get("from"), row["to"], row["time"], row["cause"]) for row in rows["transitions"]], [
            ("a", None, "choose", "2026-03-01T12:00:00.000Z", "order"),
            ("b", None, "look", "2026-03-02T12:00:09.999Z", "page"),
            ("a", "choose", "lapsed", "2026-03-02T12:00:00.000Z", "order"),
            ("a", "lapsed", "choose", "2026-03-02T12:00:10.000Z", "stay")])
        self.assertEqual(rows["interactions"][2]["stage_before"], "choose")

    def test_a_lapse_ends_the_path_but_not_what_a_survey_may_rate(self):
        rows = replay(SHOP, [at(0), days(2, "survey", feedback={"nps": 9}), days(2, "order")])
        self.assertEqual(rows["interactions"][1]["rates"], "page")
        self.assertEqual(rows["conversions"][0]["path"], [])

    def test_at_the_end_of_the_input_customers_lapse_by_the_highest_time(self):
        rows = replay(SHOP, [at(0, customer="b"), at(0, customer="a"), at(1, customer="c"), days(1, customer="d")])
        self.assertEqual([row["customer"] for row in rows["transitions"] if row["to"] == "lapsed"], ["a", "b"])

    def test_a_due_time_already_passed_is_met_at_the_next_event(self):
        rows = replay(SHOP, [days(5, customer="b"), days(0, customer="a"), days(5, customer="b")])
        self.assertEqual([(row["customer"], row["to"]) for row in rows["transitions"]], [("b", "look"), ("a", "look"), ("a", "lapsed")])

    def test_a_duplicate_moves_the_watermark_and_nothing_else(self):
        rows = replay(SHOP, [at(0, id="1"), at(3600, id="1"), at(3589, id="2"), at(3600.001, id="1")])
        self.assertEqual([(row["id"], row["late"]) for row in rows["interactions"]], [("1", False), ("2", True), ("1", False)])

    def test_the_last_64_accepted_ids_count(self):
        ids = [at(0, id=str(index)) for index in range(64)]
        self.assertEqual(len(replay(SHOP, ids + [at(0, id="0")])["interactions"]), 64)
        self.assertEqual(len(replay(SHOP, ids + [at(0, id="64"), at(0, id="0")])["interactions"]), 66)

    def test_segments_are_remembered(self):
        rows = replay(SHOP, [at(0), at(1, attributes={"tier": "gold"}), at(2), at(3, segment="nobody")])
        self.assertEqual([row["segment"] for row in rows["interactions"]], ["other", "gold", "gold", "gold"])

    def test_ratings(self):
        rows = replay(SHOP, [at(0, "advice", channel="app"), at(1, "survey", feedback={"ces": 2, "sentiment": 1}),
                             at(2, "survey", feedback={"csat": 5, "about": "order"}), at(3, customer="b", feedback={"csat": 1, "about": "x"}),
                             at(4, "survey", customer="c", feedback={"stars": 3.5}), at(5, "survey", feedback={})], "--windows", "1m")
        self.assertEqual([(row.get("satisfaction"), row.get("rates")) for row in rows["interactions"]],
                         [(None, None), (Decimal("0.166667"), "advice"), (1, "order"), (0, "page"), (Decimal("0.625"), "survey"), (None, None)])
        cells = {(row["scope"], row["id"]) for row in rows["windows"] if row["segment"] == "all" and "satisfaction" in row}
        self.assertEqual(cells, {("touchpoint", one) for one in ("advice", "order", "page", "survey")}
                         | {("channel", one) for one in ("app", "web", "other")} | {("stage", "choose"), ("stage", "look"), ("all", "all")})

    def test_forget_makes_a_new_customer(self):
        rows = replay(SHOP, [at(0, id="1"), '{"forget":"a"}', at(1, id="1")], "--windows", "1m")
        self.assertEqual([row["to"] for row in rows["transitions"]], ["look", "look"])
        self.assertEqual([row["customers"] for row in rows["windows"] if row["scope"] == "all"], [2, 2])


class Windows(unittest.TestCase):
    def test_edges(self):
        rows = replay(SHOP, [at(0), at(5), at(59.999), at(65), at(200)], "--windows", "1m")
        self.assertEqual([(row["end"][14:19], row["interactions"]) for row in rows["windows"] if (row["scope"], row["segment"]) == ("all", "all")],
                         [("00:05", 1), ("00:10", 2), ("01:00", 3), ("01:05", 2), ("02:00", 1), ("02:10", 0), ("03:25", 1)])

    def test_customers_are_distinct(self):
        rows = replay(SHOP, [at(0), at(0, customer="b"), at(1), at(2, "advice")], "--windows", "1m")
        self.assertEqual([(row["interactions"], row["customers"]) for row in rows["windows"] if row["scope"] == "all"], [(4, 2), (4, 2)])

    def test_credit_stands_at_the_touchpoints_of_the_path(self):
        rows = replay(SHOP, [at(0), at(1, "advice"), days(0.5, "order", value=10)], "--windows", "1m", "--models", "linear")
        cells = {(row["scope"], row["id"]): row for row in rows["windows"] if row["segment"] == "all" and row["end"][11:13] == "00"}
        self.assertEqual(cells["touchpoint", "page"]["credit"], {"linear": {"conversions": Decimal("0.5"), "value": 5}})
        self.assertEqual(cells["touchpoint", "page"]["interactions"], 0)
        self.assertNotIn("credit", cells["channel", "web"])

    def test_late_events_stay_out(self):
        rows = replay(SHOP, [at(20), at(10), at(9.999)], "--windows", "1m")
        self.assertEqual([row["interactions"] for row in rows["windows"] if row["scope"] == "all" and row["segment"] == "all"], [1, 2])

    def test_rows_carried_forward_say_what_the_events_say(self):
        """Every closing of a generated stream against a plain filter over the interactions that were written."""
        text, lines = generate.generate(seed=3, events=250, customers=8, halves=False)
        lines = [line for line in lines if b"forget" not in line]
        topics = replay(text, lines, "--windows", "5m,1h")
        events = [(instant.read_rfc3339(row["time"]), row) for row in topics["interactions"] if not row["late"]]
        highest = max(instant.read_rfc3339(row["time"]) for row in topics["interactions"])
        for name, size, step in (("5m", 300_000, 15_000), ("1h", 3_600_000, 60_000)):
            current = {}
            rows = [row for row in topics["windows"] if row["window"] == name]
            for row in rows:
                current[row["scope"], row["id"], row["segment"]] = row
                end = instant.read_rfc3339(row["end"])
                self.assertLessEqual(end, highest + step)
                self.assertEqual(end % step, 0)
                inside = [event for time, event in events if end - size <= time < end and self._in_cell(event, row)]
                self.assertEqual(row["interactions"], len(inside))
                self.assertEqual(row["customers"], len({event["customer"] for event in inside}))
                self.assertEqual(row["value"], sum(event.get("value", 0) for event in inside))
            last = (highest // step + 1) * step
            for row in current.values():
                inside = [event for time, event in events if last - size <= time < last and self._in_cell(event, row)]
                self.assertEqual(row["interactions"], len(inside))

    def _in_cell(self, event, row):
        return (row["segment"] in ("all", event["segment"])
                and (row["scope"] == "all" or event[row["scope"]] == row["id"]))


class Comparing(unittest.TestCase):
    ROW = {"window": "1m", "start": "s", "end": "e1", "scope": "all", "id": "all", "segment": "all", "interactions": 1, "customers": 1,
           "conversions": 0, "value": 0, "wait_s": {"count": 1, "p50": 100, "p90": 100, "p99": 100}}

    def compare(self, expected, actual, *options, topic="windows"):
        with tempfile.TemporaryDirectory() as directory:
            for side, rows in (("expected", expected), ("actual", actual)):
                os.mkdir(os.path.join(directory, side))
                generate.write_lines(compare.path_of(os.path.join(directory, side), topic), [as_bytes(row) for row in rows])
            with contextlib.redirect_stdout(io.StringIO()):
                return compare.main([os.path.join(directory, "expected"), os.path.join(directory, "actual"), "--topics", topic, *options])

    def row(self, end, p50=100, **fields):
        return {**self.ROW, "end": end, "wait_s": {**self.ROW["wait_s"], "p50": p50}, **fields}

    def test_percentiles_may_be_off_by_two_percent(self):
        self.assertEqual(self.compare([self.row("e1")], [self.row("e1", 98)]), 0)
        self.assertEqual(self.compare([self.row("e1")], [self.row("e1", 97.9)]), 1)

    def test_a_row_on_one_side_only_is_accepted_if_carrying_forward_says_the_same(self):
        self.assertEqual(self.compare([self.row("e1"), self.row("e2", 101)], [self.row("e1")]), 0)
        self.assertEqual(self.compare([self.row("e1")], [self.row("e1"), self.row("e2", 101)]), 0)
        self.assertEqual(self.compare([self.row("e1"), self.row("e2", 103)], [self.row("e1")]), 1)
        self.assertEqual(self.compare([self.row("e1"), self.row("e2", value=1)], [self.row("e1")]), 1)
        self.assertEqual(self.compare([self.row("e1")], [self.row("e1"), self.row("e2")]), 1, "it repeats the row before")

    def test_ignored_measures(self):
        self.assertEqual(self.compare([self.row("e1"), self.row("e2", 500)], [self.row("e1")], "--ignore-measures", "wait_s"), 0)
        self.assertEqual(self.compare([self.row("e1")], [self.row("e1", credit={"markov": {"conversions": 1, "value": 0}})], "--ignore-models", "markov"), 0)

    def test_markov_may_be_off_by_a_last_place_or_a_millionth(self):
        def row(end, conversions, value=0, **others):
            return self.row(end, credit={**others, "markov": {"conversions": conversions, "value": value}})
        self.assertEqual(self.compare([row("e1", 0.5, 0.5)], [row("e1", 0.500001, 0.5001)]), 0)
        self.assertEqual(self.compare([row("e1", 2000.5)], [row("e1", 2000.502)]), 0)
        self.assertEqual(self.compare([row("e1", 0.5)], [row("e1", 0.500002)]), 1)
        self.assertEqual(self.compare([row("e1", 0.5, 0.5)], [row("e1", 0.5, 0.5002)]), 1)
        self.assertEqual(self.compare([self.row("e1")], [row("e1", 0.000001)]), 0, "it is left out where it rounds to 0")
        self.assertEqual(self.compare([self.row("e1")], [row("e1", 0.000002)]), 1)
        self.assertEqual(self.compare([self.row("e1")], [row("e1", 0)]), 1, "what is 0 is not written")
        self.assertEqual(self.compare([row("e1", 1), row("e2", 1.000001)], [row("e1", 1)]), 0, "a row only because of that")
        first = {"conversions": 1, "value": 0}
        self.assertEqual(self.compare([row("e1", 1, first=first)], [row("e1", 1, first={**first, "conversions": 1.000001})]), 1)

    def test_the_order_within_windows_does_not_matter_but_elsewhere_it_does(self):
        rows = [self.row("e1"), self.row("e2", value=1)]
        self.assertEqual(self.compare(rows, rows[::-1]), 0)
        lines = [{"time": str(index), "customer": "a"} for index in range(3)]
        self.assertEqual(self.compare(lines, lines, topic="transitions"), 0)
        self.assertEqual(self.compare(lines, lines[::-1], topic="transitions"), 1)
        self.assertEqual(self.compare(lines, lines[:2], topic="transitions"), 1)
        self.assertEqual(self.compare(lines, [{"customer": "a", "time": str(index)} for index in range(3)], topic="transitions"), 1)

    def test_numbers_are_equal_by_value_and_true_is_no_number(self):
        self.assertTrue(compare.same(compare.parse('{"a":1.50,"b":1e1}'), compare.parse('{"a":1.5,"b":10}')))
        self.assertFalse(compare.same(compare.parse('{"a":true}'), compare.parse('{"a":1}')))
        self.assertFalse(compare.same(compare.parse('{"a":0.1}'), compare.parse('{"a":0.10000000000000001}')))

    def test_sources_and_details_can_be_left_out(self):
        expected = [{"reason": "malformed", "detail": "a", "topic": "t", "partition": 0, "offset": 1, "value": "x"}]
        actual = [{"reason": "malformed", "topic": "u", "partition": 1, "offset": 2, "value": "x"}]
        self.assertEqual(self.compare(expected, actual, topic="dead-letters"), 1)
        self.assertEqual(self.compare(expected, actual, "--ignore-source", topic="dead-letters"), 0)


class Generating(unittest.TestCase):
    def test_the_seed_decides_everything(self):
        self.assertEqual(generate.generate(5, 300, 10, True), generate.generate(5, 300, 10, True))

    def test_every_line_ends_up_somewhere(self):
        text, lines = generate.generate(6, 800, 10, False)
        stderr = io.StringIO()
        with contextlib.redirect_stderr(stderr), tempfile.TemporaryDirectory() as directory:
            generate.write_lines(os.path.join(directory, "events.gz"), lines)
            with open(os.path.join(directory, "map.yaml"), "w", encoding="utf-8") as file:
                file.write(text)
            oracle.main(["--map", os.path.join(directory, "map.yaml"), "--input", os.path.join(directory, "events.gz"),
                         "--out", os.path.join(directory, "out"), "--windows", "7d"])
        counts = dict(pair.split("=") for pair in stderr.getvalue().split())
        parts = ("interactions", "duplicates", "dead_letters", "forgets")
        self.assertEqual(int(counts["lines"]), sum(int(counts[part]) for part in parts))


if __name__ == "__main__":
    unittest.main()
