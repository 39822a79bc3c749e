"""The model `markov` of the oracle, by chains worked out by hand and by small streams."""

import random
import unittest
from collections import Counter
from decimal import Decimal
from fractions import Fraction

import markov
from test_oracle import SHOP, at, days, replay


def paths_of(*texts):
    """"a b +" is a path over a and b to a conversion, "a -" one to a lapse."""
    paths = Counter()
    for text in texts:
        *touchpoints, end = text.split()
        paths[tuple(touchpoints), end == "+"] += 1
    return paths


def credit(*texts, value=0):
    paths = paths_of(*texts)
    return markov.credit(paths, sum(how_many for (_, converted), how_many in paths.items() if converted), value)


def shares(*texts):
    return {touchpoint: share for touchpoint, (share, _) in credit(*texts).items()}


class Chains(unittest.TestCase):
    def test_by_hand(self):
        counts = markov.count_steps(paths_of("a +", "a b +", "b -"))
        self.assertEqual([markov.probability_of_conversion(counts, removed) for removed in (None, "a", "b")],
                         [Fraction(2, 3), Fraction(1, 6), Fraction(1, 3)])
        self.assertEqual(shares("a +", "a b +", "b -"), {"a": 1_200_000, "b": 800_000})

    def test_a_touchpoint_repeated_in_a_row_changes_nothing(self):
        self.assertEqual(shares("a a a +", "a b b +", "b -"), shares("a +", "a b +", "b -"))

    def test_a_touchpoint_on_no_converted_path_may_have_credit(self):
        self.assertEqual(credit("x y -", "y +", value=100_000), {"x": (333_333, 33_333), "y": (666_667, 66_667)})

    def test_a_touchpoint_without_effect_has_none(self):
        self.assertEqual(shares("a +", "a b -", "c -"), {"a": 1_000_000})

    def test_without_conversions_there_is_none(self):
        self.assertEqual(shares("a -", "b -"), {})
        self.assertEqual(shares(), {})

    def test_halves_go_away_from_zero(self):
        self.assertEqual(credit("a b +", value=-1), {"a": (500_000, -1), "b": (500_000, -1)})

    def test_the_probability_is_the_one_of_walking(self):
        rng = random.Random(1)
        for _ in range(10):
            paths = Counter((tuple(rng.choices("abcdefg", k=rng.randint(1, 4))), rng.random() < 0.4) for _ in range(rng.randint(1, 30)))
            counts = markov.count_steps(paths)
            for removed in (None, *"abcdefg"):
                self.assertAlmostEqual(float(markov.probability_of_conversion(counts, removed)), self._walked(counts, removed), places=7)

    def _walked(self, counts, removed):
        """Lets the probability of being in a state flow along the steps until hardly any is left on the way."""
        going_out = Counter()
        for (state, _), how_many in counts.items():
            going_out[state] += how_many
        here, converted = {markov.START: 1.0}, 0.0
        for _ in range(600):
            there = Counter()
            for (state, to), how_many in counts.items():
                flow = here.get(state, 0) * how_many / going_out[state]
                if to == markov.CONVERSION:
                    converted += flow
                elif to not in (markov.NULL, removed):
                    there[to] += flow
            here = there
        return converted


