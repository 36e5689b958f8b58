"""CSV into the registry and out of it: one import is taken whole or not at all."""

import csv
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import BinaryIO, TextIO

from narrowgate_fleet.cells import printed
from narrowgate_fleet.changes import Census, Changes, changes_of
from narrowgate_fleet.columns import ASSET_ATTRIBUTES, COLUMNS, DEVICE_ATTRIBUTES, Value
from narrowgate_fleet.faults import Fault
from narrowgate_fleet.registry import Registry
from narrowgate_fleet.sheet import Sheet, read_sheet
from narrowgate_fleet.spells import Spell


@dataclass(frozen=True)
class Imported:
    """What came of a file."""

    faults: list[Fault]
    """All of them, in the order of lines."""
    changes: Changes
    version: int
    """Of the registry afterwards."""
    is_applied: bool
    """False after a dry run, and if a fault held the file back."""

    def summary(self) -> dict[str, object]:
        """Give the counts as one row."""
        devices, assets = self.changes.devices, self.changes.assets
        return {
            "applied": self.is_applied,
            "version": self.version,
            "added": len(devices.added),
            "changed": len(devices.changed),
            "unchanged": devices.unchanged,
            "not_in_file": devices.not_in_file,
            "assets_added": len(assets.added),
            "assets_changed": len(assets.changed),
            "assigned": len(self.changes.spells_added),
            "unassigned": len(self.changes.spells_removed),
            "faults": len(self.faults),
        }


def import_csv(
    registry: Registry,
    stream: BinaryIO,
    families: Mapping[str, str],
    *,
    skip_bad: bool = False,
    dry_run: bool = False,
    progress: Callable[[int], None] | None = None,
) -> Imported:
    """Bring the registry to what a CSV file says.

    Args:
        registry: is changed as one new version, or not at all.
        stream: the file's bytes.
        families: family of every known profile, by the profile's name.
        skip_bad: leave rows with faults out, take the others.
        dry_run: only tell what would change.
        progress: is told the bytes of each line read.

    Returns:
        Faults and changes; without `skip_bad` a single fault holds the whole file back.

    Raises:
        RegistryFault: another import is running.
    """
    sheet = read_sheet(stream, families, progress)
    if dry_run:
        faults, changes = _drawn(sheet, registry.census(), skip_bad=skip_bad)
        return Imported(faults, changes, registry.version, is_applied=False)
    with registry.writing():
        faults, changes = _drawn(sheet, registry.census(), skip_bad=skip_bad)
        if faults and not skip_bad:
            return Imported(faults, changes, registry.version, is_applied=False)
        return Imported(faults, changes, registry.apply(changes), is_applied=True)


def _drawn(sheet: Sheet, census: Census, *, skip_bad: bool) -> tuple[list[Fault], Changes]:
    """Draw the changes; a skipped row may free or break others, so draw again until all fit."""
    faults, rows = list(sheet.faults), sheet.rows
    while True:
        changes, found = changes_of(sheet, rows, census)
        faults += found
        if not found or not skip_bad:
            return sorted(faults), changes
        bad_lines = {fault.line for fault in found}
        rows = [row for row in rows if row.line not in bad_lines]


def export_csv(registry: Registry, stream: TextIO) -> int:
    """Write the registry as a CSV file that imports to the same registry; give the number of rows."""
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow([column.name for column in COLUMNS])
    count = 0
    for cells in _export_rows(registry.census()):
        writer.writerow([printed(column, value) for column, value in zip(COLUMNS, cells, strict=True)])
        count += 1
    return count


_NO_DEVICE: tuple[Value, ...] = (None,) * (1 + len(DEVICE_ATTRIBUTES))
_NO_ASSET: tuple[Value, ...] = (None,) * (1 + len(ASSET_ATTRIBUTES))


def _export_rows(census: Census) -> Iterator[tuple[Value, ...]]:
    by_device: dict[str, list[Spell]] = {}
    for spell in census.spells:
        by_device.setdefault(spell.device, []).append(spell)
    for device, values in census.devices.items():
        for spell in by_device.get(device, ()):
            place = (spell.asset, *census.assets[spell.asset])
            yield (device, *values, *place, spell.from_us, spell.to_us)
        if device not in by_device:
            yield (device, *values, *_NO_ASSET, None, None)
    served = {spell.asset for spell in census.spells}
    for asset, values in census.assets.items():
        if asset not in served:
            yield (*_NO_DEVICE, asset, *values, None, None)
