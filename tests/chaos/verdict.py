"""What came out of a disturbed run against what an undisturbed one makes of the same input."""

import collections
import struct

import harness

# Everything but the windows, which have a count of their own; and the dead letters' places, which nothing decides.
STREAMS = ("interactions", "transitions", "conversions", "alerts")
ABORTED_ENTRY = struct.Struct(">hqqqq")  # Kafka's index of aborted transactions: version, producer, first, last, stable


class Verdict:
    """Counts of what is wrong; examples of each."""

    def __init__(self, expected, actual):
        self.counts = collections.Counter()
        self.examples = collections.defaultdict(list)
        for topic in STREAMS:
            self._compare(topic, harness.by_key(expected[topic]), harness.by_key(actual[topic]))
        self._compare("dead-letters", letters(expected["dead-letters"]), letters(actual["dead-letters"]))
        self._compare_windows(harness.by_closing(harness.values(expected["windows"])),
                              harness.by_closing(harness.values(actual["windows"])))

    def _compare(self, topic, expected, actual):
        for key in expected.keys() | actual.keys():
            wanted, found = expected.get(key, []), actual.get(key, [])
            if wanted == found:
                continue
            wanted_counts, found_counts = collections.Counter(wanted), collections.Counter(found)
            for value, count in (wanted_counts - found_counts).items():
                self._note("lost", count, f"{topic}: {harness.shown(value)}")
            for value, count in (found_counts - wanted_counts).items():
                # What nobody expected comes of half a transaction, or of state that is wrong.
                self._note("twice" if value in wanted_counts else "torn", count, f"{topic}: {harness.shown(value)}")
            if wanted_counts == found_counts:
                self._note("torn", 1, f"{topic}: those of {key!r} are in another order")

    def _compare_windows(self, expected, actual):
        for key in expected.keys() | actual.keys():
            if expected.get(key, []) != actual.get(key, []):
                lines = harness.group_differences(key, expected.get(key, []), actual.get(key, []))
                self._note("differing windows", 1, "\n".join(lines))

    def _note(self, what, count, example):
        self.counts[what] += count
        if len(self.examples[what]) < 5:
            self.examples[what].append(example)


def letters(records):
    """The dead letters by the record that they were."""
    groups = collections.defaultdict(list)
    for record in records:
        headers = dict(record.headers)
        place = tuple(headers.pop(f"touchstone.{name}") for name in ("topic", "partition", "offset"))
        groups[place].append((record.key, record.value, tuple(sorted(headers.items()))))
    return dict(groups)


def aborted_transactions(kafka, prefix):
    """At least so many, by Kafka's own index of them. A transaction stands in the index of each partition that it wrote
    to, so for each producer that partition counts which has most."""
    most = collections.Counter()
    for index in (kafka.directory / "data").glob(f"{prefix}*/*.txnindex"):
        content = index.read_bytes()
        whole = content[:len(content) // ABORTED_ENTRY.size * ABORTED_ENTRY.size]
        producers = collections.Counter(entry[1] for entry in ABORTED_ENTRY.iter_unpack(whole))
        for producer, count in producers.items():
            most[producer] = max(most[producer], count)
    return sum(most.values())
