"""What the desk is told at one tick: groups, then whose cases join them, then who waited long enough."""

import json
from typing import Any

import numpy as np

from narrowgate_rules.causes.explaining import NOBODY, Explaining
from narrowgate_rules.causes.ledger import HELD, JOINED, TOLD, Ledger
from narrowgate_rules.causes.setting import Setting
from narrowgate_rules.causes.shelves import is_shelved
from narrowgate_rules.columns import Indices, Mask
from narrowgate_schema.words import FindingState

_KEY = ("since_us", "raised_at", "series", "device", "rule")
"""What rows of one tick are ordered by, the last one first: not by the order in which they came."""


def release(
    said: Explaining, setting: Setting, moved: Indices, now_us: int, frame: int
) -> list[dict[str, Any]]:
    """Release what is due, and give what the desk is told.

    Args:
        said: who is explained by whom.
        setting: thresholds and shelves.
        moved: rows of groups that have a new version.
        now_us: the tick [us].
        frame: its journal offset.
    """
    ledger = said.ledger
    is_group = ledger["level"] != NOBODY
    due = _due(said, setting, now_us)
    ledger["standing"][due] = TOLD
    tells = (is_group & due) | (_marked(len(ledger), moved) & (ledger["known"] == 1))
    ledger["known"][due] = 1
    groups = _ordered(ledger, np.flatnonzero(tells))
    joins = _ordered(ledger, _joining(ledger, is_group))
    ledger["standing"][joins] = JOINED
    alone = _ordered(ledger, np.flatnonzero(due & ~is_group))
    return [
        *ledger.findings(groups, frame=[frame] * len(groups)),
        *_inhibited(ledger, joins, frame),
        *ledger.findings(alone, frame=[frame] * len(alone)),
    ]


def _due(said: Explaining, setting: Setting, now_us: int) -> Mask:
    """Mark the rows that are released now."""
    ledger = said.ledger
    held = ledger.is_open & (ledger["standing"] == HELD) & (said.owner == NOBODY)
    held &= np.maximum(ledger["release_us"], ledger["quiet_us"]) <= now_us
    since_us = np.maximum(ledger["raised_at"], ledger["moved_us"])
    held &= ~said.waits | (since_us + ledger["every_us"] <= now_us)
    due: Mask = held & ~is_shelved(ledger, setting.shelves, now_us)
    return due


def _joining(ledger: Ledger, is_group: Mask) -> Indices:
    """Give the rows that the desk knows and that a group explains that it knows as well."""
    own = np.flatnonzero(~is_group & ledger.is_open & (ledger["by"] != "") & (ledger["standing"] == TOLD))
    group = ledger.places(ledger["by"][own].tolist())
    joining: Indices = own[(group >= 0) & (ledger["known"][group] == 1)]
    return joining


def _inhibited(ledger: Ledger, row: Indices, frame: int) -> list[dict[str, Any]]:
    evidence = [
        json.dumps({**json.loads(text), "inhibited_by": by}, sort_keys=True)
        for text, by in zip(ledger["evidence"][row].tolist(), ledger["by"][row].tolist(), strict=True)
    ]
    state = [FindingState.INHIBITED.value] * len(row)
    return ledger.findings(row, frame=[frame] * len(row), evidence=evidence, state=state)


def _marked(count: int, row: Indices) -> Mask:
    marked = np.zeros(count, np.bool_)
    marked[row] = True
    return marked


def _ordered(ledger: Ledger, row: Indices) -> Indices:
    """Give rows in an order that arrival does not change: by level and name, then by time."""
    keys = [np.array(ledger[name][row].tolist()) for name in _KEY] if len(row) else []
    place = np.lexsort((*keys, ledger["level"][row])) if len(row) else row
    ordered: Indices = row[place]
    return ordered