class InWindows(unittest.TestCase):
    def markov(self, lines, *options, segment="all", map_text=SHOP):
        """{end: {touchpoint: (conversions, value)}} as the rows say it, closing by closing."""
        rows = replay(map_text, lines, "--windows", "7d", *options)["windows"]
        held, by_end = {}, {}
        for row in rows:
            if row["scope"] == "touchpoint" and row["segment"] == segment:
                figures = row.get("credit", {}).get("markov")
                held[row["id"]] = figures and (figures["conversions"], figures["value"])
                by_end[row["end"][:13]] = {name: one for name, one in held.items() if one}
        return by_end

    def last(self, lines, *options, **named):
        return list(self.markov(lines, *options, **named).values())[-1]

    THIRDS = {"page": (Decimal("0.333333"), Decimal("3.3333")), "advice": (Decimal("0.666667"), Decimal("6.6667"))}
    TWO_PATHS = [at(0, customer="b"), at(1, "advice", customer="b"), at(2, "advice"), at(3, "order", value=10)]

    def test_a_lapse_changes_the_credit_of_the_conversions_and_leaving_ends_it(self):
        by_end = self.markov(self.TWO_PATHS + [days(20, "back", customer="c")])
        self.assertEqual(by_end["2026-03-01T13"], {"advice": (1, 10)})
        self.assertEqual(by_end["2026-03-02T13"], self.THIRDS)
        self.assertEqual(by_end["2026-03-08T13"], {})

    def test_only_the_longest_of_all_windows_has_it(self):
        rows = replay(SHOP, self.TWO_PATHS, "--windows", "24h")["windows"]
        self.assertFalse([row for row in rows if "markov" in row.get("credit", {})])
        rows = replay(SHOP, self.TWO_PATHS, "--set", "windows=[{size: 2h, step: 1h}, {size: 1h, step: 1h}]")["windows"]
        self.assertEqual({row["window"] for row in rows if "markov" in row.get("credit", {})}, {"2h"})

    def test_an_empty_path_is_that_of_the_converting_touchpoint(self):
        self.assertEqual(self.last([at(0, "survey"), at(1, "unknown"), at(2, "order", value=3)]), {"order": (1, 3)})

    def test_a_segment_has_a_chain_of_its_own(self):
        gold = {"attributes": {"tier": "gold"}}
        lines = [at(0), at(1, "order", value=1, **gold), at(2, "advice", customer="b"), at(3, "order", customer="b", value=5)]
        self.assertEqual(self.last(lines, segment="gold"), {"page": (1, 1)})
        self.assertEqual(self.last(lines, segment="other"), {"advice": (1, 5)})
        self.assertEqual(self.last(lines), {"page": (1, 3), "advice": (1, 3)})

    def test_the_path_of_a_lapse_has_no_limit_of_age_but_one_of_length(self):
        long_lapse = SHOP.replace("1d}", "40d}")
        lines = [days(0, customer="b"), days(35, "advice", customer="b"), days(74, "advice"), days(74.1, "order", value=10), days(75.5, "back")]
        self.assertEqual(self.last(lines, map_text=long_lapse), self.THIRDS)
        self.assertEqual(self.last(lines, "--set", "journey.max_touches=1", map_text=long_lapse), {"advice": (1, 10)})

    def test_a_lapse_without_touches_is_no_path(self):
        lines = [at(0, "order", customer="b"), *self.TWO_PATHS[2:], days(2, "back")]
        self.assertEqual(self.last(lines), {"order": (1, 5), "advice": (1, 5)})

    def test_late_lapses_and_late_conversions_stay_out(self):
        lines = [days(5, customer="b"), days(5, "advice", customer="b"), days(5, "order", customer="b"), days(5, "advice", customer="d"),
                 days(5, "order", customer="d")]
        without = {"page": (Decimal("0.666667"), 0), "advice": (Decimal("1.333333"), 0)}
        self.assertEqual(self.last(lines), without)
        self.assertEqual(self.last(lines + [days(0, "advice"), days(5, "back", customer="b")]), without)
        self.assertEqual(self.last(lines + [days(4.9, "order")]), without)

    def test_a_lapse_at_the_watermark_itself_is_not_late(self):
        lines = [days(5, customer="b"), days(5, "advice", customer="b"), days(5, "order", customer="b"), days(5, "advice", customer="d"),
                 days(5, "order", customer="d"), at(4 * 86_400 - 10, "advice"), days(5, "back", customer="b")]
        self.assertEqual(self.last(lines), {"page": (Decimal("0.5"), 0), "advice": (Decimal("1.5"), 0)})


if __name__ == "__main__":
    unittest.main()
