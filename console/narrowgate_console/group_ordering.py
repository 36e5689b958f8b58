"""One order for many devices: from a selection to commands in the queue, and who cannot be told.

Rule 1: an order that was cut off is given again under its name: each member is put once.
Rule 2: members are put some hundred at a time, so that the edge comes in between.
"""

import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace

from narrowgate_console.command_making import PLAIN_TERMS, Terms, wish_for
from narrowgate_fleet import CommandQueue, Fleet, Wish
from narrowgate_fleet.command_groups import GroupOrder, GroupRow, groups, note_group, note_misfits
from narrowgate_fleet.selection import Selection
from narrowgate_schema.commands import Command

MOST_NAME = 64
PROGRAMME = "programme"
"""The name by which the programme of lamps' nights marks its commands, and takes them back."""
_SLICE = 200
_NAME = re.compile(r"[^/\x00-\x1f\x7f]+")
"""A name is a part of an address, and of a line."""


@dataclass(frozen=True, slots=True)
class GroupAsk:
    """What somebody wants of many devices."""

    selection: Selection
    command: Command
    terms: Terms = PLAIN_TERMS
    name: str | None = None
    """The same name again is the same order; None: it gets a new one."""


def order_group(
    fleet: Fleet,
    queue: CommandQueue,
    asked: GroupAsk,
    *,
    by: str,
    now_us: int,
    sees: Callable[[str], bool] = lambda device: True,
) -> GroupRow:
    """Give an order to every device of a selection, and give how it stands.

    Args:
        fleet: the registry.
        queue: where commands wait.
        asked: what, and of whom.
        by: who gives it, as the audit calls them.
        now_us: [us]
        sees: tells whether the order may reach a device.

    Raises:
        ValueError: no device in use is meant, it begins too far from now, or the name is another order's.
    """
    asked.terms.hold_to_bounds(now_us)
    if asked.name is not None and not (len(asked.name) <= MOST_NAME and _NAME.fullmatch(asked.name)):
        raise ValueError(f"name: 1 to {MOST_NAME} characters without / and control characters are possible")
    if asked.name == PROGRAMME:
        raise ValueError(f"group {PROGRAMME!r} is what lamps are told by night: another name is wanted")
    name = asked.name or f"{asked.command.__class__.__name__}-{secrets.token_hex(4)}".lower()
    devices = [fleet.device(int(slot)) for slot in asked.selection.slots(fleet, now_us)]
    devices = [device for device in devices if sees(device)]
    if not devices:
        raise ValueError("no device in use is meant by this selection")
    begins_us = max(now_us, asked.terms.not_before_us or now_us)
    order = GroupOrder(name, asked.selection, asked.command, begins_us, by, now_us, len(devices))
    with queue.file.writing() as connection:
        note_group(connection, order, asked.terms.not_before_us)
    for first in range(0, len(devices), _SLICE):
        _put(fleet, queue, devices[first : first + _SLICE], order, asked.terms)
    with queue.file.looking() as connection:
        return groups(connection, 1, name)[0]


def _put(fleet: Fleet, queue: CommandQueue, devices: list[str], order: GroupOrder, terms: Terms) -> None:
    wishes: list[Wish] = []
    misfits: list[tuple[str, str]] = []
    for device in devices:
        own = replace(terms, group=order.name, idempotency_key=f"{order.name}/{device}")
        try:
            wishes.append(wish_for(fleet, device, order.command, now_us=order.put_at_us, terms=own))
        except ValueError as why:
            misfits.append((device, str(why)))
    put = queue.put_each(wishes, by=order.put_by, now_us=order.put_at_us)
    misfits += [(wish.device, one) for wish, one in zip(wishes, put, strict=True) if isinstance(one, str)]
    with queue.file.writing() as connection:
        note_misfits(connection, order.name, devices, misfits)
