"""Takes in what rules said: new episodes and new versions of those that are known.

What no group could explain, what does not flap and lies on no shelf goes to the desk at once, and so does
what the desk knows already; the rest waits.
"""

import json
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from narrowgate_rules.causes.ledger import HELD, TOLD, Ledger
from narrowgate_rules.causes.outages import counted
from narrowgate_rules.causes.places import NOWHERE, Level
from narrowgate_rules.causes.setting import Setting
from narrowgate_rules.causes.shelves import is_shelved
from narrowgate_rules.columns import BEFORE_US, NEVER_US, FleetColumns, Indices, Instants, Mask
from narrowgate_schema.words import GroupLevel, Severity

_SILENT = "silent_s"
_FOLLOWS = ("asset", "cleared_at", "evidence", "frame", "raised_at", "severity", "state", "version")


def entered(
    ledger: Ledger,
    findings: pa.RecordBatch,
    setting: Setting,
    fleet: FleetColumns,
    levels: dict[GroupLevel, Level],
    now_us: int,
) -> tuple[Ledger, list[dict[str, Any]]]:
    """Take in rows of FINDINGS; give the ledger and what the desk is told at once, in the rows' order."""
    new = Ledger.of(findings)
    told: list[tuple[int, dict[str, Any]]] = []
    for row in _rounds(new.kinds()):
        part = new.of_rows(row)
        place = ledger.places(part["finding"].tolist())
        is_known = place >= 0
        _follow(ledger, place[is_known], part.of_rows(is_known))
        told += _passed(ledger, place[is_known], row[is_known])
        begins = part.of_rows(~is_known)
        ledger, passed = _begun(ledger, begins, setting, fleet, levels, now_us)
        told += zip(row[~is_known][passed].tolist(), begins.findings(passed), strict=True)
    told.sort(key=lambda one: one[0])
    return ledger, [each for _, each in told]


def _rounds(kind: Indices) -> Sequence[Indices]:
    """Give rows in rounds: each has one row of a kind at most, earlier ones first."""
    order = np.argsort(kind, kind="stable")
    first = np.flatnonzero(np.diff(kind[order], prepend=-1) != 0)
    rank = np.empty(len(kind), np.intp)
    rank[order] = np.arange(len(kind)) - np.repeat(first, np.diff(first, append=len(kind)))
    return [np.flatnonzero(rank == turn) for turn in range(int(rank.max(initial=-1)) + 1)]


def _follow(ledger: Ledger, place: Indices, part: Ledger) -> None:
    """Let known episodes stand as their new versions say."""
    for name in _FOLLOWS:
        ledger[name][place] = part[name]


def _passed(ledger: Ledger, place: Indices, row: Indices) -> list[tuple[int, dict[str, Any]]]:
    """Give the new versions that the desk is told: of what it knows, and of what has come to be safety."""
    urgent = ledger.is_open[place] & (ledger["severity"][place] == Severity.SAFETY.value)
    ledger["standing"][place[urgent]] = TOLD
    ledger["known"][place[urgent]] = 1
    tells = np.flatnonzero(ledger["known"][place] == 1)
    return list(zip(row[tells].tolist(), ledger.findings(place[tells]), strict=True))


def _begun(
    ledger: Ledger,
    begins: Ledger,
    setting: Setting,
    fleet: FleetColumns,
    levels: dict[GroupLevel, Level],
    now_us: int,
) -> tuple[Ledger, Indices]:
    """Take in episodes that are not known; give which of them the desk is told at once."""
    if not len(begins):
        return ledger, np.empty(0, np.intp)
    slot = fleet.slots(begins["device"].tolist())
    may_be_explained = _may_be_explained(begins, slot, setting, levels)
    _lay_spans(begins, slot, setting, fleet)
    _pace(ledger, begins, setting, may_be_explained)
    goes_on = begins["version"] > 1
    at_once = (begins["release_us"] <= begins["raised_at"]) & (begins["quiet_us"] == BEFORE_US)
    at_once &= ~may_be_explained & ~is_shelved(begins, setting.shelves, now_us)
    passed = np.flatnonzero(at_once | goes_on | (begins["severity"] == Severity.SAFETY.value))
    begins["standing"][:] = HELD
    begins["standing"][passed] = TOLD
    begins["known"][passed] = 1
    # Of what was over before it was heard of nothing is left to wait for.
    return ledger.joined(begins.of_rows(begins.is_open | ~goes_on)), passed


