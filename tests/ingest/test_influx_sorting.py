"""Refused points are told from written ones, whatever the server says of them, and nothing loops."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from influx_stand import meters, readings
from narrowgate_ingest.influx_answer import Answer, Outcome, Verdict, judge
from narrowgate_ingest.influx_points import Points, points_of
from narrowgate_ingest.influx_sorting import ENOUGH_DOUBTFUL, EndpointRefuses, write_around
from narrowgate_schema.words import Family

Words = Callable[[Points, list[int]], tuple[int, str]]
"""Says (status, JSON) of points of which those at some places are refused."""


def _all(n: int) -> Points:
    points, unfit = points_of({Family.WATER: meters(n, devices=max(n, 1))}, "us")
    assert len(unfit) == 0
    return points


class _Server:
    """Refuses the points of some frames and remembers what it wrote."""

    def __init__(
        self, bad: set[int], words: Words, *, writes_rest: bool = True, most_lines: int = 1 << 30
    ) -> None:
        self._bad, self._words = bad, words
        self._writes_rest, self._most_lines = writes_rest, most_lines
        self.written: set[int] = set()
        self.requests = 0
        self.lines = 0

    def send(self, points: Points) -> Verdict:
        """Answer a write."""
        self.requests += 1
        self.lines += len(points)
        assert len(points) > 0
        frames = points.rows["frame"].to_pylist()
        if len(points) > self._most_lines:
            return judge(Answer(413, {}, b""))
        places = [place for place, frame in enumerate(frames) if frame in self._bad]
        if not places or self._writes_rest:
            self.written |= set(frames) - self._bad
        if not places:
            return judge(Answer(204, {}, b""))
        status, body = self._words(points, places)
        return judge(Answer(status, {}, body.encode()))


def _beyond_retention(points: Points, places: list[int]) -> tuple[int, str]:
    return 400, f'{{"error":"partial write: points beyond retention policy dropped={len(places)}"}}'


_CONFLICT = (
    '{"message":"partial write: field type conflict: input field \\"volume_m3\\" on measurement \\"water\\" '
    'is type float, already exists as type integer dropped=N"}'
)


def _conflict(points: Points, places: list[int]) -> tuple[int, str]:
    return 422, _CONFLICT.replace("dropped=N", f"dropped={len(places)}")


def _one_shard_of_many(points: Points, places: list[int]) -> tuple[int, str]:
    return 400, _CONFLICT.replace("dropped=N", "dropped=1")


def _says_little(points: Points, places: list[int]) -> tuple[int, str]:
    return 400, '{"error":"partial write: max-values-per-tag limit exceeded dropped=1"}'


def _numbered(points: Points, places: list[int]) -> tuple[int, str]:
    data = ",".join(f'{{"line_number":{place + 1},"error_message":"no"}}' for place in places[:100])
    return 400, f'{{"error":"partial write of line protocol occurred","data":[{data}]}}'


def _first_quoted(points: Points, places: list[int]) -> tuple[int, str]:
    line = points.rows["line"][places[0]].as_py().strip().replace('"', '\\"')
    return 400, f'{{"code":"invalid","message":"unable to parse \'{line}\': invalid number"}}'


_SPEECHES = {
    "conflict": (_conflict, True),
    "one shard of many": (_one_shard_of_many, True),
    "says little": (_says_little, True),
    "numbered": (_numbered, True),
    "first quoted, nothing written": (_first_quoted, False),
    "says little, nothing written": (_says_little, False),
}


@given(
    st.integers(0, 200).flatmap(lambda n: st.tuples(st.just(n), st.sets(st.integers(0, max(n - 1, 0))))),
    st.sampled_from(sorted(_SPEECHES)),
    st.sampled_from([1 << 30, 30, 1]),
)
def test_exactly_the_refused_points_are_found(
    drawn: tuple[int, set[int]], speech: str, most_lines: int
) -> None:
    """Whichever points a server refuses, in whatever words: they are refused, all others written."""
    n, bad = drawn
    bad = bad if n else set()
    words, writes_rest = _SPEECHES[speech]
    server = _Server(bad, words, writes_rest=writes_rest, most_lines=most_lines)

    refused = write_around(_all(n), server.send)

    assert {frame for each in refused for frame in each.points.rows["frame"].to_pylist()} == bad
    assert server.written == set(range(n)) - bad


@given(st.integers(1, 300), st.integers(0, 300))
def test_points_outside_the_retention_cost_one_request_more(n: int, old: int) -> None:
    """The oldest are asked about once more, alone; no good point is sent twice."""
    old = min(n, old)
    server = _Server(set(range(old)), _beyond_retention)

    refused = write_around(_all(n), server.send)

    assert sum(len(each.points) for each in refused) == old
    assert server.requests <= 2
    assert server.lines <= n + old


def test_a_measurement_of_another_type_costs_one_request() -> None:
    """Where a shard refuses every point, nothing is halved."""
    server = _Server(set(range(1000)), _conflict)

    refused = write_around(_all(1000), server.send)

    assert len(refused[0].points) == 1000
    assert server.requests == 1


def test_named_lines_are_not_sent_again_nor_are_the_others() -> None:
    """A server that names its lines is asked once."""
    server = _Server({3, 500}, _numbered)

    refused = write_around(_all(1000), server.send)

    assert refused[0].points.rows["frame"].to_pylist() == [3, 500]
    assert server.lines == 1000


@pytest.mark.parametrize("bad", [{0}, {517}, {999}, {3, 4, 5}])
def test_a_server_that_says_little_is_asked_twice_a_halving(bad: set[int]) -> None:
    """Halving finds few bad points among many in a few dozen requests."""
    server = _Server(bad, _says_little)

    write_around(_all(1000), server.send)

    assert server.requests <= 1 + 2 * math.ceil(math.log2(1000)) * len(bad)


def test_a_batch_that_is_too_large_is_split() -> None:
    """413 means less at once, not less in all."""
    server = _Server(set(), _says_little, most_lines=100)

    refused = write_around(_all(1000), server.send)

    assert refused == []
    assert server.written == set(range(1000))


def test_one_line_that_is_too_large_is_refused() -> None:
    """A single line cannot be split."""
    server = _Server(set(), _says_little, most_lines=0)

    refused = write_around(_all(3), server.send)

    assert [len(each.points) for each in refused] == [1, 1, 1]


def _about_the_endpoint(points: Points, places: list[int]) -> tuple[int, str]:
    return 400, '{"error":"database is required"}'


def test_an_endpoint_that_refuses_everything_costs_no_reading() -> None:
    """Words that speak of no data, for every point: nothing is refused, somebody has to look."""
    server = _Server(set(range(1000)), _about_the_endpoint)

    with pytest.raises(EndpointRefuses, match="database is required"):
        write_around(_all(1000), server.send)

    assert server.requests < 3 * ENOUGH_DOUBTFUL


def test_unknown_words_for_one_point_of_many_refuse_that_point() -> None:
    """Once others were written, the endpoint is not what is wrong."""
    server = _Server({7}, _about_the_endpoint, writes_rest=False)

    refused = write_around(_all(100), server.send)

    assert [each.points.rows["frame"].to_pylist() for each in refused] == [[7]]
    assert refused[0].words == ["400 database is required"]


def test_points_of_all_families_come_in_the_order_of_their_frames() -> None:
    """One request carries what the frames brought, in their order."""
    lamps = readings(Family.LIGHTING, [{"device": f"l{i}", "time": i, "frame": i} for i in range(2, 7)])

    points, _ = points_of({Family.WATER: meters(5), Family.LIGHTING: lamps}, "us")

    assert points.rows["frame"].to_pylist() == [0, 1, 2, 2, 3, 3, 4, 4, 5, 6]
    assert bytes(points.body()) == "".join(points.rows["line"].to_pylist()).encode()


def test_a_part_of_the_points_has_its_own_body() -> None:
    """Halves and picked points are sent as they stand, without a copy of the rest."""
    points = _all(7)
    _, half = points.halves()
    picked = half.take(np.array([2, 0]))

    assert bytes(half.body()) == "".join(points.rows["line"].to_pylist()[3:]).encode()
    assert bytes(picked.body()) == "".join(points.rows["line"].to_pylist()[i] for i in (5, 3)).encode()


def test_no_points_have_an_empty_body() -> None:
    """Nothing at all is legal."""
    assert bytes(_all(0).body()) == b""
    assert write_around(_all(0), lambda points: Verdict(Outcome.FAILED)) == []
