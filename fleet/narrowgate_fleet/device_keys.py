"""The keys that devices encrypt their frames with: at most two a device, sealed, the newest first.

Two, because a device takes a new key at an instant that nobody here sees: what it sent before is opened by
the old one, what it sends after by the new one.
"""

import re
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import BinaryIO

from narrowgate_fleet.faults import Fault
from narrowgate_fleet.lines import Lines
from narrowgate_fleet.seal import Seal

KEYS_DDL = (
    "CREATE TABLE IF NOT EXISTS keys (slot INTEGER NOT NULL REFERENCES devices, age INTEGER NOT NULL "
    "CHECK (age IN (0, 1)), sealed BLOB NOT NULL, PRIMARY KEY (slot, age)) STRICT, WITHOUT ROWID"
)
_KEY = re.compile(r"[0-9a-fA-F]{32}")
_HEADER = ["device", "key"]

Sealed = Mapping[str, tuple[bytes, ...]]
"""By device, the newest first."""


@dataclass(frozen=True)
class KeyChanges:
    """What a file of keys changes."""

    sealed: dict[str, tuple[bytes, ...]]
    """The devices whose keys change, with all that they have afterwards."""
    unchanged: int
    faults: list[Fault]

    def summary(self) -> dict[str, int]:
        """Give the counts as one row."""
        return {"changed": len(self.sealed), "unchanged": self.unchanged, "faults": len(self.faults)}


def key_changes(stream: BinaryIO, known: Iterable[str], held: Sealed, seal: Seal) -> KeyChanges:
    """Give what a CSV file of the columns `device` and `key` changes.

    Args:
        stream: the file's bytes; a key is 32 hex digits (AES-128).
        known: the devices of the registry.
        held: the keys that they have.
        seal: seals new ones, opens those that are there.

    Returns:
        Changes and faults; no fault shows a key. What is a device's newest key already changes nothing.

    Raises:
        RegistryFault: a key that is there cannot be opened.
    """
    devices, lines = frozenset(known), Lines(stream)
    changes = KeyChanges({}, 0, [])
    unchanged = 0
    first: dict[str, int] = {}
    for line, cells in _rows(lines, changes.faults):
        device, text = cells
        if fault := _fault(line, device, text, device in devices, first.setdefault(device, line)):
            changes.faults.append(fault)
            continue
        key, kept = bytes.fromhex(text), held.get(device, ())
        if kept and seal.opened(kept[0], device) == key:
            unchanged += 1
        else:
            changes.sealed[device] = (seal.sealed(key, device), *kept[:1])
    return KeyChanges(changes.sealed, unchanged, sorted(changes.faults + lines.faults))


def _rows(lines: Lines, faults: list[Fault]) -> Iterator[tuple[int, list[str]]]:
    records = iter(lines)
    line, header = next(records, (1, []))
    if [name.strip() for name in header] != _HEADER:
        if not lines.faults:
            faults.append(Fault(line, "", "", "the first line must be device,key"))
        return
    for number, cells in records:
        if len(cells) == len(_HEADER):
            yield number, [cell.strip() for cell in cells]
        else:
            faults.append(Fault(number, "", "", f"has {len(cells)} cells, the header has {len(_HEADER)}"))


def _fault(line: int, device: str, key: str, is_known: bool, first_line: int) -> Fault | None:
    if not is_known:
        return Fault(line, "device", device, "is not in the registry")
    if first_line != line:
        return Fault(line, "device", device, f"stands in line {first_line} already")
    if _KEY.fullmatch(key) is None:
        return Fault(
            line, "key", "", f"of device {device} must be 32 hex digits, it has {len(key)} characters"
        )
    return None


def resealed(held: Sealed, seal: Seal) -> dict[str, tuple[bytes, ...]]:
    """Give the keys that another secret than the first one has sealed, sealed anew.

    Raises:
        RegistryFault: one of them cannot be opened.
    """
    old = {device: keys for device, keys in held.items() if not all(map(seal.is_own, keys))}
    return {
        device: tuple(seal.sealed(seal.opened(key, device), device) for key in keys)
        for device, keys in old.items()
    }


def held_keys(db: sqlite3.Connection) -> dict[str, tuple[bytes, ...]]:
    """Give all keys of a registry as they lie there."""
    found: dict[str, tuple[bytes, ...]] = {}
    rows = db.execute("SELECT device, sealed FROM keys JOIN devices USING (slot) ORDER BY slot, age")
    for device, sealed in rows:
        found[device] = (*found.get(device, ()), sealed)
    return found


def write_keys(db: sqlite3.Connection, keys: Sealed) -> None:
    """Let some devices have these keys and no others, inside the caller's transaction."""
    slot = "(SELECT slot FROM devices WHERE device = ?)"
    db.executemany(f"DELETE FROM keys WHERE slot = {slot}", ((device,) for device in keys))  # noqa: S608
    rows = ((device, age, key) for device, every in keys.items() for age, key in enumerate(every))
    db.executemany(f"INSERT INTO keys VALUES ({slot}, ?, ?)", rows)  # noqa: S608
