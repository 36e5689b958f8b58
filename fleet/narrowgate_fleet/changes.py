"""What a file would change in the registry: added, changed, unchanged; what it does not name stays."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from narrowgate_fleet.cells import ALWAYS_US, instant_text, printed
from narrowgate_fleet.columns import ASSET_ATTRIBUTES, BY_NAME, DEVICE_ATTRIBUTES, Column, Value
from narrowgate_fleet.faults import Fault
from narrowgate_fleet.sheet import Row, Sheet
from narrowgate_fleet.spells import Said, Spell, restate

Values = tuple[Value, ...]


@dataclass(frozen=True)
class Census:
    """What the registry holds at one version."""

    version: int
    devices: Mapping[str, Values]
    """In the order of columns.DEVICE_ATTRIBUTES."""
    assets: Mapping[str, Values]
    """In the order of columns.ASSET_ATTRIBUTES."""
    spells: Sequence[Spell]


@dataclass
class Entries:
    """What happens to the devices, or to the assets; values in the table's order."""

    added: dict[str, Values] = field(default_factory=dict)
    changed: dict[str, tuple[Values, Values]] = field(default_factory=dict)
    unchanged: int = 0
    not_in_file: int = 0


@dataclass(frozen=True)
class Changes:
    """One import's difference."""

    devices: Entries
    assets: Entries
    spells_removed: tuple[Spell, ...]
    spells_added: tuple[Spell, ...]

    @property
    def is_empty(self) -> bool:
        """Tell whether the registry already says all of it."""
        entries = (self.devices, self.assets)
        touched = any(part.added or part.changed for part in entries)
        return not touched and not self.spells_added and not self.spells_removed

    def told(self) -> Iterator[dict[str, object]]:
        """Give the difference row by row, for people and programs."""
        for name, entries, columns in (
            ("device", self.devices, DEVICE_ATTRIBUTES),
            ("asset", self.assets, ASSET_ATTRIBUTES),
        ):
            for key, values in entries.added.items():
                cells = {c.name: v for c, v in zip(columns, values, strict=True) if v is not None}
                yield {"change": f"{name}_added", name: key, **cells}
            for key, (old, new) in entries.changed.items():
                yield {"change": f"{name}_changed", name: key, "columns": _differing(columns, old, new)}
        for change, spells in (("unassigned", self.spells_removed), ("assigned", self.spells_added)):
            for spell in spells:
                yield {"change": change, **spell_told(spell)}


def spell_told(spell: Spell) -> dict[str, str | None]:
    """Give an assignment with its instants in ISO 8601, null where it has no end."""
    return {
        "device": spell.device,
        "asset": spell.asset,
        "valid_from": instant_text(spell.from_us) or None,
        "valid_to": instant_text(spell.to_us) or None,
    }


def changes_of(sheet: Sheet, rows: Sequence[Row], census: Census) -> tuple[Changes, list[Fault]]:
    """Give what some rows of a sheet change, and the faults that no row shows alone."""
    device_rows = [(row.line, row.device, row.device_cells) for row in rows if row.device is not None]
    asset_rows = [(row.line, row.asset, row.asset_cells) for row in rows if row.asset is not None]
    devices, device_faults = _entries(device_rows, sheet.device_columns, census.devices, DEVICE_ATTRIBUTES)
    assets, asset_faults = _entries(asset_rows, sheet.asset_columns, census.assets, ASSET_ATTRIBUTES)
    said = [
        Said(row.line, row.device, row.asset, row.valid_from_us, row.valid_to_us)
        for row in rows
        if row.device is not None and (row.asset is not None or row.valid_from_us != ALWAYS_US)
    ]
    restated = restate(census.spells, said)
    faults = device_faults + asset_faults + _repeated(rows) + restated.faults
    changes = Changes(devices, assets, tuple(sorted(restated.removed)), tuple(sorted(restated.added)))
    return changes, sorted(faults)


def _repeated(rows: Sequence[Row]) -> list[Fault]:
    first: dict[tuple[str | None, str | None, int], int] = {}
    faults: list[Fault] = []
    for row in rows:
        # A device may stand in several rows, one an assignment; an asset without device only once.
        key = (row.device, row.asset if row.device is None else None, row.valid_from_us)
        line = first.setdefault(key, row.line)
        if line != row.line:
            column, value = ("asset", row.asset) if row.device is None else ("device", row.device)
            faults.append(
                Fault(
                    row.line, column, value or "", f"stands in line {line} already, valid from the same time"
                )
            )
    return faults


def _entries(
    rows: list[tuple[int, str, Values]],
    names: tuple[str, ...],
    known: Mapping[str, Values],
    columns: tuple[Column, ...],
) -> tuple[Entries, list[Fault]]:
    entries = Entries()
    faults: list[Fault] = []
    overlay = _Overlay(names, columns)
    first: dict[str, tuple[int, Values]] = {}
    for line, key, cells in rows:
        first_line, first_cells = first.setdefault(key, (line, cells))
        if first_cells != cells:
            faults.append(_contradiction(line, first_line, names, cells, first_cells))
        if first_line != line:
            continue
        old = known.get(key)
        new = overlay.over(old, cells)
        if old is None:
            entries.added[key] = new
            if columns is DEVICE_ATTRIBUTES and new[0] is None:
                faults.append(Fault(line, "profile", "", f"is missing, and device {key} is new"))
        elif old != new:
            entries.changed[key] = (old, new)
        else:
            entries.unchanged += 1
    entries.not_in_file = len(known) - len(entries.changed) - entries.unchanged
    return entries, faults


class _Overlay:
    """Lays the cells that a file has over the values that the registry has."""

    def __init__(self, names: tuple[str, ...], columns: tuple[Column, ...]) -> None:
        self._defaults: Values = tuple(column.default for column in columns)
        self._sources = [names.index(column.name) if column.name in names else None for column in columns]

    def over(self, old: Values | None, cells: Values) -> Values:
        """Give the values in table order."""
        kept = self._defaults if old is None else old
        return tuple(
            kept[index] if source is None else cells[source] for index, source in enumerate(self._sources)
        )


def _contradiction(line: int, first_line: int, names: tuple[str, ...], cells: Values, first: Values) -> Fault:
    name, said, other = next(
        (name, said, other) for name, said, other in zip(names, cells, first, strict=True) if said != other
    )
    column = BY_NAME[name]
    return Fault(
        line,
        name,
        printed(column, said),
        f"contradicts line {first_line}, which has {printed(column, other)!r}",
    )


def _differing(columns: tuple[Column, ...], old: Values, new: Values) -> dict[str, list[Value]]:
    return {
        column.name: [before, after]
        for column, before, after in zip(columns, old, new, strict=True)
        if before != after
    }
