"""A pretend registry of devices in cells, cabinets, feeders and zones; findings and words of theirs."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from narrowgate_rules import SILENCE
from narrowgate_rules.causes import (
    GROUP_RULES,
    NOTHING,
    RELEASE,
    Causes,
    Remembered,
    Setting,
    Shelf,
    findings_batch,
)
from narrowgate_rules.columns import BEFORE_US
from narrowgate_rules.declaration import resolved
from narrowgate_rules.episodes import identity
from narrowgate_schema.words import Family
from rules_rows import Tick, ticks

_GROUPS = ("cell", "cabinet", "feeder", "zone")


@dataclass(frozen=True)
class Places:
    """A registry of devices, each at the asset of its own slot, always."""

    devices: tuple[str, ...]
    groups: Mapping[str, Sequence[str | None]] = field(default_factory=dict)
    """Names of cell, cabinet, feeder and zone by device."""
    every_s: Sequence[float] = ()
    version: int = 1

    @cached_property
    def _slots(self) -> dict[str, int]:
        return {device: slot for slot, device in enumerate(self.devices)}

    def slots(self, devices: Sequence[str]) -> NDArray[np.int32]:
        """Give the slots."""
        return np.array([self._slots.get(device, -1) for device in devices], dtype=np.int32)

    @cached_property
    def _every_s(self) -> NDArray[np.float64]:
        return np.array(self.every_s or [np.nan] * len(self.devices), np.float64)

    def column(self, name: str) -> NDArray[Any]:
        """Give a device column."""
        return self._every_s if name == "report_interval_s" else np.full(len(self.devices), np.nan)

    def asset_column(self, name: str) -> NDArray[Any]:
        """Give an asset column."""
        if name in _GROUPS:
            return np.array([*self.groups.get(name, [None] * len(self.devices)), None], dtype=object)[:-1]
        return np.full(len(self.devices), np.nan)

    def asset_rows_at(self, slots: NDArray[np.int32], times_us: NDArray[np.int64]) -> NDArray[np.int32]:
        """Give the asset rows."""
        return slots

    def assets_at(self, slots: NDArray[np.int32], times_us: NDArray[np.int64]) -> NDArray[Any]:
        """Give the assets."""
        return np.array([None if slot < 0 else f"at-{self.devices[slot]}" for slot in slots], dtype=object)


@dataclass(frozen=True)
class Heard:
    """A sound device said something."""

    frame: int
    device: str
    time_us: int


@dataclass(frozen=True)
class Said:
    """A version of a finding."""

    frame: int
    rule: str
    device: str
    start_us: int
    version: int
    raised_us: int
    cleared_us: int | None
    severity: str = "minor"
    silent_us: int | None = None

    @property
    def finding(self) -> str:
        """Give the episode's name."""
        return identity(self.rule, self.device, "", self.start_us)

    def row(self) -> dict[str, Any]:
        """Give it as a row of FINDINGS."""
        evidence = {} if self.silent_us is None else {"silent_s": self.silent_us / 1e6}
        return {
            "finding": self.finding,
            "version": self.version,
            "rule": self.rule,
            "rule_version": 1,
            "severity": self.severity,
            "family": "lighting",
            "device": self.device,
            "series": "",
            "asset": None,
            "members": [],
            "state": "raised" if self.cleared_us is None else "cleared",
            "raised_at": self.raised_us,
            "cleared_at": self.cleared_us,
            "evidence": json.dumps(evidence),
            "frame": self.frame,
        }


Arrival = Heard | Said | Tick


@dataclass
class Told:
    """All that became of some arrivals."""

    groups: list[dict[str, Any]] = field(default_factory=list)
    causes: list[dict[str, Any]] = field(default_factory=list)

    def brief(self) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
        """Give the groups' versions and what the desk is told, as far as definitions speak of it."""
        names = ("frame", "rule", "device", "version", "state", "raised_at", "cleared_at")
        return tuple(  # type: ignore[return-value]
            [(*(row[name] for name in names), tuple(row["members"])) for row in rows]
            for rows in (self.groups, self.causes)
        )

    def standing(self) -> set[tuple[str, str, tuple[str, ...]]]:
        """Give the causes that the desk holds open in the end: rule, device or group, members."""
        last = {row["finding"]: row for row in self.causes}
        return {
            (row["rule"], row["device"], tuple(row["members"]))
            for row in last.values()
            if row["state"] in ("raised", "latched")
        }


def tell(causes: Causes, arrivals: Sequence[Arrival], places: Places, cuts: Sequence[int] = ()) -> Told:
    """Let the stage judge arrivals in batches cut at those places, at each packed and unpacked."""
    told, remembered, heard = Told(), NOTHING, np.full(len(places.devices), BEFORE_US)
    for part in _parts(arrivals, cuts):
        said = [each for each in part if isinstance(each, Said)]
        words = [each for each in part if isinstance(each, Heard)]
        caused = causes.judge(
            remembered,
            findings_batch([each.row() for each in said]),
            ticks([each for each in part if isinstance(each, Tick)]),
            partial(_heard_before, heard.copy(), words, places),
            places,
        )
        told.groups += caused.groups
        told.causes += caused.causes
        for each in words:
            slot = places.slots([each.device])[0]
            heard[slot] = max(heard[slot], each.time_us)
        back = Remembered.unpacked(caused.remembered.packed())
        assert back is not None
        remembered = back
    return told


def _parts(arrivals: Sequence[Arrival], cuts: Sequence[int]) -> list[Sequence[Arrival]]:
    whole = [cut for cut in cuts if 0 < cut < len(arrivals) and arrivals[cut - 1].frame < arrivals[cut].frame]
    marks = [0, *sorted(whole), len(arrivals)]
    return [arrivals[start:end] for start, end in pairwise(marks)]


def _heard_before(
    heard: NDArray[np.int64], words: Sequence[Heard], places: Places, offset: int
) -> dict[Family, NDArray[np.int64]]:
    for each in words:
        if each.frame < offset:
            slot = places.slots([each.device])[0]
            heard[slot] = max(heard[slot], each.time_us)
    nothing = np.full(len(heard), BEFORE_US)
    return {Family.WATER: nothing, Family.PARKING: nothing, Family.LIGHTING: heard}


def causes_of(shelves: tuple[Shelf, ...] = (), **thresholds: dict[str, float]) -> Causes:
    """Give the stage with the levels that ship and the defaults, some thresholds aside."""
    values = resolved([*SILENCE, *GROUP_RULES, RELEASE], thresholds)
    return Causes(Setting(GROUP_RULES, values, SILENCE, shelves))
