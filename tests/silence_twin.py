"""Silence as its definition reads, arrival by arrival; and arrivals to hold it against."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby

from hypothesis import strategies as st

from rules_rows import MINUTE_US, MONDAY_US, Arrival, Row, Tick
from rules_twin import Version, sorted_versions

AWAY_US = 10 * MINUTE_US


@dataclass
class _Heard:
    """A device, by the series that speaks for it."""

    series: str
    newest_us: int = 0
    last_us: int = 0
    granted_us: int = 0
    due_us: int = 0
    open_us: int | None = None


@dataclass
class Silences:
    """The episodes of all devices."""

    limit_us: int
    devices: dict[str, _Heard] = field(default_factory=dict)
    said: list[tuple[int, Version]] = field(default_factory=list)
    now_us: int | None = None

    def hear(self, arrivals: Sequence[Arrival]) -> list[Version]:
        """Give what the definition says."""
        for frame, together in groupby(arrivals, key=lambda arrival: arrival.frame):
            rows = []
            for arrival in together:
                if isinstance(arrival, Tick):
                    self._pass(arrival.time_us, frame)
                else:
                    rows.append(arrival)
            self._hear_frame(rows, frame)
        return sorted_versions(self.said)

    def _hear_frame(self, rows: Sequence[Row], frame: int) -> None:
        for row in rows:
            self.devices.setdefault(row.device, _Heard(row.series))
        for row in sorted(rows, key=lambda row: row.time_us):
            device = self.devices[row.device]
            if row.series == device.series and row.time_us >= device.newest_us:
                self._hear_row(row, device, frame)
        for row in rows:
            device = self.devices[row.device]
            if row.series == device.series:
                device.newest_us = max(device.newest_us, row.time_us)

    def _hear_row(self, row: Row, device: _Heard, frame: int) -> None:
        if row.time_us <= device.last_us:
            return
        if device.open_us is not None:
            end_us = max(row.time_us, device.open_us)
            version = (row.device, 2, "cleared", device.open_us, end_us, frame)
            self.said.append((device.open_us, version))
            device.granted_us = max(device.granted_us, device.open_us + self.limit_us)
            device.open_us = None
        device.last_us = row.time_us
        device.due_us = max(row.time_us + self.limit_us, device.granted_us)

    def _pass(self, time_us: int, frame: int) -> None:
        is_back = self.now_us is None or time_us - self.now_us > AWAY_US
        self.now_us = time_us
        for name, device in self.devices.items():
            if device.open_us is not None or device.due_us > time_us:
                continue
            if is_back:
                device.granted_us = device.due_us = time_us + self.limit_us
            else:
                device.open_us = device.due_us
                self.said.append((device.due_us, (name, 1, "raised", device.due_us, None, frame)))


_TICKS = st.tuples(
    st.just("tick"), st.integers(1, 8), st.sampled_from([1, 5, 9, 10, 10, 10, 10, 11, 45]), st.just("")
)
_ROWS = st.tuples(
    st.sampled_from(["a", "a", "b"]),
    st.just(1),
    st.sampled_from([-60, -30, -20, -10, -5, 0, 0, 0, 1]),
    st.sampled_from(["", "", "", "x"]),
)
_JOINED = st.tuples(st.just("joined"), st.integers(1, 3), st.sampled_from([-10, 0, 1]), st.just(""))


def silent_devices(most: int = 60) -> st.SearchStrategy[list[Arrival]]:
    """Give runs of ticks, close together and far apart, with readings of now and of earlier between them."""
    return st.lists(st.one_of(_TICKS, _TICKS, _ROWS, _JOINED), max_size=most).map(_laid_out)


def _laid_out(parts: Sequence[tuple[str, int, int, str]]) -> list[Arrival]:
    now_us, frame, arrivals = MONDAY_US, 1, list[Arrival]()
    for who, count, minutes, series in parts:
        for n in range(count):
            frame += 3 * (who != "joined" or n == 0)
            now_us += minutes * MINUTE_US * (who == "tick")
            if who == "tick":
                arrivals.append(Tick(frame, now_us))
                continue
            name = "a" if who == "joined" else who
            at_us = now_us + (minutes + n * (who == "joined")) * MINUTE_US
            arrivals.append(Row(frame, name, at_us, {}, series))
    return arrivals