def _may_be_explained(
    begins: Ledger, slot: NDArray[np.int32], setting: Setting, levels: dict[GroupLevel, Level]
) -> Mask:
    found = np.zeros(len(begins), np.bool_)
    for group in setting.groups:
        own = np.isin(begins["rule"], [*group.symptoms, *group.explains])
        found |= own & (code_of(levels[group.level], slot) != NOWHERE)
    return found


def code_of(level: Level, slot: NDArray[np.int32]) -> Indices:
    """Give the group of each slot, (n,); NOWHERE for none, and for slots that the registry does not have."""
    known = (slot >= 0) & (slot < len(level.code))
    codes: Indices = np.append(level.code, NOWHERE)[np.where(known, slot, len(level.code))]
    return codes


def _lay_spans(begins: Ledger, slot: NDArray[np.int32], setting: Setting, fleet: FleetColumns) -> None:
    """Say between which instants each device was lost, and how often it reports."""
    interval_s = np.append(np.asarray(fleet.column("report_interval_s"), np.float64), np.nan)
    known = (slot >= 0) & (slot < len(interval_s) - 1)
    every_us = setting.every_us(begins["rule"], interval_s[np.where(known, slot, len(interval_s) - 1)])
    raised_us = begins["raised_at"]
    silent_us = np.array([_silent_us(rule, text, setting) for rule, text in _said(begins)], np.int64)
    is_silent = silent_us > 0
    begins["every_us"][:] = every_us
    begins["low_us"][:] = raised_us - np.where(is_silent, silent_us, every_us)
    begins["high_us"][:] = np.where(is_silent, np.minimum(begins["low_us"] + every_us, raised_us), raised_us)


def _said(begins: Ledger) -> Iterable[tuple[str, str]]:
    return zip(begins["rule"].tolist(), begins["evidence"].tolist(), strict=True)


def _silent_us(rule: str, evidence: str, setting: Setting) -> int:
    """Give how long a device was silent when its finding was raised [us]; 0 if that is not its fault."""
    if rule not in setting.windows_us or _SILENT not in evidence:
        return 0
    return round((json.loads(evidence).get(_SILENT) or 0.0) * 1e6)


def _pace(ledger: Ledger, begins: Ledger, setting: Setting, may_be_explained: Mask) -> None:
    """Say until when each new episode is held at least: its window, the gap, its flapping."""
    raised_us: Instants = begins["raised_at"]
    both = ledger.joined(begins)
    kind = both.kinds()
    own = kind[len(ledger) :]
    # What turned out not to have been neither flaps nor ends.
    was = both["cleared_at"] != both["raised_at"]
    raises = counted(kind[was], both["raised_at"][was], own, raised_us)
    raises -= counted(kind[was], both["raised_at"][was], own, raised_us - setting.flap_us)
    begins["quiet_us"][raises >= setting.flap_raises] = (raised_us + setting.flap_us)[
        raises >= setting.flap_raises
    ]
    ended_us = np.full(int(kind.max(initial=-1)) + 1, BEFORE_US)
    was_over = (ledger["cleared_at"] != NEVER_US) & was[: len(ledger)]
    np.maximum.at(ended_us, kind[: len(ledger)][was_over], ledger["cleared_at"][was_over])
    after_us = np.where(ended_us[own] == BEFORE_US, raised_us, ended_us[own] + setting.gap_us)
    window_us = np.array([setting.windows_us.get(rule, 0) for rule in begins["rule"].tolist()], np.int64)
    held_us = raised_us + np.where(may_be_explained, window_us, 0)
    begins["release_us"][:] = np.maximum(held_us, np.maximum(after_us, raised_us))
