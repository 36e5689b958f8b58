"""Who is explained by whom: from the largest level to the smallest.

Members that fail join the groups that stand; of those left, enough that were lost at one instant are a new
group. What a group explains, no smaller one is asked about: it counts there neither for nor against.
"""

import json
from typing import Any

import numpy as np
from numpy.typing import NDArray

from narrowgate_rules.causes.entries import code_of
from narrowgate_rules.causes.ledger import HELD, Ledger, findings_batch
from narrowgate_rules.causes.levels import GroupRule
from narrowgate_rules.causes.outages import Outages, Sound, Spans, Terms, is_hopeless, outages
from narrowgate_rules.causes.places import NOWHERE, Level
from narrowgate_rules.causes.setting import Setting
from narrowgate_rules.columns import BEFORE_US, NEVER_US, Indices, Instants, Mask
from narrowgate_rules.episodes import identity
from narrowgate_schema.words import Family, FindingState, GroupLevel

NOBODY = -1


class Explaining:
    """The explanations of one tick."""

    def __init__(
        self,
        ledger: Ledger,
        slot: NDArray[np.int32],
        levels: dict[GroupLevel, Level],
        heard_us: dict[Family, Instants],
        setting: Setting,
        now_us: int,
    ) -> None:
        """Explain.

        Args:
            ledger: rows; new groups are put behind them in `ledger`.
            slot: (rows,) in the registry; -1 = not there.
            levels: the groups.
            heard_us: when each slot was heard last [us]; BEFORE_US = never.
            setting: levels and thresholds.
            now_us: the tick [us].
        """
        self.ledger = ledger
        self.slot = slot
        self.owner: Indices = np.full(len(ledger), NOBODY)
        """(rows,) the row of the group that explains it; NOBODY = none."""
        self.is_member: Mask = np.zeros(len(ledger), np.bool_)
        """(rows,) by its own symptom, not only explained."""
        self.waits: Mask = np.zeros(len(ledger), np.bool_)
        """(rows,) its group may yet be out."""
        self.wake_us = NEVER_US
        """When a group that is out becomes decided, if nothing else happens [us]."""
        self._levels, self._heard_us, self._setting, self._now_us = levels, heard_us, setting, now_us
        self._is_away = np.zeros(max(map(len, heard_us.values()), default=0), np.bool_)
        """Slots of members of larger groups that are out."""
        for place, group in enumerate(setting.groups):
            self._explain(place, group, setting.terms[place])

    def _explain(self, place: int, group: GroupRule, terms: Terms) -> None:
        level = self._levels[group.level]
        code = code_of(level, self.slot)
        free = self.ledger.is_open & (code != NOWHERE) & (self.owner == NOBODY)
        symptoms = np.flatnonzero(free & np.isin(self.ledger["rule"], group.symptoms))
        holder = self._holders(place, level)
        self._join(symptoms, code, holder, terms)
        apart = symptoms[self.owner[symptoms] == NOBODY]
        if len(apart):
            found = self._found(group, level, code, apart, terms)
            self._form(place, group, level, found, holder)
            self._join(apart, code, holder, terms)
        self._take_along(place, group)

    def _holders(self, place: int, level: Level) -> Indices:
        """Give the row of the group that stands, by code."""
        holder = np.full(len(level.names), NOBODY)
        row = np.flatnonzero(self.ledger.is_open & (self.ledger["level"] == place))
        if len(row) and level.names:
            names = np.array(level.names, object)
            at = np.minimum(np.searchsorted(names, self.ledger["device"][row]), len(names) - 1)
            there = names[at] == self.ledger["device"][row]
            holder[at[there]] = row[there]
        return holder

    def _join(self, row: Indices, code: Indices, holder: Indices, terms: Terms) -> None:
        held_by = holder[code[row]]
        row, held_by = row[held_by != NOBODY], held_by[held_by != NOBODY]
        since_us = self.ledger["since_us"][held_by]
        joins = self.ledger["high_us"][row] >= since_us - terms.window_us
        self.owner[row[joins]] = held_by[joins]
        self.is_member[row[joins]] = True

    def _found(self, group: GroupRule, level: Level, code: Indices, apart: Indices, terms: Terms) -> Outages:
        """Give the groups that are out, and mark who must wait for what is heard of the others."""
        sound = self._sound(group, level, code[apart])
        waiting = apart[self.ledger["standing"][apart] == HELD]
        self.waits[waiting] |= ~is_hopeless(self._spans(waiting, code), sound, terms)
        steady = self._devices(apart[self.ledger["quiet_us"][apart] <= self._now_us])
        found = outages(self._spans(steady, code), sound, terms, self._now_us)
        self.wake_us = min(self.wake_us, found.wake_us)
        return found

    def _spans(self, row: Indices, code: Indices) -> Spans:
        return Spans(code[row], *(self.ledger[name][row] for name in ("low_us", "high_us", "every_us")))

    def _devices(self, row: Indices) -> Indices:
        """Give of each device the symptom that came first."""
        rule = self.ledger["rule"][row].astype(str)
        row = row[np.lexsort((rule, self.ledger["raised_at"][row], self.slot[row]))]
        return row[np.flatnonzero(np.diff(self.slot[row], prepend=-1) != 0)]

    def _sound(self, group: GroupRule, level: Level, asked: Indices) -> Sound:
        """Give the sound devices of the groups that are asked about, and how many all groups have."""
        heard_us = np.maximum.reduce([self._heard_us[family] for family in group.families])
        code = code_of(level, np.arange(len(heard_us), dtype=np.int32))
        known = (heard_us > BEFORE_US) & ~self._is_away & (code != NOWHERE)
        fails = np.zeros(len(heard_us) + 1, np.bool_)
        fails[self.slot[self.ledger.is_open & np.isin(self.ledger["rule"], group.symptoms)]] = True
        is_asked = np.zeros(len(level.names) + 1, np.bool_)
        is_asked[asked] = True
        sound = np.flatnonzero(known & ~fails[:-1] & is_asked[code])
        return Sound(code[sound], heard_us[sound], np.bincount(code[known], minlength=len(level.names)))

    def _form(self, place: int, group: GroupRule, level: Level, found: Outages, holder: Indices) -> None:
        """Put new groups behind the rows, and into `holder`."""
        is_new = np.flatnonzero(holder[found.group] == NOBODY)
        if not len(is_new):
            return
        holder[found.group[is_new]] = len(self.ledger) + np.arange(len(is_new))
        rows = [
            _opened(group, level.names[found.group[n]], int(found.since_us[n]), self._now_us)
            for n in is_new.tolist()
        ]
        new = Ledger.of(findings_batch(rows))
        new["level"][:] = place
        new["since_us"][:] = found.since_us[is_new]
        new["release_us"][:] = self._now_us + self._setting.terms[place].window_us
        self.ledger = self.ledger.joined(new)
        none = np.zeros(len(new), np.bool_)
        self.slot = np.append(self.slot, np.full(len(new), NOBODY, np.int32))
        self.owner = np.append(self.owner, np.full(len(new), NOBODY))
        self.is_member, self.waits = np.append(self.is_member, none), np.append(self.waits, none)

    def _take_along(self, place: int, group: GroupRule) -> None:
        """Let members' groups explain their other findings, and their devices be away for smaller levels."""
        owned = np.flatnonzero(self.is_member & (self.owner != NOBODY))
        owned = owned[self.ledger["level"][self.owner[owned]] == place]
        self._is_away[self.slot[owned]] = True
        by_slot = np.full(len(self._is_away) + 1, NOBODY)
        by_slot[self.slot[owned]] = self.owner[owned]
        other = self.ledger.is_open & (self.owner == NOBODY) & np.isin(self.ledger["rule"], group.explains)
        row = np.flatnonzero(other & (self.slot >= 0))
        self.owner[row] = by_slot[self.slot[row]]


def _opened(group: GroupRule, name: str, since_us: int, now_us: int) -> dict[str, Any]:
    """Give a group's finding without members yet; it is named by the tick, for a group may be out again."""
    return {
        "finding": identity(group.name, name, "", now_us),
        "version": 0,
        "rule": group.name,
        "rule_version": group.version,
        "severity": group.severity.value,
        "family": group.families[0].value,
        "device": name,
        "series": "",
        "asset": None,
        "members": [],
        "state": FindingState.RAISED.value,
        "raised_at": since_us,
        "cleared_at": None,
        "evidence": json.dumps({"level": group.level.value}),
        "frame": 0,
    }
