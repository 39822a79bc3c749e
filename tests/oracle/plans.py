"""What the stream of each seed is like: how long, of how many customers, and with which settings it is replayed."""

import random
from dataclasses import dataclass

# Limits low enough that short streams reach them.
LOW_LIMITS = ("journey.max_touches=3", "duplicates.ids=2", "time.lateness=1m")
# Tables of windows unlike the default one. In order of size each step divides the next.
WINDOW_TABLES = (
    "[{size: 2m, step: 10s}, {size: 20m, step: 1m}, {size: 3h, step: 15m}, {size: 2d, step: 3h}]",
    "[{size: 14d, step: 2h}, {size: 90s, step: 30s}, {size: 1h, step: 1h}]",
    "[{size: 1d, step: 1d}]",
    "[{size: 500ms, step: 100ms}, {size: 30s, step: 1s}, {size: 4w, step: 12h}]",
    "[{size: 24h, step: 6h}, {size: 60m, step: 5m}]",
)
OTHER_NUMBERS = (
    ("journey.lookback", ("1h", "3d", "0s")), ("journey.max_touches", ("1", "2", "7")), ("journey.rating_within", ("10m", "1d")),
    ("journey.decay_half_life", ("3d", "30d")), ("time.lateness", ("0s", "1s", "2h")), ("duplicates.within", ("0s", "1m", "2h")),
    ("duplicates.ids", ("0", "1", "5")),
)


@dataclass(frozen=True)
class Plan:
    seed: int
    events: int
    customers: int = 20
    halves: bool = False
    long_paths: bool = False
    settings: tuple = ()

    def options(self):
        """For generate.py."""
        flags = ["--halves"] * self.halves + ["--long-paths"] * self.long_paths
        return ["--seed", self.seed, "--events", self.events, "--customers", self.customers, *flags]


def plan_of(seed, events):
    """Any eight seeds in a row have every kind of stream."""
    kind = seed % 8
    if kind == 7:
        return Plan(seed, 3 * events, customers=5 * events // 2)
    if kind == 5:
        return Plan(seed, events, customers=4, long_paths=True)
    return Plan(seed, events, halves=seed % 3 == 0, settings=_settings_of(seed, kind))


def _settings_of(seed, kind):
    rng = random.Random(f"settings {seed}")
    if kind == 4:
        return LOW_LIMITS
    if kind == 2:
        return (_window_table(rng),)
    if kind == 6:
        return (_window_table(rng), *_other_numbers(rng))
    if kind == 0:
        return _other_numbers(rng)
    return ()


def _window_table(rng):
    return "windows=" + rng.choice(WINDOW_TABLES)


def _other_numbers(rng):
    return tuple(f"{name}={rng.choice(values)}" for name, values in OTHER_NUMBERS if rng.random() < 0.5)
