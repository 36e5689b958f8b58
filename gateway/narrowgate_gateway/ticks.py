"""The gateway's clock, and its passing as the journal keeps it."""

import asyncio
from pathlib import Path

import pyarrow as pa

from narrowgate_gateway.door import Keeper
from narrowgate_gateway.settings import Settings
from narrowgate_ingest.records import Kind, on_disk_schema
from narrowgate_schema.clock import Clock, SteppedClock, SystemClock

_EARLIEST_BELIEVED_US = 1_735_689_600_000_000
"""2025-01-01: a host clock before it was never set."""


def clock_of(settings: Settings) -> Clock:
    """Give the clock that a configuration asks for.

    Raises:
        OSError: its page cannot be opened.
        ValueError: its page is none.
    """
    page = settings.clock.page
    if not page:
        return SystemClock()
    try:
        return SteppedClock(Path(page))
    except ValueError:
        raise ValueError(f"{page} (clock.page): no page of a stepped clock") from None


async def keep_ticking(keeper: Keeper, clock: Clock, every_s: float) -> None:
    """Journal the passing of time until cancelled; a tick that cannot be kept is made up by the next."""
    while True:
        await keeper.keep(Kind.TICKS, tick(clock))
        await asyncio.sleep(every_s)


def tick(clock: Clock) -> pa.RecordBatch:
    """Give one tick of a clock, which takes the host's time over on this occasion."""
    jump_s = clock.settle() if isinstance(clock, SystemClock) else 0.0
    now_us = clock.now_us()
    columns = {"time": [now_us], "jump_s": [jump_s], "synchronised": [now_us >= _EARLIEST_BELIEVED_US]}
    schema = on_disk_schema(Kind.TICKS)
    return pa.record_batch([pa.array(columns[f.name], f.type) for f in schema], schema=schema)
