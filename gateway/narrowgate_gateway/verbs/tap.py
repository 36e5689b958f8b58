"""`narrowgate tap`: a live view of frames and readings as they pass."""

import json
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from narrowgate_gateway.options import config_option, home_option
from narrowgate_schema.families import DECLARED

if TYPE_CHECKING:
    import pyarrow as pa

    from narrowgate_ingest.tail import Tail

_ROWS = 4096


@click.command()
@home_option
@config_option
@click.option("--device", help="Only frames of this device.")
@click.option(
    "--family",
    type=click.Choice(tuple(DECLARED)),
    help="Only frames of devices of this family.",
)
@click.option("--raw", is_flag=True, help="Frames as they came in, in hex, not decoded.")
@click.option("--last", type=click.IntRange(min=0), default=0, help="Begin so many journal rows back.")
@click.option("--once", is_flag=True, help="End where the journal ends now.")
def command(
    home: Path, config: Path, device: str | None, family: str | None, raw: bool, last: int, once: bool
) -> None:
    """Show frames as they are kept, with their readings: a line of JSON each, until Ctrl-C.

    Reads the journal beside the gateway and disturbs nothing: what is shown here is decoded here, before or
    after the core comes to it.

    \b
    Example:
      narrowgate tap --device water-0001
      narrowgate tap --family parking --last 1000 --once
    """  # noqa: D301 - click's mark for lines as they stand is a control character
    with _interrupted() as stop:
        for line in _lines(home, config, device, family, stop, raw=raw, last=last, once=once):
            click.echo(json.dumps(line, ensure_ascii=False))
            if stop.is_set():
                return


class _Stop:
    """Whether it is to end; a signal's handler may say so at any instant.

    No threading.Event: its lock is not to be had by a handler that runs amid its own thread's wait.
    """

    def __init__(self) -> None:
        self._is_set = False

    def set(self) -> None:
        """Say that it is to end."""
        self._is_set = True

    def is_set(self) -> bool:
        """Say whether it is to end."""
        return self._is_set


@contextmanager
def _interrupted() -> Iterator[_Stop]:
    """Give what Ctrl-C sets.

    An exception would be lost where nobody can catch it, in a destructor or a library's callback.
    """
    stop = _Stop()
    before = signal.signal(signal.SIGINT, lambda *_: stop.set())
    try:
        yield stop
    finally:
        signal.signal(signal.SIGINT, before)


def _lines(
    home: Path,
    config: Path,
    device: str | None,
    family: str | None,
    stop: _Stop,
    *,
    raw: bool,
    last: int,
    once: bool,
) -> Iterator[dict[str, Any]]:
    from narrowgate_fleet import FleetReader, RegistryFault, seal_of
    from narrowgate_gateway.config import ConfigFaults, load
    from narrowgate_gateway.settings import Home, Settings
    from narrowgate_gateway.tapping import Tap
    from narrowgate_ingest.tail import Tail

    place = Home(home)
    if not place.journal.is_dir():
        raise click.ClickException(f"{place.journal}: not there: no gateway ran in this home yet")
    try:
        settings = load(config) if config.exists() else Settings()
        tap = Tap(FleetReader(place.registry, seal_of(os.environ)), settings.zone, device, family, raw=raw)
        for uplinks in _uplinks(Tail(place.journal), last, stop, once=once):
            yield from tap.told(uplinks)
    except (ConfigFaults, RegistryFault, ValueError) as error:
        raise click.ClickException(str(error)) from None


def _uplinks(tail: "Tail", last: int, stop: _Stop, *, once: bool) -> "Iterator[pa.RecordBatch]":
    """Give the journal's frames from its end, or some rows before, as they come."""
    from narrowgate_ingest.records import Kind

    mark = tail.mark()
    end = mark.end if mark is not None else 0
    offset = max(tail.start(), end - last)
    while not stop.is_set():
        chunk = tail.read(offset, _ROWS)
        yield from (batch for kind, batch in chunk.records if kind is Kind.UPLINKS)
        if once and chunk.next_offset >= end:
            return
        if chunk.next_offset == offset:
            # The mark is looked at instead of being woken: the writer need not know who looks on.
            time.sleep(0.2)
        offset = chunk.next_offset
