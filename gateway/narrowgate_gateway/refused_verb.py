"""`narrowgate quarantine` over readings that a further store refused: asked for here, sent by its thread.

The wish is written beside the readings, so it works without a core too: the next one fulfils it.
"""

import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import click

from narrowgate_gateway.instants import rfc3339
from narrowgate_gateway.quarantine_files import found
from narrowgate_gateway.settings import Home
from narrowgate_gateway.status import read_status

_STEP_S = 0.2
_SQL = (
    "SELECT store, frame, family, device, series, time, reason, detail FROM readings"
    " WHERE (?1 IS NULL OR device = ?1) AND (?2 IS NULL OR frame = ?2)"
    " ORDER BY number DESC LIMIT coalesce(?3, -1)"
)
_KEY = ("store", "family", "device", "series", "time")


def file_of(home: Path) -> Path:
    """Give the file that refused readings are noted in."""
    return Home(home).quarantine / "readings.db"


def refused_readings(
    home: Path, device: str | None = None, frame: int | None = None, limit: int | None = None
) -> Iterator[dict[str, Any]]:
    """Give readings that a further store refused as JSON objects, the newest first."""
    for row in found(file_of(home), _SQL, (device, frame, limit)):
        yield {**row, "time": rfc3339(row["time"])}


def send_again(
    home: Path, device: str | None, *, is_meant: bool, within_s: float
) -> Iterator[dict[str, Any]]:
    """Have refused readings sent again, and give each with its outcome.

    Args:
        home: whose.
        device: whose readings; None for everybody's.
        is_meant: do it; otherwise each is only said to be `waiting`.
        within_s: how long a running core is waited for [s].

    Returns:
        Readings with `outcome`: `sent`, `refused` with the server's newer words, or `waiting`.
    """
    meant = list(refused_readings(home, device))
    if not is_meant or not meant:
        yield from ({**row, "outcome": "waiting"} for row in meant)
        return
    _ask(home, device)
    waiting = _await_settled(home, meant, within_s)
    noted = {_key(row): row for row in refused_readings(home, device)}
    for row in meant:
        newer = noted.get(_key(row))
        if newer is None:
            yield {**row, "outcome": "sent"}
        else:
            yield {**newer, "outcome": "waiting" if _key(row) in waiting else "refused"}


def _ask(home: Path, device: str | None) -> None:
    from narrowgate_ingest.refused_readings import RefusedReadings

    path = file_of(home)
    try:
        refused = RefusedReadings(path.parent)
        with closing(refused):
            refused.ask_again(device)
    except (ValueError, sqlite3.Error) as error:
        raise click.ClickException(f"{path}: {error}") from None


def _await_settled(home: Path, meant: Sequence[dict[str, Any]], within_s: float) -> set[tuple[Any, ...]]:
    """Give the keys that nothing became of yet; they are waited for while a core is up."""
    give_up_s, pause = time.monotonic() + within_s, threading.Event()
    while True:
        waiting = _asked(home) & {_key(row) for row in meant}
        is_over = time.monotonic() > give_up_s or read_status(Home(home).run, "core") is None
        if not waiting or is_over:
            return waiting
        pause.wait(_STEP_S)


def _asked(home: Path) -> set[tuple[Any, ...]]:
    path = file_of(home)
    sql = f"SELECT {', '.join(_KEY)} FROM readings WHERE asked"  # noqa: S608 - names of ours
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
        return {(*rest, rfc3339(at_us)) for *rest, at_us in connection.execute(sql)}


def _key(row: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(row[name] for name in _KEY)
