"""Clocks: the host's, whose jumps are seen before they are believed, and a world's, which steps."""

import time
from pathlib import Path

import pytest

from narrowgate_schema.clock import SteppedClock, SystemClock

START_US = 1_767_225_600_000_000
SECOND_US = 1_000_000


class Host:
    """A host whose clock and monotonic clock a test moves."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Stand in for the host's clocks."""
        self.wall_us = START_US
        self.monotonic_us = 5 * SECOND_US
        monkeypatch.setattr(time, "time_ns", lambda: self.wall_us * 1000)
        monkeypatch.setattr(time, "monotonic_ns", lambda: self.monotonic_us * 1000)

    def live(self, us: int, *, jump_us: int = 0) -> None:
        """Let time pass, and the host's clock jump besides."""
        self.monotonic_us += us
        self.wall_us += us + jump_us


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> Host:
    """Give a host."""
    return Host(monkeypatch)


def test_time_passes_with_the_host(host: Host) -> None:
    """Without drift the clock says what the host says."""
    clock = SystemClock()
    host.live(90 * SECOND_US)

    assert clock.now_us() == host.wall_us


def test_a_jump_is_not_believed_before_it_is_seen_twice(host: Host) -> None:
    """An hour's jump leaves the clock steady at its first sighting and is followed at its second."""
    clock = SystemClock()
    host.live(SECOND_US, jump_us=3600 * SECOND_US)
    jumps_s, behind_us = [clock.settle()], [host.wall_us - clock.now_us()]
    host.live(5 * SECOND_US)
    jumps_s.append(clock.settle())
    behind_us.append(host.wall_us - clock.now_us())

    assert jumps_s == [3600.0, 3600.0]
    assert behind_us == [3600 * SECOND_US, 0]


def test_a_jump_back_is_told_with_its_sign(host: Host) -> None:
    """A clock set back is told as a negative jump."""
    clock = SystemClock()
    host.live(SECOND_US, jump_us=-120 * SECOND_US)

    assert clock.settle() == -120.0


def test_a_jump_that_is_taken_back_leaves_no_trace(host: Host) -> None:
    """A clock that jumps and jumps back is never followed."""
    clock = SystemClock()
    host.live(SECOND_US, jump_us=3600 * SECOND_US)
    clock.settle()
    host.live(SECOND_US, jump_us=-3600 * SECOND_US)

    assert (clock.settle(), clock.now_us()) == (0.0, host.wall_us)


def test_two_different_jumps_are_two_first_sightings(host: Host) -> None:
    """A clock that goes on jumping is not followed while no two looks agree."""
    clock = SystemClock()
    told_us = []
    for _ in range(3):
        host.live(SECOND_US, jump_us=100 * SECOND_US)
        clock.settle()
        told_us.append(clock.now_us())

    assert told_us == [START_US + n * SECOND_US for n in (1, 2, 3)]


@pytest.mark.parametrize("drift_us", [-1_000_000, -1, 0, 1, 1_000_000])
def test_small_drift_is_followed_at_once(host: Host, drift_us: int) -> None:
    """Up to a second of drift is no jump."""
    clock = SystemClock()
    host.live(60 * SECOND_US, jump_us=drift_us)

    assert (clock.settle(), clock.now_us()) == (0.0, host.wall_us)


def test_a_worlds_clock_stands_until_it_is_moved(tmp_path: Path) -> None:
    """A stepped clock says the same instant until the next step."""
    clock = SteppedClock.create(tmp_path / "clock", START_US)
    before = clock.now_us()
    clock.step_to(START_US + 300 * SECOND_US)

    assert (before, clock.now_us()) == (START_US, START_US + 300 * SECOND_US)


def test_all_that_map_a_page_stand_at_one_instant(tmp_path: Path) -> None:
    """Whoever else maps the page sees each step at once."""
    clock = SteppedClock.create(tmp_path / "clock", START_US)
    other = SteppedClock(tmp_path / "clock")
    clock.step_to(START_US + 1)

    assert other.now_us() == START_US + 1


def test_a_world_moves_forward_only(tmp_path: Path) -> None:
    """A step into the past is refused, and the clock stays."""
    clock = SteppedClock.create(tmp_path / "clock", START_US)

    with pytest.raises(ValueError, match="forward only"):
        clock.step_to(START_US - 1)
    assert clock.now_us() == START_US


def test_a_step_to_the_same_instant_is_none(tmp_path: Path) -> None:
    """A world may stand."""
    clock = SteppedClock.create(tmp_path / "clock", START_US)
    clock.step_to(START_US)

    assert clock.now_us() == START_US


def test_a_missing_page_is_an_error(tmp_path: Path) -> None:
    """A page that is not there cannot be mapped."""
    with pytest.raises(FileNotFoundError):
        SteppedClock(tmp_path / "none")


def test_a_page_that_is_cut_is_an_error(tmp_path: Path) -> None:
    """A page without a whole instant cannot be mapped."""
    (tmp_path / "clock").write_bytes(b"abc")

    with pytest.raises(ValueError, match="greater than file size"):
        SteppedClock(tmp_path / "clock")
