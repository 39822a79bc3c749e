"""Which corners of the contract the generated streams have to reach, and how often they did over all seeds.

The oracle counts them as it goes; a corner that no seed reached is one that nobody has tested.
"""

from collections import Counter

# Counted by the oracle.
EVENTS = (
    "interactions", "out_of_order", "late", "duplicates", "ids_accepted_again", "forgets", "customers_forgotten", "segment_switches",
    "negative_values", "times_at_an_edge", "times_just_before_an_edge", "watermarks_at_an_edge")
RATINGS = (
    "rated_csat", "rated_stars", "rated_nps", "rated_ces", "rated_sentiment", "ratings_by_name", "ratings_of_earlier_touches",
    "ratings_of_the_own_touchpoint")
DEAD_LETTERS = (
    "dead_letters_too_large", "dead_letters_encoding", "dead_letters_malformed", "dead_letters_missing_field", "dead_letters_bad_value",
    "dead_letters_bad_time")
LAPSES = ("lapses", "returns", "lapses_late", "lapses_at_the_end", "lapses_without_touches", "lapse_paths_over_the_limit")
CONVERSIONS = (
    "conversions", "conversions_late", "conversions_of_negative_value", "conversions_without_a_path", "conversion_paths_over_the_limit",
    "conversion_paths_over_fifty", "touches_too_old_for_a_path", "markov_credits", "markov_without_interactions")
# Counted by the plan of each stream.
STREAMS = (
    "streams_of_thousands_of_customers", "streams_with_other_windows", "streams_with_other_limits", "streams_with_long_paths",
    "streams_with_other_lifecycles", "streams_with_the_default_lifecycle")

WANTED = EVENTS + RATINGS + DEAD_LETTERS + LAPSES + CONVERSIONS + STREAMS
THOUSANDS = 2_000


def table(total):
    """Lines to print: how often each was reached."""
    width = max(map(len, WANTED))
    return [f"{name:{width}} {total[name]:>9}" for name in WANTED]


def missing(total):
    return [name for name in WANTED if not total[name]]


def of_stream(counts, plan, map_text):
    """What one stream reached: what the oracle counted and what its plan says."""
    reached = Counter(counts)
    stages = map_text.partition("stages: ")[2].partition("\n")[0]
    reached["streams_of_thousands_of_customers"] += reached["customers"] >= THOUSANDS
    reached["streams_with_other_windows"] += any(setting.startswith("windows=") for setting in plan.settings)
    reached["streams_with_other_limits"] += any(not setting.startswith("windows=") for setting in plan.settings)
    reached["streams_with_long_paths"] += plan.long_paths
    reached["streams_with_other_lifecycles"] += bool(stages)
    reached["streams_with_the_default_lifecycle"] += not stages
    return reached
