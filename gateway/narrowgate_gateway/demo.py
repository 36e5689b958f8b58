"""The demo's course: a gateway starts, a district lives, everything drains, and what came of it is told."""

import asyncio
import json
import signal
import time
from collections.abc import Coroutine
from typing import Any

import click

from narrowgate_gateway.demo_city import Gateway, Stage
from narrowgate_gateway.demo_link import demo_link
from narrowgate_gateway.demo_screen import Screen
from narrowgate_gateway.demo_summary import count_now, summarise
from narrowgate_schema.words import Disposition
from narrowgate_simulators import SentReport, drive

_S_PER_H = 2.5
_END_S = 2.0
"""What draining, ending and counting take on a machine at rest [s]."""
_STANDSTILL_S = 60.0


async def play(stage: Stage, seconds: int | None, began_s: float) -> int:
    """Run gateway and district to the end and give the exit code.

    Args:
        stage: a district that is laid out.
        seconds: how long all of it is to take [s]; None stays until the user ends it.
        began_s: when the demo began (monotonic) [s].

    Raises:
        DemoTrouble: the gateway did not start, or ended on its own.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    gateway = Gateway(stage)
    try:
        report = await _unless(stop, gateway, _course(stage, gateway, seconds, began_s))
        stop.clear()
        code = await _end(stop, gateway)
    finally:
        gateway.kill()
    if report is None:
        return _interrupted(seconds)
    return _tell(stage, report, code)


async def _course(stage: Stage, gateway: Gateway, seconds: int | None, began_s: float) -> SentReport:
    await gateway.ready()
    span_s = stage.city.span.hours * _S_PER_H
    if seconds is not None:
        span_s = max(0.0, seconds - (time.monotonic() - began_s) - _END_S)
    with Screen(stage) as screen:
        async with demo_link(stage) as link:
            report = await drive(stage.city, link, stage.clock, span_s, progress=screen.show)
        await _drain(stage, screen, report)
        if seconds is None:
            screen.say("The district has lived its days; the page stays up until Ctrl-C.")
            await asyncio.Event().wait()
    return report


async def _unless(
    stop: asyncio.Event, gateway: Gateway, course: Coroutine[Any, Any, SentReport]
) -> SentReport | None:
    """Follow the course; None if the user ends it before its end."""
    following = asyncio.create_task(course)
    others = [asyncio.create_task(stop.wait()), asyncio.create_task(gateway.gone())]
    done, left = await asyncio.wait([following, *others], return_when=asyncio.FIRST_COMPLETED)
    if following in left:
        # What the devices' links are cut off in the middle of is nobody's news.
        asyncio.get_running_loop().set_exception_handler(lambda _, __: None)
    for task in left:
        task.cancel()
    await asyncio.wait(left)
    for task in done - {following}:
        task.result()
    return following.result() if following in done else None


async def _end(stop: asyncio.Event, gateway: Gateway) -> int:
    """End the gateway gracefully; at once if the user asks a second time."""
    ending = asyncio.create_task(asyncio.to_thread(gateway.stop))
    hurrying = asyncio.create_task(stop.wait())
    await asyncio.wait([ending, hurrying], return_when=asyncio.FIRST_COMPLETED)
    if hurrying.done():
        gateway.process.kill()
    hurrying.cancel()
    return await ending


def _interrupted(seconds: int | None) -> int:
    """Give the exit code of a demo that the user ended: right for one without end, too early for another."""
    if seconds is None:
        return 0
    click.echo("narrowgate demo: ended before its time, so nothing was counted", err=True)
    return 1


def _tell(stage: Stage, report: SentReport, code: int) -> int:
    """Print the summary, and what is not as it must be; give the exit code."""
    summary = summarise(stage.home, report, stage.city.truth, stage.mqtt_acks)
    click.echo(json.dumps(summary.counts))
    objections = summary.objections + ([] if code == 0 else [f"the gateway ended with exit code {code}"])
    for objection in objections:
        click.echo(f"narrowgate demo: {objection}", err=True)
    return 1 if objections else 0


async def _drain(stage: Stage, screen: Screen, sent: SentReport) -> None:
    """Wait until the core has come to every acknowledged frame; give up when nothing moves for a minute."""
    last, since_s = -1, time.monotonic()
    while (waiting := _waiting(stage, sent)) > 0:
        if waiting != last:
            last, since_s = waiting, time.monotonic()
        elif time.monotonic() - since_s > _STANDSTILL_S:
            return
        screen.say(f"draining: {waiting} frames in flight")
        await asyncio.sleep(0.1)


def _waiting(stage: Stage, sent: SentReport) -> int:
    """Count the frames that devices saw acknowledged, by the gateway or by the broker, and nobody settled."""
    ledger = count_now(stage.home)
    settled = ledger.kept - ledger.dispositions[Disposition.IN_FLIGHT]
    return max(len(sent.acked) - settled, ledger.dispositions[Disposition.IN_FLIGHT])
