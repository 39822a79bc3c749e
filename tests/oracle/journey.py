"""The steps of section 3 for each record of one partition, in the order of the log."""

import heapq
from collections import Counter, deque

import exact
import records
from credit import Touch, credit, path_of
from instant import instant_text
from touchpoint_map import LAPSED, OTHER
from written import json_object, quoted, json_array

MAX_SATISFACTION = exact.MILLION

# Of the windows there are by default; a time at an edge of the longest is at one of every window.
SHORTEST_STEP, LONGEST_STEP = 5_000, 3_600_000


class Settings:
    """The numbers of the contract that steer a journey; durations in milliseconds."""

    def __init__(self):
        self.lateness = 10_000
        self.duplicates_within = 3_600_000
        self.duplicates_ids = 64
        self.lookback = 30 * 86_400_000
        self.max_touches = 50
        self.rating_within = 7 * 86_400_000
        self.decay_half_life = 7 * 86_400_000


class Customer:
    """All that is held about a customer. A customer who was forgotten and came again is another one."""

    def __init__(self, identity, serial, settings):
        self.id = identity
        self.serial = serial
        self.stage = None
        self.lapsed = False
        self.highest = None
        self.last_touchpoint = None
        self.segment = None
        self.conversions = 0
        self.accepted = deque(maxlen=settings.duplicates_ids)
        self.rateable = []
        self.touches = []


class Counts:
    """The totals of a run, and in `reached` how often which corner of the contract was met (reached.py)."""

    def __init__(self):
        self.lines = self.interactions = self.duplicates = self.late = self.dead_letters = self.forgets = 0
        self.reached = Counter()

    @property
    def totals(self):
        return {name: count for name, count in vars(self).items() if name != "reached"}


def satisfaction_of(ratings):
    """The first rating present, brought to 0..1, in millionths; None without ratings."""
    for kind in records.RATING_KINDS:
        if kind in ratings:
            low, high = records.RATING_RANGE[kind]
            above = (ratings[kind] - low) * MAX_SATISFACTION
            return exact.round_ratio(above.numerator, above.denominator * (high - low))
    return None


