"""From findings to causes: what rules say comes in, what the desk is to be told goes out.

Everything is decided at ticks, of what came before them in arrival order; what needs no decision passes at
once. The stage asks only at ticks that can change something. It is handed what it remembers and gives what it
remembers then, so that a batch that goes wrong leaves nothing behind.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa

from narrowgate_rules.causes.entries import entered
from narrowgate_rules.causes.explaining import NOBODY, Explaining
from narrowgate_rules.causes.ledger import HELD, Ledger
from narrowgate_rules.causes.places import Places
from narrowgate_rules.causes.releasing import release
from narrowgate_rules.causes.setting import Setting
from narrowgate_rules.causes.settling import settle
from narrowgate_rules.causes.shelves import Shelf
from narrowgate_rules.columns import BEFORE_US, NEVER_US, FleetColumns, Instants, Mask, Ticks
from narrowgate_schema.words import Family

VERSION = 1
"""Of what is remembered; a snapshot of another version is not taken over."""

Hearing = Callable[[int], dict[Family, Instants]]
"""Gives when each registry slot was heard last [us], before a journal offset; BEFORE_US = never."""


@dataclass(frozen=True)
class Remembered:
    """What the stage knows between batches."""

    ledger: Ledger
    is_stirred: bool = False
    """Something came in since the last decision."""
    wake_us: int = NEVER_US
    """When there is something to decide whatever comes in [us]."""
    now_us: int = BEFORE_US
    """The last tick [us]."""

    def packed(self) -> pa.RecordBatch:
        """Give it as a batch that `unpacked` takes."""
        said = {"is_stirred": self.is_stirred, "wake_us": self.wake_us, "now_us": self.now_us}
        return self.ledger.packed().replace_schema_metadata(
            {"said": json.dumps({**said, "version": VERSION})}
        )

    def followed(self, versions: Mapping[str, int], groups: Sequence[str]) -> "Remembered":
        """Forget the episodes that no rule follows any more: nobody would ever say that they are over.

        Args:
            versions: of the rules and groups whose episodes go on, by name.
            groups: names of the groups, the largest first.
        """
        ledger = self.ledger.of_rows(_of_versions(self.ledger, versions))
        own = np.flatnonzero(ledger["level"] != NOBODY)
        ledger["level"][own] = [groups.index(rule) for rule in ledger["rule"][own].tolist()]
        is_less = len(ledger) < len(self.ledger)
        return replace(self, ledger=ledger, is_stirred=self.is_stirred or is_less)

    @classmethod
    def unpacked(cls, batch: pa.RecordBatch) -> "Remembered | None":
        """Take what `packed` gave; None if it is of another version."""
        said = json.loads(batch.schema.metadata[b"said"])
        if said.pop("version") != VERSION:
            return None
        return cls(Ledger.unpacked(batch), **said)


def _of_versions(ledger: Ledger, versions: Mapping[str, int]) -> Mask:
    said = [versions.get(rule, NOBODY) for rule in ledger["rule"].tolist()]
    own: Mask = ledger["rule_version"] == np.array(said, np.int64)
    return own


NOTHING = Remembered(Ledger.empty())


@dataclass(frozen=True)
class Caused:
    """What became of one batch of findings."""

    groups: list[dict[str, Any]]
    """New versions of groups' findings, rows of FINDINGS, by frame."""
    causes: list[dict[str, Any]]
    """What the desk is told, rows of FINDINGS, by frame."""
    remembered: Remembered


class Causes:
    """Decides on the causes of a city."""

    def __init__(self, setting: Setting) -> None:
        self._setting = setting
        self._places = Places()

    def shelve(self, shelves: tuple[Shelf, ...]) -> None:
        """Have these shelves, and no others."""
        self._setting = replace(self._setting, shelves=shelves)

    @property
    def setting(self) -> Setting:
        """Give what decides."""
        return self._setting

    def judge(
        self,
        before: Remembered,
        findings: pa.RecordBatch,
        ticks: Ticks,
        hearing: Hearing,
        fleet: FleetColumns,
    ) -> Caused:
        """Take one batch in: findings by frame, and the ticks between them."""
        caused = Caused([], [], before)
        frames = findings.column("frame").to_numpy()
        edges = np.searchsorted(frames, ticks.offset, side="right")
        done = 0
        for offset, now_us, edge in _each(ticks, edges):
            caused = self._entered(caused, findings.slice(done, edge - done), fleet)
            caused = self._decided(caused, now_us, offset, hearing, fleet)
            done = edge
        return self._entered(caused, findings.slice(done), fleet)

    def _entered(self, caused: Caused, findings: pa.RecordBatch, fleet: FleetColumns) -> Caused:
        if not findings.num_rows:
            return caused
        known = caused.remembered
        # Before the first tick devices stand where they stand today.
        at_us = known.now_us if known.now_us != BEFORE_US else NEVER_US
        levels = self._places.at(fleet, at_us)
        ledger = known.ledger.of_rows(np.arange(len(known.ledger)))
        ledger, told = entered(ledger, findings, self._setting, fleet, levels, known.now_us)
        return replace(
            caused,
            causes=[*caused.causes, *told],
            remembered=replace(known, ledger=ledger, is_stirred=True),
        )

    def _decided(
        self, caused: Caused, now_us: int, frame: int, hearing: Hearing, fleet: FleetColumns
    ) -> Caused:
        """Decide at a tick, if that can change anything."""
        known = replace(caused.remembered, now_us=now_us)
        if not self._is_due(known):
            return replace(caused, remembered=known)
        ledger = _kept(known.ledger, now_us - self._setting.flap_us - self._setting.gap_us)
        slot = fleet.slots(ledger["device"].tolist())
        slot[ledger["level"] != NOBODY] = NOBODY
        levels = self._places.at(fleet, now_us)
        said = Explaining(ledger, slot, levels, hearing(frame), self._setting, now_us)
        rows, moved = settle(said, self._setting, now_us, frame)
        told = release(said, self._setting, moved, now_us, frame)
        return Caused(
            [*caused.groups, *rows],
            [*caused.causes, *told],
            Remembered(said.ledger, False, said.wake_us, now_us),
        )

    @staticmethod
    def _is_due(known: Remembered) -> bool:
        ledger = known.ledger
        if known.is_stirred or known.wake_us <= known.now_us:
            return True
        waits = ledger.is_open & (
            (ledger["standing"] == HELD) & (ledger["by"] == "") | (ledger["pending"] == 1)
        )
        return bool(waits.any())


def _each(ticks: Ticks, edges: Instants) -> Iterator[tuple[int, int, int]]:
    return zip(ticks.offset.tolist(), ticks.time_us.tolist(), edges.tolist(), strict=True)


def _kept(ledger: Ledger, before_us: int) -> Ledger:
    """Give copies of the rows but those that were over long ago, if their group is over as well."""
    group = ledger.places(ledger["by"].tolist())
    stands = (group >= 0) & ledger.is_open[group]
    return ledger.of_rows(np.flatnonzero(ledger.is_open | (ledger["cleared_at"] > before_us) | stands))
