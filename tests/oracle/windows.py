"""The rolling windows of section 4, recomputed at each closing from the raw contributions to a cell.

A cell keeps its contributions as series sorted by time. A window closing at T takes the slice T-size <= time < T of each
series and works out every measure from that slice alone. The only thing kept from one closing to the next is the text of
a series whose slice is still the very same.
"""

from array import array
from bisect import bisect_left
from operator import itemgetter

import exact
import markov
import records
from credit import MODELS
from instant import instant_text
from touchpoint_map import ALL

SCOPES = ("touchpoint", "channel", "stage", "all")
NOTHING = '"interactions":0,"customers":0,"conversions":0,"value":0'


class Window:
    def __init__(self, size, step):
        self.name = size
        self.size = exact.parse_duration(size)
        self.step = exact.parse_duration(step)

    def first_close_after(self, time):
        """The first T strictly after `time`."""
        return (time // self.step + 1) * self.step


DEFAULT_WINDOWS = (Window("1m", "5s"), Window("5m", "15s"), Window("1h", "1m"), Window("24h", "10m"), Window("7d", "1h"))


# --- series and their measures ----------------------------------------------------------------------------------------

class Series:
    """Contributions of one sort: their times, and as many columns as the sort needs."""

    def __init__(self, width):
        self.times = []
        self.columns = tuple([] for _ in range(width))

    def add(self, time, *row):
        self.times.append(time)
        for column, value in zip(self.columns, row):
            column.append(value)

    def sort(self):
        if all(map(int.__le__, self.times, self.times[1:])):
            return
        order = sorted(range(len(self.times)), key=self.times.__getitem__)
        pick = itemgetter(*order)
        self.times = list(pick(self.times))
        self.columns = tuple(list(pick(column)) for column in self.columns)

    def bounds(self, start, end):
        low = bisect_left(self.times, start)
        return low, bisect_left(self.times, end, low)


def _interactions_text(series, low, high):
    customers, values, conversions = series.columns
    return (f'"interactions":{high - low},"customers":{len(set(customers[low:high]))},'
            f'"conversions":{sum(conversions[low:high])},"value":{exact.money_text(sum(values[low:high]))}')


def _mean_text(numbers):
    return f'"responses":{len(numbers)},"mean":{exact.units_text(exact.mean_units(sum(numbers), len(numbers)), exact.MEAN_PLACES)}'


def _satisfaction_text(series, low, high):
    millionths = series.columns[0][low:high]
    mean = exact.round_ratio(sum(millionths), len(millionths))
    return f'"satisfaction":{{"responses":{len(millionths)},"mean":{exact.units_text(mean, exact.MEAN_PLACES)}}}'


def _kind_text(kind):
    return lambda series, low, high: f'"{kind}":{{{_mean_text(series.columns[0][low:high])}}}'


def _nps_text(series, low, high):
    ratings = series.columns[0][low:high]
    promoters = sum(rating >= 9 for rating in ratings)
    detractors = sum(rating <= 6 for rating in ratings)
    score = exact.mean_units(100 * (promoters - detractors), len(ratings))
    return f'"nps":{{"responses":{len(ratings)},"score":{exact.units_text(score, exact.MEAN_PLACES)}}}'


def _seconds_text(name):
    def text(series, low, high):
        ordered = sorted(series.columns[0][low:high])
        percentiles = ",".join(f'"p{percent}":{exact.units_text(exact.nearest_rank(ordered, percent), exact.SECOND_PLACES)}'
                               for percent in (50, 90, 99))
        return f'"{name}":{{"count":{len(ordered)},{percentiles}}}'
    return text


def _stages_text(stages):
    def text(series, low, high):
        held = series.columns[0][low:high]
        counts = [(stage, held.count(stage)) for stage in stages]
        return '"stages":{' + ",".join(f'"{stage}":{count}' for stage, count in counts if count) + "}"
    return text


def _credit_text(models):
    def text(series, low, high):
        parts = []
        for model, (shares, money) in zip(models, _pairs(series.columns)):
            share, value = sum(shares[low:high]), money[low:high]
            if share or any(value):
                parts.append(f'"{model}":{{"conversions":{exact.units_text(share, exact.SHARE_PLACES)},'
                             f'"value":{exact.money_text(sum(value))}}}')
        return ",".join(parts)
    return text


def _markov_text(credits, touchpoint):
    if touchpoint not in credits:
        return ""
    share, value = credits[touchpoint]
    return (f'"{markov.NAME}":{{"conversions":{exact.units_text(share, exact.SHARE_PLACES)},'
            f'"value":{exact.money_text(value)}}}')


def _pairs(columns):
    return zip(columns[::2], columns[1::2])


# --- cells ------------------------------------------------------------------------------------------------------------

class Cell:
    def __init__(self, scope, identity, segment):
        self.scope, self.id, self.segment = scope, identity, segment
        self.series = {}

    @property
    def place(self):
        return SCOPES.index(self.scope), self.id.encode("utf-8"), self.segment.encode("utf-8")

    def named(self, name, width):
        if name not in self.series:
            self.series[name] = Series(width)
        return self.series[name]

    def all_times(self):
        return {time for series in self.series.values() for time in series.times}


class Cells:
    """Collects the contributions of the events that are not late."""

    def __init__(self, touchpoint_map, models):
        self._map = touchpoint_map
        self._models = [model for model in MODELS if model in models]
        self._cells = {}
        self.paths = {}

    def _eight(self, touchpoint, channel, stage, segment):
        for scope, identity in zip(SCOPES, (touchpoint, channel, stage, ALL)):
            yield self._cell(scope, identity, segment)
            yield self._cell(scope, identity, ALL)

    def _cell(self, scope, identity, segment):
        key = (scope, identity, segment)
        cell = self._cells.get(key)
        if cell is None:
            cell = self._cells[key] = Cell(*key)
        return cell

    def interaction(self, event, customer, touchpoint, channel, segment, stage):
        for cell in self._eight(touchpoint.id, channel, stage, segment):
            cell.named("interactions", 3).add(event.time, customer, event.value or 0, touchpoint.conversion)
            if event.wait is not None:
                cell.named("wait_s", 1).add(event.time, event.wait)
            if event.duration is not None:
                cell.named("duration_s", 1).add(event.time, event.duration)
            if cell.scope == "touchpoint":
                cell.named("stages", 1).add(event.time, stage)

    def rating(self, event, satisfaction, rated, segment, stage):
        touchpoint, channel = rated
        for cell in self._eight(touchpoint, channel, stage, segment):
            cell.named("satisfaction", 1).add(event.time, satisfaction)
            for kind, rating in event.ratings.items():
                cell.named(kind, 1).add(event.time, rating)

    def credit(self, time, segment, credits):
        for touchpoint in {touchpoint for by_touchpoint in credits.values() for touchpoint in by_touchpoint}:
            row = [part for model in self._models for part in credits[model].get(touchpoint, (0, 0))]
            for one in (segment, ALL):
                self._cell("touchpoint", touchpoint, one).named("credit", len(row)).add(time, *row)

    def path(self, time, segment, touchpoints, converted, value):
        """A path that ended, for markov. Each of its touchpoints may have credit by it, so each has a cell."""
        for one in (segment, ALL):
            self.paths.setdefault(one, markov.Paths()).add(time, touchpoints, converted, value)
            for touchpoint in touchpoints:
                self._cell("touchpoint", touchpoint, one)

    def in_order(self):
        """All cells in the order of rows, their series sorted by time."""
        cells = sorted(self._cells.values(), key=lambda cell: cell.place)
        for cell in cells:
            for series in cell.series.values():
                series.sort()
        return cells

    def describers(self):
        """What each series says of its slice, in the order of a row."""
        means = {kind: _kind_text(kind) for kind in records.RATING_KINDS}
        return {"interactions": _interactions_text, "satisfaction": _satisfaction_text, "csat": means["csat"],
                "stars": means["stars"], "nps": _nps_text, "ces": means["ces"], "sentiment": means["sentiment"],
                "wait_s": _seconds_text("wait_s"), "duration_s": _seconds_text("duration_s"),
                "stages": _stages_text(self._map.stages), "credit": _credit_text(self._models)}


class Part:
    """One series of a cell as one window sees it: its text is kept while its slice is the same."""

    __slots__ = ("name", "_series", "_describe", "_bounds", "_text")

    def __init__(self, name, series, describe):
        self.name, self._series, self._describe = name, series, describe
        self._bounds, self._text = None, ""

    def text_between(self, start, end):
        bounds = self._series.bounds(start, end)
        if bounds != self._bounds:
            self._bounds = bounds
            self._text = self._describe(self._series, *bounds) if bounds[0] < bounds[1] else ""
        return self._text


class CellInWindow:
    """One cell as one window sees it from closing to closing. `paths` only where markov is worked out."""

    def __init__(self, cell, describers, paths, reached):
        self._id = cell.id
        self._parts = [Part(name, cell.series[name], describe) for name, describe in describers.items() if name in cell.series]
        self._paths = paths
        self._reached = reached
        self._written = NOTHING

    def row_at(self, start, end):
        """The measures as text, if they differ from the row written before; else None."""
        measures = self._measures(start, end)
        if measures == self._written:
            return None
        self._written = measures
        return measures

    def _measures(self, start, end):
        texts = {part.name: part.text_between(start, end) for part in self._parts}
        interactions = texts.pop("interactions", "")
        credits = [texts.pop("credit", "")]
        if self._paths is not None:
            credits.append(self._markov(start, end, interactions))
        found = [interactions or NOTHING, *filter(None, texts.values())]
        if any(credits):
            found.append('"credit":{' + ",".join(filter(None, credits)) + "}")
        return ",".join(found)

    def _markov(self, start, end, interactions):
        text = _markov_text(self._paths.credit_between(start, end), self._id)
        self._reached["markov_credits"] += text != ""
        self._reached["markov_without_interactions"] += text != "" and not interactions
        return text


def closings_that_matter(window, times, last):
    """Every T up to `last` at which something enters (first T after it) or leaves (a size later)."""
    entering = {window.first_close_after(time) for time in times}
    return {end for end in entering.union(end + window.size for end in entering) if end <= last}


def write_windows(cells, windows, highest, write, markov_window, reached):
    """Writes all rows by end, then size, then the order of cells. `highest` is the highest event time of the input."""
    describers = cells.describers()
    ordered = cells.in_order()
    sized = sorted(windows, key=lambda window: window.size)
    paths = [[_paths_of(cells, cell) if window is markov_window else None for cell in ordered] for window in sized]
    seen = [[CellInWindow(cell, describers, ended, reached) for cell, ended in zip(ordered, of_window)] for of_window in paths]
    headers = [f'"scope":"{cell.scope}","id":"{cell.id}","segment":"{cell.segment}",' for cell in ordered]
    for visit in _visits(ordered, sized, paths, highest):
        rest, place = divmod(visit, len(ordered))
        end, which = divmod(rest, len(sized))
        window = sized[which]
        measures = seen[which][place].row_at(end - window.size, end)
        if measures is not None:
            write(f'{{"window":"{window.name}","start":"{instant_text(end - window.size)}","end":"{instant_text(end)}",'
                  f'{headers[place]}{measures}}}')


def _paths_of(cells, cell):
    """The paths whose ends may change markov's credit in the cell, or None."""
    paths = cells.paths.get(cell.segment)
    return paths if paths and cell.scope == "touchpoint" and cell.id in paths.touchpoints else None


def _visits(ordered, sized, paths, highest):
    """(end, window, cell) packed into one integer each, sorted: there may be tens of millions."""
    visits = array("q")
    for place, cell in enumerate(ordered):
        times = cell.all_times()
        for which, window in enumerate(sized):
            ended = paths[which][place].times if paths[which][place] else set()
            for end in closings_that_matter(window, times | ended, window.first_close_after(highest)):
                visits.append((end * len(sized) + which) * len(ordered) + place)
    return sorted(visits)
