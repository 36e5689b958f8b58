"""When which device served which asset: half-open spells, never two at once of one device or of one asset.

What a file says of one device or asset is taken by these laws:

1. An open spell ends where a later one of the same device, or of the same asset, begins: a device that moves
   and a device that is swapped need no closing row.
2. A spell that says again what is already so changes nothing, and a row without valid_from is such a saying
   when the device is at that asset now.
3. A spell that begins where one of the same device began takes its place: that is a correction.
4. Any other overlap is a fault: history is not overwritten unasked.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from typing import NamedTuple

from narrowgate_fleet.cells import ALWAYS_US, OPEN_US, instant_text
from narrowgate_fleet.faults import Fault


class Spell(NamedTuple):
    """One assignment; instants in UTC [us], ALWAYS_US and OPEN_US where it has no end."""

    device: str
    asset: str
    from_us: int
    to_us: int


class Said(NamedTuple):
    """What one line says of a device; without an asset it only ends what was."""

    line: int
    device: str
    asset: str | None
    from_us: int
    to_us: int


class Restated(NamedTuple):
    """The spells that go and come, and what could not be taken."""

    removed: set[Spell]
    added: set[Spell]
    faults: list[Fault]


def restate(spells: Collection[Spell], said: Iterable[Said]) -> Restated:
    """Give what the statements change in the spells."""
    before_by_device: dict[str, list[Spell]] = defaultdict(list)
    for spell in spells:
        before_by_device[spell.device].append(spell)
    said_by_device: dict[str, list[Said]] = defaultdict(list)
    for statement in said:
        said_by_device[statement.device].append(statement)
    faults: list[Fault] = []
    lines: dict[Spell, int] = {}
    for device, statements in said_by_device.items():
        taken, device_faults = _timeline(before_by_device[device], statements, lines)
        before_by_device[device] = taken
        faults += device_faults
    after, asset_faults = _settled((s for line in before_by_device.values() for s in line), lines)
    before = set(spells)
    return Restated(before - after, after - before, faults + asset_faults)


def _timeline(
    timeline: list[Spell], statements: list[Said], lines: dict[Spell, int]
) -> tuple[list[Spell], list[Fault]]:
    """Take one device's statements into its timeline; tells in `lines` which line said which spell."""
    ordered = sorted(statements, key=lambda said: said.from_us)
    nexts = [*(said.from_us for said in ordered[1:]), OPEN_US]
    faults: list[Fault] = []
    for statement, next_from_us in zip(ordered, nexts, strict=True):
        to_us = min(statement.to_us, next_from_us) if statement.to_us == OPEN_US else statement.to_us
        timeline, fault = _taken(timeline, statement._replace(to_us=to_us), lines)
        faults += [fault] if fault is not None else []
    return timeline, faults


def _taken(timeline: list[Spell], said: Said, lines: dict[Spell, int]) -> tuple[list[Spell], Fault | None]:
    standing = next((spell for spell in timeline if _says_again(spell, said)), None)
    if standing is not None:
        lines.setdefault(standing, said.line)
        return timeline, None
    kept: list[Spell] = []
    for spell in timeline:
        if spell.to_us <= said.from_us or said.to_us <= spell.from_us:
            kept.append(spell)
        elif spell.from_us < said.from_us and spell.to_us == OPEN_US:
            kept.append(spell._replace(to_us=said.from_us))
        elif spell.from_us != said.from_us or lines.get(spell) is not None:
            reason = f"device {spell.device} is at asset {spell.asset} {_span(spell)}; say a time that fits"
            return timeline, Fault(said.line, "valid_from", instant_text(said.from_us), reason)
    if said.asset is not None:
        spell = Spell(said.device, said.asset, said.from_us, said.to_us)
        lines[spell] = said.line
        kept.append(spell)
    return kept, None


def _says_again(spell: Spell, said: Said) -> bool:
    if spell.asset != said.asset:
        return False
    both_open = spell.to_us == OPEN_US and said.to_us == OPEN_US
    covered = said.from_us == ALWAYS_US or spell.from_us <= said.from_us
    return (both_open and covered) or (spell.from_us, spell.to_us) == (said.from_us, said.to_us)


def _settled(spells: Iterable[Spell], lines: dict[Spell, int]) -> tuple[set[Spell], list[Fault]]:
    """Let the open spell at an asset end where a stated one begins; tell what overlaps still."""
    by_asset: dict[str, list[Spell]] = defaultdict(list)
    for spell in spells:
        by_asset[spell.asset].append(spell)
    settled: set[Spell] = set()
    faults: list[Fault] = []
    for at_asset in by_asset.values():
        at_asset.sort(key=lambda spell: (spell.from_us, spell.to_us))
        for index, spell in enumerate(at_asset):
            after = at_asset[index + 1] if index + 1 < len(at_asset) else None
            if after is None or spell.to_us <= after.from_us:
                settled.add(spell)
            elif spell.to_us == OPEN_US and spell.from_us < after.from_us and after in lines:
                settled.add(spell._replace(to_us=after.from_us))
            else:
                settled.add(spell)
                faults.append(_clash(spell, after, lines))
    return settled, faults


def _clash(spell: Spell, after: Spell, lines: dict[Spell, int]) -> Fault:
    late, other = (after, spell) if lines.get(after, 0) >= lines.get(spell, 0) else (spell, after)
    reason = f"asset {other.asset} is held by device {other.device} {_span(other)}; say a time that fits"
    return Fault(lines.get(late, 0), "valid_from", instant_text(late.from_us), reason)


def _span(spell: Spell) -> str:
    start = "from always" if spell.from_us == ALWAYS_US else f"from {instant_text(spell.from_us)}"
    return start if spell.to_us == OPEN_US else f"{start} to {instant_text(spell.to_us)}"
