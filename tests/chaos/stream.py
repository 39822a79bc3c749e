"""The events of a chaos run: from a seed, the same ones every time, as many as the run takes. And what must come of them,
counted by rules of its own: one page of Python, which knows nothing of the engine."""

import collections
import json
import random
import subprocess
import sys
import threading
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "kafka"))
import harness  # noqa: E402  (found through the line above)

BEGIN = datetime(2026, 1, 5, tzinfo=timezone.utc)
SPEED = 10  # seconds of events in a second: windows close and customers lapse soon
LATENESS_MS = 10_000
REMEMBERED_IDS = 64
IDS_WITHIN_MS = 3_600_000
TYPES = (("search", 20), ("page_view", 34), ("store_visit", 8), ("purchase", 10), ("return", 3), ("call", 6),
         ("survey_response", 8), ("newsletter", 11))
CHANNELS = {"search": "web", "page_view": "web", "store_visit": "store", "purchase": "web", "return": "store",
            "call": "phone", "survey_response": "survey", "newsletter": "email"}
# One for each way to be wrong that fits into a stream of small records.
BAD = (b"\xff{", b"not json", b'["a list"]', b'{"customer":"nobody"}', b'{"type":"call","time":true}',
       b'{"type":"call","time":"yesterday"}', b'{"type":"call","time":"1999-12-31T23:59:59Z"}',
       b'{"type":"call","time":"2099-01-01T00:00:00Z"}', b'{"type":"call","value":"much"}')


