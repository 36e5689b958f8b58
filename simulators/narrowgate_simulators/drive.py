"""How a city's event time passes on the wall: step by step, never faster than the gateway keeps up."""

import asyncio
from collections.abc import Callable
from typing import NamedTuple

from narrowgate_schema.clock import SteppedClock
from narrowgate_simulators.city import DEFAULT_STEP_S, City
from narrowgate_simulators.links import Link
from narrowgate_simulators.report import SentReport


class Progress(NamedTuple):
    """Where a drive stands after a step."""

    step: int
    """Steps done, from 1."""
    steps: int
    instant_us: int
    sent: int
    acked: int
    refused: int
    given_up: int


async def drive(
    city: City,
    link: Link,
    clock: SteppedClock | None = None,
    real_seconds: float | None = None,
    *,
    step_s: int = DEFAULT_STEP_S,
    progress: Callable[[Progress], None] | None = None,
) -> SentReport:
    """Let a city live through its span and give what became of its emissions.

    Each step moves the clock, sends what is due, waits until everything is settled, and rests until the wall
    has caught up. While a gateway is down the world stands, until the devices give up.

    Args:
        city: what is sent.
        link: an open link to the gateway.
        clock: the world's clock, if the gateway lives by it; None leaves the gateway to its own.
        real_seconds: how long the span takes on the wall at least [s]; None is as fast as answers come.
        step_s: length of a step in event time [s].
        progress: called after each step.

    Raises:
        ValueError: the clock stands after the span's first step, or an argument is out of range.
    """
    if real_seconds is not None and real_seconds < 0:
        raise ValueError(f"real_seconds: {real_seconds} is negative")
    loop, steps = asyncio.get_running_loop(), city.step_count(step_s)
    began_s = loop.time()
    for number, step in enumerate(city.steps(step_s), start=1):
        if clock is not None:
            clock.step_to(step.instant_us)
        await link.send(step.emissions)
        if progress is not None:
            progress(_standing(number, steps, step.instant_us, link.report))
        if real_seconds is not None:
            await asyncio.sleep(max(0.0, began_s + real_seconds * number / steps - loop.time()))
    return link.report


def _standing(step: int, steps: int, instant_us: int, report: SentReport) -> Progress:
    return Progress(step, steps, instant_us, report.sent, len(report.acked), report.refused, report.given_up)
