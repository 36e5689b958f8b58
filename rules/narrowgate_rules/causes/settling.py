"""What becomes of groups at one tick: they grow, or they are over and let their last members go."""

import json
from typing import Any

import numpy as np

from narrowgate_rules.causes.explaining import NOBODY, Explaining
from narrowgate_rules.causes.ledger import HELD, JOINED, Ledger
from narrowgate_rules.causes.setting import Setting
from narrowgate_rules.columns import BEFORE_US, NEVER_US, Indices
from narrowgate_schema.words import FindingState

_GROWTH_US = 60_000_000
"""Least time between two versions that only tell of more members [us]."""


def settle(
    said: Explaining, setting: Setting, now_us: int, frame: int
) -> tuple[list[dict[str, Any]], Indices]:
    """Bring the groups' rows to where their members stand, and let go of whom no group explains any more.

    Returns:
        The new versions of groups' findings, and the rows of the ledger that they are of.
    """
    ledger = said.ledger
    moved: list[int] = []
    groups = np.flatnonzero(ledger.is_open & (ledger["level"] != NOBODY)).tolist()
    for row in sorted(groups, key=lambda row: (ledger["level"][row], ledger["device"][row])):
        if _settle_group(said, setting, row, now_us, frame):
            moved.append(row)
    _let_go(said, setting, now_us)
    rows = np.array(moved, np.intp)
    return ledger.findings(rows), rows


def _settle_group(said: Explaining, setting: Setting, row: int, now_us: int, frame: int) -> bool:
    """Settle one group; say whether it has a new version."""
    ledger = said.ledger
    own = np.flatnonzero((said.owner == row) & said.is_member)
    failing = set(ledger["device"][own].tolist())
    before = ledger["members"][row]
    members = sorted(failing.union(before))
    terms = setting.terms[int(ledger["level"][row])]
    is_over = not failing or len(failing) < terms.stays_share * len(members)
    ledger["pending"][row] |= len(members) > len(before)
    ledger["members"][row] = members
    is_due = ledger["pending"][row] == 1 and now_us - ledger["moved_us"][row] >= _GROWTH_US
    if not (is_over or is_due):
        return False
    evidence: dict[str, Any] = {
        "failing": len(failing),
        "level": setting.groups[int(ledger["level"][row])].level,
    }
    if is_over:
        _end(said, row, evidence, now_us)
    elif len(own):
        families, counts = np.unique(ledger["family"][own].astype(str), return_counts=True)
        ledger["family"][row] = str(families[np.argmax(counts)])
    ledger["version"][row] += 1
    ledger["pending"][row], ledger["moved_us"][row], ledger["frame"][row] = 0, now_us, frame
    ledger["evidence"][row] = json.dumps(evidence, sort_keys=True)
    return True


def _end(said: Explaining, row: int, evidence: dict[str, Any], now_us: int) -> None:
    """End a group when its last member recovered, or when a larger group took its members over."""
    ledger = said.ledger
    was_own = ledger["by"] == ledger["finding"][row]
    taken = said.owner[was_own & (said.owner != NOBODY) & (said.owner != row)]
    back_us = ledger["cleared_at"][was_own & ~ledger.is_open]
    ended_us = int(back_us.max(initial=BEFORE_US))
    if len(taken):
        larger = int(taken[np.lexsort((ledger["device"][taken].astype(str), ledger["level"][taken]))[0]])
        evidence["inhibited_by"] = ledger["finding"][larger]
        ended_us = max(ended_us, int(ledger["since_us"][larger]))
    elif ended_us == BEFORE_US:
        ended_us = now_us
    ledger["cleared_at"][row] = max(ended_us, int(ledger["raised_at"][row]) + 1)
    ledger["state"][row] = FindingState.CLEARED.value
    said.owner[said.owner == row] = NOBODY


def _let_go(said: Explaining, setting: Setting, now_us: int) -> None:
    """Let those that no group explains any more wait once more: a window and a report of their own."""
    ledger = said.ledger
    left = np.flatnonzero(ledger.is_open & (ledger["by"] != "") & (said.owner == NOBODY))
    ended_us = _ended_us(ledger, left, now_us)
    windows = (setting.windows_us.get(rule, 0) for rule in ledger["rule"][left].tolist())
    wait_us = np.maximum(np.fromiter(windows, np.int64, len(left)), ledger["every_us"][left])
    ledger["moved_us"][left] = ended_us
    ledger["release_us"][left] = np.maximum(ledger["release_us"][left], ended_us + wait_us)
    again = left[ledger["standing"][left] == JOINED]
    ledger["standing"][again] = HELD
    by = np.full(len(ledger), "", object)
    owned = said.owner != NOBODY
    by[owned] = ledger["finding"][said.owner[owned]]
    changed = ledger.is_open & (ledger["level"] == NOBODY)
    ledger["by"][changed] = by[changed]


def _ended_us(ledger: Ledger, row: Indices, now_us: int) -> Any:
    """Give when the group of each row ended, (n,) [us]."""
    group = ledger.places(ledger["by"][row].tolist())
    ended_us = np.where(group >= 0, ledger["cleared_at"][group], now_us)
    return np.where(ended_us == NEVER_US, now_us, ended_us)
