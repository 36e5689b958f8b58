"""What operators do to findings, by the core that is up, or by this process while none is."""

import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from narrowgate_gateway.config import load
from narrowgate_gateway.control import Request
from narrowgate_gateway.control_client import NoCore, ask
from narrowgate_gateway.settings import Home, Settings
from narrowgate_gateway.stopped_core import held_pipeline
from narrowgate_gateway.ticks import clock_of
from narrowgate_ingest.operating import clear, shelve, unshelve
from narrowgate_ingest.pipeline import Pipeline
from narrowgate_ingest.shelving import Act, shelves
from narrowgate_rules import Shelf

_Said = Mapping[str, Any]


def operate(pipeline: Pipeline, request: Request, said: _Said, at_us: int) -> dict[str, Any]:
    """Do one of OPERATIONS with a pipeline that stands between two batches.

    Raises:
        ValueError: something is missing, or it cannot be done; says why.
        sqlite3.Error: nothing was changed.
    """
    act = Act(at_us, _text(said, "user"), _text(said, "reason"))
    return OPERATIONS[request](pipeline, said, act)


def act_on(home: Home, config: Path, request: Request, **said: Any) -> dict[str, Any]:
    """Have an operation done by the core that is up, or here while none is.

    Raises:
        AlreadyRunning: a core is starting or ending.
        ConfigFaults, RegistryFault, ValueError, duckdb.Error, sqlite3.Error: it cannot be done.
        CoreRefused: the core that is up did not do it.
        OSError: its socket may not be opened, or a file cannot be.
    """
    try:
        return ask(home.run, request, **said)
    except NoCore:
        settings = load(config) if config.exists() else Settings()
    with held_pipeline(settings, home) as pipeline:
        return operate(pipeline, request, said, clock_of(settings).now_us())


def shelves_now(home: Home, config: Path) -> list[dict[str, Any]]:
    """Give the shelves of a home that are in force.

    Raises:
        ConfigFaults: the configuration cannot be read.
        sqlite3.Error: the state cannot be read.
    """
    settings = load(config) if config.exists() else Settings()
    with closing(sqlite3.connect(f"{home.state.absolute().as_uri()}?mode=ro", uri=True)) as connection:
        return shelves(connection, clock_of(settings).now_us())


def _shelve(pipeline: Pipeline, said: _Said, act: Act) -> dict[str, Any]:
    until_us = act.at_us + round(_number(said, "for_s") * 1e6)
    shelf = Shelf(_text(said, "rule", ""), _text(said, "device", ""), until_us)
    return {"shelf": shelve(pipeline, shelf, act), "until_us": until_us}


def _unshelve(pipeline: Pipeline, said: _Said, act: Act) -> dict[str, Any]:
    unshelve(pipeline, round(_number(said, "shelf")), act)
    return {}


def _clear(pipeline: Pipeline, said: _Said, act: Act) -> dict[str, Any]:
    row = clear(pipeline, _text(said, "finding"), act)
    return {name: row[name] for name in ("finding", "version", "rule", "device", "cleared_at")}


OPERATIONS: dict[Request, Callable[[Pipeline, _Said, Act], dict[str, Any]]] = {
    Request.SHELVE: _shelve,
    Request.UNSHELVE: _unshelve,
    Request.CLEAR: _clear,
}


def _text(said: _Said, name: str, default: str | None = None) -> str:
    text = said.get(name, default)
    if not isinstance(text, str):
        raise ValueError(f"{name} is a text")
    return text


def _number(said: _Said, name: str) -> float:
    number = said.get(name)
    if isinstance(number, bool) or not isinstance(number, int | float) or not 0 < number < 1e10:
        raise ValueError(f"{name} is a number above 0")
    return float(number)
