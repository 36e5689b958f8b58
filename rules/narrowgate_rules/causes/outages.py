"""When devices of a group were lost together: one instant that lies in enough of their spans.

A span is when a device may have been lost: from the last that was heard of it sound to what it missed. An
instant x counts who fails with a span around it, a window more or less, against who was heard, sound, after
it. Whoever is in neither was not due since, and counts for nobody.
"""

from dataclasses import dataclass

import numpy as np

from narrowgate_rules.columns import NEVER_US, Floats, Indices, Instants, Mask


@dataclass(frozen=True)
class Spans:
    """Devices that fail, (n,) each; no device twice."""

    group: Indices
    low_us: Instants
    high_us: Instants
    every_us: Instants
    """How often each reports [us]."""


@dataclass(frozen=True)
class Sound:
    """Devices that do not fail, (n,) each, and the groups that all of them are of."""

    group: Indices
    heard_us: Instants
    known: Instants
    """(groups,) devices that were ever heard, those that fail among them."""


@dataclass(frozen=True)
class Terms:
    """When a group is out."""

    share: float
    least: int
    window_us: int

    @property
    def stays_share(self) -> float:
        """Of its members so many must fail for the group to stand: no more than made it, so it ends once."""
        return min(self.share, 1.0 - self.share)

    def is_out(self, failing: Instants, heard: Instants) -> Mask:
        """Say where so many that fail, and so many that were heard, make an outage."""
        enough: Mask = failing >= self.share * (failing + heard)
        return enough & (failing >= self.least)


@dataclass(frozen=True)
class Outages:
    """Groups that are out, (m,) each, every one once, by group."""

    group: Indices
    since_us: Instants
    failing: Instants
    heard: Instants
    wake_us: int
    """When another group is decided, if nothing else happens [us]; NEVER_US = none waits for that."""


def outages(spans: Spans, sound: Sound, terms: Terms, now_us: int) -> Outages:
    """Give the groups that are out and decided: the instant that most fail at, the earliest of those."""
    x_us = spans.high_us
    begun = counted(spans.group, spans.low_us, spans.group, x_us)
    over = counted(spans.group, spans.high_us, spans.group, x_us - terms.window_us - 1)
    failing = begun - over
    heard = heard_after(sound, spans.group, x_us)
    wait_us = np.zeros(len(sound.known), np.int64)
    np.maximum.at(wait_us, spans.group, np.maximum(spans.every_us, terms.window_us))
    decided_us = x_us + wait_us[spans.group]
    is_decided = (failing >= terms.share * sound.known[spans.group]) | (decided_us <= now_us)
    is_out = terms.is_out(failing, heard)
    wake_us = int(decided_us[is_out & ~is_decided].min(initial=NEVER_US))
    row = np.flatnonzero(is_out & is_decided)
    row = row[np.lexsort((x_us[row], -failing[row], spans.group[row]))]
    group = spans.group[row]
    row = row[np.flatnonzero(np.diff(group, prepend=-1) != 0)]
    return Outages(spans.group[row], x_us[row], failing[row], heard[row], wake_us)


def is_hopeless(spans: Spans, sound: Sound, terms: Terms) -> Mask:
    """Say of which devices the group can no more be out: too many were heard since, (n,)."""
    known = sound.known[spans.group]
    left = known - heard_after(sound, spans.group, spans.high_us)
    wanted: Floats = np.maximum(terms.share * known, terms.least)
    hopeless: Mask = left < wanted
    return hopeless


def heard_after(sound: Sound, group: Indices, at_us: Instants) -> Instants:
    """Give how many sound devices of each group were heard after an instant, (n,)."""
    everybody = np.bincount(sound.group, minlength=len(sound.known))[group]
    heard: Instants = everybody - counted(sound.group, sound.heard_us, group, at_us)
    return heard


def counted(group: Indices, value: Instants, asked: Indices, limit: Instants) -> Instants:
    """Give how many values of the asked group are no more than a limit, (len(asked),)."""
    limits = np.unique(limit)
    # A group and a value's place among the limits in one number, so that one search serves all groups.
    stride = len(limits) + 1
    keys = np.sort(group * stride + np.searchsorted(limits, value))
    upper = np.searchsorted(keys, asked * stride + np.searchsorted(limits, limit), side="right")
    below: Instants = upper - np.searchsorted(keys, asked * stride)
    return below
