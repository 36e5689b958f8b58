"""The demo's course: a gateway starts, a district lives, everything drains, and what came of it is told."""

import asyncio
import json
import time
from contextlib import suppress

import click

from narrowgate_gateway.demo_city import HOST, Gateway, Stage
from narrowgate_gateway.demo_screen import Screen
from narrowgate_gateway.demo_summary import count_now, summarise
from narrowgate_schema.words import Disposition
from narrowgate_simulators import CoapLink, SentReport, Target, Timing, Weather, drive

_S_PER_H = 2.5
_DRAIN_S = 4.0
_STANDSTILL_S = 60.0


async def play(stage: Stage, seconds: int | None, began_s: float) -> int:
    """Run gateway and district to the end and give the exit code.

    Args:
        stage: a district that is laid out.
        seconds: how long all of it is to take [s]; None stays until the user ends it.
        began_s: when the demo began (monotonic) [s].

    Raises:
        DemoTrouble: the gateway did not start.
    """
    gateway = Gateway(stage)
    try:
        await gateway.ready()
        report = await _live(stage, seconds, began_s)
        code = await asyncio.to_thread(gateway.stop)
    finally:
        gateway.kill()
    if report is None:
        return 0
    summary = summarise(stage.home, report, stage.city.truth)
    click.echo(json.dumps(summary.counts))
    objections = summary.objections + ([] if code == 0 else [f"the gateway ended with exit code {code}"])
    for objection in objections:
        click.echo(f"narrowgate demo: {objection}", err=True)
    return 1 if objections else 0


async def _live(stage: Stage, seconds: int | None, began_s: float) -> SentReport | None:
    """Let the district live and drain; None if the user ended a demo without end."""
    span_s = stage.city.span.hours * _S_PER_H
    if seconds is not None:
        span_s = max(0.0, seconds - (time.monotonic() - began_s) - _DRAIN_S)
    link = CoapLink(
        Target(HOST, stage.coap_port), timing=Timing(ack_timeout_s=0.5), weather=Weather(stage.seed)
    )
    with Screen(stage) as screen, suppress(asyncio.CancelledError):
        async with link:
            report = await drive(stage.city, link, stage.clock, span_s, progress=screen.show)
        await _drain(stage, screen)
        if seconds is not None:
            return report
        screen.say("The district has lived its days; the page stays up until Ctrl-C.")
        await asyncio.Event().wait()
    return None


async def _drain(stage: Stage, screen: Screen) -> None:
    """Wait until the core has come to every frame; give up when nothing moves for a minute."""
    last, since_s = -1, time.monotonic()
    while (waiting := count_now(stage.home).dispositions[Disposition.IN_FLIGHT]) > 0:
        if waiting != last:
            last, since_s = waiting, time.monotonic()
        elif time.monotonic() - since_s > _STANDSTILL_S:
            return
        screen.say(f"draining: {waiting} frames in flight")
        await asyncio.sleep(0.1)
