"""From what somebody wants of a device to what the queue keeps: refused here, or never.

Rule 1: whoever gives a command is told at once what the device's profile cannot be told; API, command line,
pages and groups all come through here.
"""

import math
from dataclasses import dataclass

import numpy as np

from narrowgate_codecs import PROFILES, Downlink, command_kinds, encode_command
from narrowgate_fleet import CommandRow, Fleet, Frame, Wish
from narrowgate_fleet.command_rows import MOST_ATTEMPTS, TTL_S
from narrowgate_schema.commands import Command, CommandKind

MOST_KEY = 160
"""Characters of an idempotency key, at most; those of a group's members are its name and the device's."""
MOST_TTL_H = 24 * 366
"""How long a command may wait, and how far from now it may begin [h]."""
_HOUR_US = 3_600_000_000
_OUT_OF_USE = ("suspended", "retired")


@dataclass(frozen=True, slots=True)
class Terms:
    """When and how often a command may leave."""

    not_before_us: int | None = None
    """[us]; None: at once."""
    ttl_s: int = TTL_S
    """How long it waits after that [s]."""
    idempotency_key: str | None = None
    group: str | None = None
    most_attempts: int = MOST_ATTEMPTS

    def hold_to_bounds(self, now_us: int) -> None:
        """Refuse by ValueError a key that is none, and what begins so late that nobody can mean it."""
        if self.idempotency_key is not None and not 1 <= len(self.idempotency_key) <= MOST_KEY:
            raise ValueError(f"idempotency key: 1 to {MOST_KEY} characters are possible")
        if self.not_before_us is not None and self.not_before_us > now_us + MOST_TTL_H * _HOUR_US:
            raise ValueError(f"not before: at most {MOST_TTL_H // 24} days from now are possible")


def ttl_s_of(hours: float) -> int:
    """Give a waiting time of some hours in whole seconds, at least one [s]; ValueError for no number."""
    if math.isnan(hours):
        raise ValueError("ttl_h: a number of hours is wanted")
    return max(1, round(hours * 3600))


PLAIN_TERMS = Terms()


def kinds_for(fleet: Fleet, device: str) -> tuple[CommandKind, ...]:
    """Give what a device can be told; () for one whose profile is not known."""
    profile = fleet.column("profile")[_slot(fleet, device)]
    return command_kinds(profile) if profile in PROFILES else ()


def wish_for(fleet: Fleet, device: str, command: Command, *, now_us: int, terms: Terms = PLAIN_TERMS) -> Wish:
    """Give a command as the queue takes it, with what makes its bytes.

    Args:
        fleet: the registry, with what opens its keys.
        device: whom it is for.
        command: what it is to do.
        now_us: for the radio cell that serves it [us].
        terms: when and how often it may leave.

    Raises:
        ValueError: no such device, one that is out of use, one that cannot be told this, or it would
            begin too far from now; in one line.
    """
    terms.hold_to_bounds(now_us)
    slot = _slot(fleet, device)
    state, profile = fleet.column("state")[slot], fleet.column("profile")[slot]
    if state in _OUT_OF_USE:
        raise ValueError(f"device {device!r} is {state}: it is sent nothing")
    if profile not in PROFILES:
        raise ValueError(f"device {device!r} has the profile {profile!r}, which nobody knows here")
    framing = _Framing(profile, command, fleet.column("serial")[slot] or device, _key(fleet, slot))
    framing(1)  # a profile that cannot take it refuses before anything is kept
    return Wish(
        device,
        command,
        framing,
        not_before_us=terms.not_before_us,
        ttl_s=terms.ttl_s,
        idempotency_key=terms.idempotency_key,
        group=terms.group,
        cell=_cell(fleet, slot, now_us),
        most_attempts=terms.most_attempts,
    )


@dataclass(frozen=True, slots=True)
class _Framing:
    """Makes a command's bytes for a number."""

    profile: str
    command: Command
    identity: str
    key: bytes | None

    def __call__(self, number: int) -> Frame:
        """Make them; ValueError if the profile cannot say it."""
        made = self.downlink(number)
        return Frame(self.profile, made.payload, made.port, made.answer is not None)

    def downlink(self, number: int) -> Downlink:
        """Give the message."""
        return encode_command(self.profile, self.command, number=number, identity=self.identity, key=self.key)


def downlink_of(fleet: Fleet, row: CommandRow) -> Downlink:
    """Give the message of a command that was put, so that an answer to it can be known.

    Raises:
        ValueError: its device is gone, or has another profile that cannot be told this.
    """
    slot = _slot(fleet, row.device)
    if fleet.column("profile")[slot] != row.profile:
        raise ValueError(f"device {row.device!r} has another profile than {row.profile}")
    return _Framing(
        row.profile, row.command, fleet.column("serial")[slot] or row.device, _key(fleet, slot)
    ).downlink(row.number)


def _slot(fleet: Fleet, device: str) -> int:
    slot = int(fleet.slots([device])[0])
    if slot < 0:
        raise ValueError(f"there is no device {device!r}")
    return slot


def _key(fleet: Fleet, slot: int) -> bytes | None:
    keys = fleet.keys(np.array([slot], np.int32))[0]
    return keys[0] if keys else None


def _cell(fleet: Fleet, slot: int, now_us: int) -> str:
    row = int(fleet.asset_rows_at(np.array([slot], np.int32), np.array([now_us], np.int64))[0])
    return "" if row < 0 else fleet.asset_column("cell")[row] or ""