def records(seed, rate):
    """Pairs of key and value without end, in the order in which they are sent."""
    chance = random.Random(f"events {seed}")
    recent = collections.deque(maxlen=400)
    for number in range(sys.maxsize):
        customer = customer_of(chance, number)
        kind = chance.random()
        if kind < 0.004:
            yield customer.encode(), None
        elif kind < 0.014:
            yield customer.encode(), chance.choice(BAD)
        elif kind < 0.034 and recent:
            yield chance.choice(recent)
        else:
            recent.append((customer.encode(), event(chance, number, customer, number * 1000 * SPEED // rate)))
            yield recent[-1]


def customer_of(chance, number):
    """Some come all the time; others are of a crowd that moves on, so that they lapse and new ones come."""
    if chance.random() < 0.2:
        return f"regular-{chance.randrange(40)}"
    return f"visitor-{number // 4000 * 300 + chance.randrange(900)}"


def event(chance, number, customer, now_ms):
    kind = chance.choices([name for name, _ in TYPES], [weight for _, weight in TYPES])[0]
    made = {"type": kind, "customer": customer, "id": f"e{number}", "channel": CHANNELS[kind],
            "time": rfc3339(now_ms - delay_ms(chance))}
    if chance.random() < 0.5:
        made["attributes"] = {"tier": chance.choice(["gold", "guest", "plain"])}
    if kind == "page_view":
        made.setdefault("attributes", {})["path"] = chance.choice(["/product/1", "/product/2", "/news"])
    if kind in ("purchase", "return"):
        made["value"] = chance.randrange(1, 20_000) / 100
    if kind in ("survey_response", "call") and chance.random() < 0.8:
        made["feedback"] = {"csat": chance.randrange(1, 6), "nps": chance.randrange(11)}
    if kind in ("call", "store_visit"):
        made["wait_s"] = chance.randrange(600)
    return json.dumps(made, separators=(",", ":")).encode()


def delay_ms(chance):
    """Most come nearly in order, some late."""
    kind = chance.random()
    if kind < 0.8:
        return chance.randrange(2_000)
    return chance.randrange(9_000) if kind < 0.97 else chance.randrange(15_000, 120_000)


def rfc3339(milliseconds):
    moment = BEGIN + timedelta(milliseconds=milliseconds)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03}Z"


def time_ms(text):
    return (datetime.fromisoformat(text) - BEGIN) // timedelta(milliseconds=1)


class Ledger:
    """What must come of the records of the input topic: counted one by one, each partition in its order."""

    def __init__(self, given):
        self.counts = collections.Counter()
        self.bad = []
        self._highest = {}
        self._ids = {}
        for record in given:
            self.counts["inputs"] += 1
            self.counts[self._kind(record)] += 1

    def _kind(self, record):
        if record.value is None:
            self._ids.pop(record.key, None)
            return "forgotten"
        if record.value in BAD:
            self.bad.append(record.value)
            return "dead letters"
        made = json.loads(record.value)
        now = time_ms(made["time"])
        late = now < self._highest.get(record.partition, now) - LATENESS_MS
        self._highest[record.partition] = max(now, self._highest.get(record.partition, now))
        known = self._ids.setdefault(record.key, collections.deque(maxlen=REMEMBERED_IDS))
        if any(made["id"] == each and abs(now - then) <= IDS_WITHIN_MS for each, then in known):
            return "duplicates"
        known.append((made["id"], now))
        self.counts["late"] += late
        return "applied"


class Feed:
    """Sends the stream at its rate until it is told to end; remembers what it sent."""

    SLICE_S = 0.05
    # Not idempotent: when Kafka is killed, librdkafka may find its sequence numbers wrong, and such a producer then ends.
    # One request at a time keeps the order. What is sent again is in the input topic twice, which is what counts.
    PROPERTIES = {"enable.idempotence": "false", "acks": "all", "max.in.flight": "1", "linger.ms": "5",
                  "retries": "2147483647", "message.timeout.ms": "0"}

    def __init__(self, kafka, topic, stream, rate):
        # Started here, in the main thread, with which it ends; fed by another one.
        options = [part for name, value in self.PROPERTIES.items() for part in ("-X", f"{name}={value}")]
        self.process = subprocess.Popen([*kafka.producer_arguments(topic), "-E", *options], stdin=subprocess.PIPE,
                                        preexec_fn=harness.die_with_parent)
        self.rate, self.sent = rate, []
        self._stream = iter(stream)
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._feed, daemon=True)
        self._thread.start()

    def _feed(self):
        due = time.monotonic()
        while not self._ending.is_set():
            part = [next(self._stream) for _ in range(max(1, int(self.rate * self.SLICE_S)))]
            self.process.stdin.write(b"".join(harness.framed(*record) for record in part))
            self.process.stdin.flush()
            self.sent += part
            due += self.SLICE_S
            # On a busy machine it falls behind; then it goes on from there, and does not make up for it.
            due = max(due, time.monotonic() - 1)
            time.sleep(max(0.0, due - time.monotonic()))
        self.process.stdin.close()

    def end(self):
        self._ending.set()
        self._thread.join(harness.RUN_SECONDS)
        code = self.process.wait(harness.COMMAND_SECONDS)
        if self._thread.is_alive() or code != 0:
            raise RuntimeError(f"the events could not be produced (kcat exited {code})")

    def stop(self):
        self._ending.set()
        self.process.kill()
        self.process.wait()


class LiveReader:
    """A reader of committed interactions beside the run: when did something new come, and how long did nothing?"""

    def __init__(self, kafka, topic):
        self.process = subprocess.Popen(
            ["kcat", "-q", "-u", "-E", "-C", "-b", kafka.address, "-t", topic, "-o", "beginning",
             "-X", "isolation.level=read_committed", "-X", "fetch.wait.max.ms=100", "-f", "%p\n"],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, preexec_fn=harness.die_with_parent)
        self.count = 0
        self.longest = 0.0             # seconds in which nothing at all came
        self.longest_of_one = 0.0      # seconds in which nothing came in one partition
        self._last, self._by_partition = None, {}
        self._silent_since = None      # Kafka is away on purpose: nothing can flow
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self):
        for line in self.process.stdout:
            now = time.monotonic()
            with self._lock:
                self.count += 1
                self.longest = max(self.longest, now - (self._last or now))
                self.longest_of_one = max(self.longest_of_one, now - self._by_partition.get(line, now))
                self._last = self._by_partition[line] = now

    def take_longest(self):
        """The longest time in which nothing came in one partition, up to now, since the last call."""
        with self._lock:
            now = time.monotonic()
            longest = max([self.longest_of_one, *(now - then for then in self._by_partition.values())])
            self.longest_of_one = 0.0
            return longest

    def input_stops(self):
        self._silent_since = time.monotonic()

    def input_flows(self):
        """The time since input_stops() counts as no pause: there was no input."""
        with self._lock:
            away, self._silent_since = time.monotonic() - self._silent_since, None
            now = time.monotonic()
            self._last = None if self._last is None else min(now, self._last + away)
            self._by_partition = {name: min(now, then + away) for name, then in self._by_partition.items()}

    def stop(self):
        self.process.kill()
        self.process.wait()