class Journeys:
    """Feeds the topics (functions that take one line of JSON) and the cells of the windows."""

    def __init__(self, touchpoint_map, settings, models, topics, cells):
        self._map = touchpoint_map
        self._settings = settings
        self._models = models
        self._topics = topics
        self._cells = cells
        self._customers = {}
        self._serials = 0
        self._due = []
        self._watermark = None
        self.highest = None
        self.counts = Counts()
        self._reached = self.counts.reached

    # --- records ------------------------------------------------------------------------------------------------------

    def forget(self, customer):
        self.counts.forgets += 1
        self._reached["customers_forgotten"] += self._customers.pop(customer, None) is not None

    def event(self, event, source):
        late = self._watermark is not None and event.time < self._watermark
        self._reached["out_of_order"] += self.highest is not None and event.time < self.highest
        self._move_watermark(event.time)
        customer = self._customers.get(event.customer)
        if customer is None:
            customer = self._new_customer(event.customer)
        elif self._is_duplicate(customer, event):
            self.counts.duplicates += 1
            return
        if event.id is not None:
            self._reached["ids_accepted_again"] += any(accepted == event.id for accepted, _ in customer.accepted)
            customer.accepted.append((event.id, event.time))
        self._interact(customer, event, late, source)

    def end_of_input(self):
        if self.highest is not None:
            before = self._reached["lapses"]
            self._lapse_until(self.highest, self._watermark)
            self._reached["lapses_at_the_end"] += self._reached["lapses"] - before

    def _new_customer(self, identity):
        self._serials += 1
        self._reached["customers"] += 1
        customer = Customer(identity, self._serials, self._settings)
        self._customers[identity] = customer
        return customer

    def _is_duplicate(self, customer, event):
        return event.id is not None and any(
            accepted == event.id and abs(event.time - time) <= self._settings.duplicates_within
            for accepted, time in customer.accepted)

    # --- watermark and lapses -----------------------------------------------------------------------------------------

    def _move_watermark(self, time):
        before = self._watermark
        self.highest = time if self.highest is None else max(self.highest, time)
        self._watermark = self.highest - self._settings.lateness
        self._lapse_until(self._watermark, before)

    def _lapse_until(self, watermark, before):
        """`before` is the watermark as it stood before: a lapse older than that is late."""
        while self._due and self._due[0][0] <= watermark:
            due, _, _, customer = heapq.heappop(self._due)
            if self._still_due(customer, due):
                self._lapse(customer, due, late=before is not None and due < before)

    def _still_due(self, customer, due):
        """The heap keeps what was said at each event; only what the latest said still counts."""
        return (self._customers.get(customer.id) is customer and not customer.lapsed
                and customer.highest + self._map.lapse_after == due)

    def _lapse(self, customer, due, late):
        segment = customer.segment or OTHER
        path = customer.touches[-self._settings.max_touches:]
        if path and not late:
            self._cells.path(due, segment, tuple(touch.touchpoint for touch in path), False, 0)
        self._reached["lapses"] += 1
        self._reached["lapses_late"] += late
        self._reached["lapses_without_touches"] += not path
        self._reached["lapse_paths_over_the_limit"] += len(path) < len(customer.touches)
        customer.lapsed = True
        customer.touches = []
        self._transition(due, customer, segment, self._map.stages[customer.stage], LAPSED, customer.last_touchpoint)

    def _expect_lapse(self, customer):
        due = customer.highest + self._map.lapse_after
        heapq.heappush(self._due, (due, customer.id.encode("utf-8"), customer.serial, customer))

    # --- one accepted event -------------------------------------------------------------------------------------------

    def _interact(self, customer, event, late, source):
        touchpoint = self._map.touchpoint_of(event)
        channel = self._map.channel_of(event, touchpoint)
        segment = self._segment(customer, event)
        if touchpoint.conversion:
            customer.conversions += 1
        self._note_event(event, late)
        satisfaction = satisfaction_of(event.ratings)
        stage_before, stage = self._move(customer, event, touchpoint, segment, satisfaction)
        rated = None if satisfaction is None else self._rated(customer, event, touchpoint, channel)

        self._write_interaction(event, touchpoint, channel, segment, stage, stage_before, satisfaction, rated, late, source)
        if not late:
            self._cells.interaction(event, customer.serial, touchpoint, channel, segment, stage)
            if rated:
                self._cells.rating(event, satisfaction, rated, segment, stage)
        if touchpoint.conversion:
            self._convert(customer, event, touchpoint, segment, late)
        self._remember(customer, event, touchpoint, channel)

    def _note_event(self, event, late):
        for kind in event.ratings:
            self._reached["rated_" + kind] += 1
        self._reached["negative_values"] += (event.value or 0) < 0
        self._reached["times_at_an_edge"] += not late and event.time % LONGEST_STEP == 0
        self._reached["times_just_before_an_edge"] += not late and (event.time + 1) % LONGEST_STEP == 0
        self._reached["watermarks_at_an_edge"] += self._watermark % SHORTEST_STEP == 0

    def _segment(self, customer, event):
        own = self._map.segment_of(event)
        if own is not None:
            self._reached["segment_switches"] += customer.segment not in (None, own)
            customer.segment = own
        return customer.segment or OTHER

    def _move(self, customer, event, touchpoint, segment, satisfaction):
        """Makes the moves and their transitions; returns the names of the stage before (None at first) and after."""
        stages = self._map.stages
        is_first = customer.stage is None
        before = 0 if is_first else customer.stage
        after = self._stage_after(customer, event, touchpoint, before, satisfaction)
        if is_first:
            self._transition(event.time, customer, segment, None, stages[after], touchpoint.id)
        else:
            if customer.lapsed:
                self._reached["returns"] += 1
                self._transition(event.time, customer, segment, LAPSED, stages[before], touchpoint.id)
            if after != before:
                self._transition(event.time, customer, segment, stages[before], stages[after], touchpoint.id)
        customer.stage = after
        customer.lapsed = False
        return None if is_first else stages[before], stages[after]

    def _stage_after(self, customer, event, touchpoint, before, satisfaction):
        if not touchpoint.moves:
            return before
        known = dict(event.fields)
        known["customer.stage"] = self._map.stages[before]
        known["customer.conversions"] = customer.conversions
        if satisfaction is not None:
            known["satisfaction"] = exact.Fraction(satisfaction, MAX_SATISFACTION)
        for move in touchpoint.moves:
            if move.holds(known):
                return move.to if move.to > before or move.back else before
        return before

    def _rated(self, customer, event, touchpoint, channel):
        """(touchpoint id, channel) that the event's rating is about."""
        if event.about in self._map.touchpoints:
            self._reached["ratings_by_name"] += 1
            return event.about, self._map.touchpoints[event.about].channel or OTHER
        if touchpoint.feedback:
            for touch in reversed(customer.rateable):
                if event.time - touch.time <= self._settings.rating_within:
                    self._reached["ratings_of_earlier_touches"] += 1
                    return touch.touchpoint, touch.channel
        self._reached["ratings_of_the_own_touchpoint"] += 1
        return touchpoint.id, channel

    def _convert(self, customer, event, touchpoint, segment, late):
        path = path_of(customer.touches, event.time, self._settings.lookback, self._settings.max_touches)
        credits = {model: credit(model, path, touchpoint.id, event.time, event.value or 0, self._settings.decay_half_life)
                   for model in self._models}
        self._write_conversion(event, touchpoint, segment, path, credits)
        if not late:
            self._cells.credit(event.time, segment, credits)
            names = tuple(touch.touchpoint for touch in path) or (touchpoint.id,)
            self._cells.path(event.time, segment, names, True, event.value or 0)
        self._note_conversion(customer, event, path, late)
        customer.touches = []

    def _note_conversion(self, customer, event, path, late):
        young = sum(event.time - touch.time <= self._settings.lookback for touch in customer.touches)
        self._reached["conversions"] += 1
        self._reached["conversions_late"] += late
        self._reached["conversions_of_negative_value"] += (event.value or 0) < 0
        self._reached["conversions_without_a_path"] += not path
        self._reached["conversion_paths_over_the_limit"] += len(path) < young
        self._reached["conversion_paths_over_fifty"] += young > 50
        self._reached["touches_too_old_for_a_path"] += len(customer.touches) - young

    def _remember(self, customer, event, touchpoint, channel):
        touch = Touch(touchpoint.id, event.time, channel)
        if touchpoint.is_rateable:
            customer.rateable.append(touch)
        if touchpoint.is_touch:
            customer.touches.append(touch)
        customer.last_touchpoint = touchpoint.id
        customer.highest = event.time if customer.highest is None else max(customer.highest, event.time)
        self._expect_lapse(customer)

    # --- what is written ----------------------------------------------------------------------------------------------

    def _write_interaction(self, event, touchpoint, channel, segment, stage, stage_before, satisfaction, rated, late, source):
        self.counts.interactions += 1
        self.counts.late += late
        self._topics["interactions"](json_object((
            ("id", quoted(event.id)),
            ("time", quoted(instant_text(event.time))),
            ("customer", quoted(event.customer)),
            ("type", quoted(event.type)),
            ("channel", quoted(channel)),
            ("touchpoint", quoted(touchpoint.id)),
            ("segment", quoted(segment)),
            ("stage", quoted(stage)),
            ("stage_before", quoted(stage_before)),
            ("satisfaction", None if satisfaction is None else exact.units_text(satisfaction, exact.MEAN_PLACES)),
            ("rates", quoted(rated[0]) if rated else None),
            ("value", None if event.value is None else exact.money_text(event.value)),
            ("late", "true" if late else "false"),
            ("source", source))))

    def _transition(self, time, customer, segment, stage_from, stage_to, cause):
        self._topics["transitions"](json_object((
            ("time", quoted(instant_text(time))),
            ("customer", quoted(customer.id)),
            ("segment", quoted(segment)),
            ("from", quoted(stage_from)),
            ("to", quoted(stage_to)),
            ("cause", quoted(cause)))))

    def _write_conversion(self, event, touchpoint, segment, path, credits):
        touches = [json_object((("touchpoint", quoted(touch.touchpoint)), ("time", quoted(instant_text(touch.time))))) for touch in path]
        self._topics["conversions"](json_object((
            ("time", quoted(instant_text(event.time))),
            ("customer", quoted(event.customer)),
            ("segment", quoted(segment)),
            ("touchpoint", quoted(touchpoint.id)),
            ("value", None if event.value is None else exact.money_text(event.value)),
            ("path", json_array(touches)),
            ("credit", json_object((model, _shares_text(shares)) for model, shares in credits.items())))))


def _shares_text(shares):
    ordered = sorted(shares.items(), key=lambda item: item[0].encode("utf-8"))
    return json_object((touchpoint, exact.units_text(share, exact.SHARE_PLACES)) for touchpoint, (share, _) in ordered if share)
