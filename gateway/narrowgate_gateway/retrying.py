"""Who runs quarantined frames again: the core that is up, or this process while none is."""

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from narrowgate_gateway.config import load
from narrowgate_gateway.control import Request
from narrowgate_gateway.control_client import NoCore, ask
from narrowgate_gateway.control_errands import told
from narrowgate_gateway.replaying import finish_begun
from narrowgate_gateway.settings import Home
from narrowgate_gateway.stopped_core import held_pipeline
from narrowgate_gateway.ticks import clock_of
from narrowgate_ingest.retry import MOST_FRAMES, rehearse, retry

Retrier = Callable[[Sequence[int]], list[dict[str, Any]]]


def portions(frames: Iterable[tuple[str, int]], most: int = MOST_FRAMES) -> Iterator[list[int]]:
    """Cut frames into requests, those of a device together where that goes: rules see its course whole.

    Args:
        frames: (device, journal offset).
        most: frames of a request.
    """
    portion: list[int] = []
    for _, own in itertools.groupby(sorted(frames), key=lambda frame: frame[0]):
        offsets = [offset for _, offset in own]
        if portion and len(portion) + len(offsets) > most:
            yield portion
            portion = []
        portion += offsets
        while len(portion) >= most:
            yield portion[:most]
            portion = portion[most:]
    if portion:
        yield portion


@contextmanager
def retrier(home: Home, config: Path, *, is_meant: bool) -> Iterator[Retrier]:
    """Give what runs frames again and says what became, or would become, of each.

    Args:
        home: whose quarantine.
        config: read only where no core is up.
        is_meant: do it; otherwise only say.

    Raises:
        AlreadyRunning: a core is starting or ending.
        ConfigFaults, RegistryFault, ValueError, duckdb.Error, sqlite3.Error: the stores cannot be opened.
        CoreRefused: the core that is up did not do it.
        OSError: its socket may not be opened, or a file cannot be.
    """

    def by_core(frames: Sequence[int]) -> list[dict[str, Any]]:
        answer = ask(home.run, Request.RETRY, frames=list(frames), apply=is_meant)
        outcomes: list[dict[str, Any]] = answer["frames"]
        return outcomes

    if _is_up(by_core):
        yield by_core
        return
    settings = load(config)
    clock = clock_of(settings)
    with held_pipeline(settings, home) as pipeline:
        finish_begun(pipeline, home, settings)

        def here(frames: Sequence[int]) -> list[dict[str, Any]]:
            outcomes = retry(pipeline, frames, clock.now_us()) if is_meant else rehearse(pipeline, frames)
            return [told(outcome) for outcome in outcomes]

        yield here


def _is_up(by_core: Retrier) -> bool:
    try:
        by_core([])
    except NoCore:
        return False
    return True
