"""The registry on disk: one SQLite file that says who the devices are, and the snapshot that others read.

Rule 1: what is committed here is the truth; the snapshot follows it and can always be made again.
Rule 2: one writer at a time; readers never wait for it.
"""

import fcntl
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from narrowgate_fleet.cells import OPEN_US
from narrowgate_fleet.changes import Census, Changes, Entries, spell_told
from narrowgate_fleet.columns import ASSET_ATTRIBUTES, DEVICE_ATTRIBUTES, Column, Value
from narrowgate_fleet.device_keys import KEYS_DDL, Sealed, held_keys, write_keys
from narrowgate_fleet.faults import RegistryFault
from narrowgate_fleet.registry_history import HISTORY_DDL, rows_then, turns_us, write_history
from narrowgate_fleet.snapshot import is_current, write_snapshot
from narrowgate_fleet.spells import Spell
from narrowgate_fleet.tables import (
    ASSETS,
    DEVICES,
    FleetTables,
    assignments_table,
    index_table,
    keys_table,
    placed_table,
)

FORMAT = 1
BUSY_S = 30.0
_APPLICATION_ID = 0x4E477265


def _table_sql(name: str, place: str, key: str, attributes: tuple[Column, ...]) -> str:
    columns = ", ".join(f"{column.name} {column.sql_type}" for column in attributes)
    return f"CREATE TABLE {name} ({place} INTEGER PRIMARY KEY, {key} TEXT NOT NULL UNIQUE, {columns}) STRICT"


_DDL = (
    _table_sql("devices", "slot", "device", DEVICE_ATTRIBUTES),
    _table_sql("assets", "asset_row", "asset", ASSET_ATTRIBUTES),
    "CREATE TABLE assignments (slot INTEGER NOT NULL REFERENCES devices, asset_row INTEGER NOT NULL "
    "REFERENCES assets, valid_from_us INTEGER NOT NULL, valid_to_us INTEGER NOT NULL, "
    "PRIMARY KEY (slot, valid_from_us), CHECK (valid_from_us < valid_to_us)) STRICT, WITHOUT ROWID",
    KEYS_DDL,
    HISTORY_DDL,
    "CREATE TABLE meta (version INTEGER NOT NULL, next_slot INTEGER NOT NULL, next_asset_row INTEGER NOT NULL"
    ") STRICT",
    "INSERT INTO meta VALUES (0, 0, 0)",
    f"PRAGMA application_id={_APPLICATION_ID}",
    f"PRAGMA user_version={FORMAT}",
)


class Registry:
    """Devices, assets and assignments under `<home>/registry`; use it as a context manager."""

    def __init__(self, home: Path, *, create: bool = True) -> None:
        """Open the registry of a home directory, made empty if it is not there and `create`.

        A snapshot that a crash left behind the registry is written again.

        Raises:
            RegistryFault: there is none, it is no registry, or of a format this release does not know.
        """
        self.directory = home / "registry"
        self.path = self.directory / "registry.db"
        if not create and not self.path.exists():
            raise RegistryFault(f"{self.path}: no registry here; `narrowgate fleet import` makes one")
        self.directory.mkdir(parents=True, exist_ok=True)
        with _told(self.path):
            self._db = self._opened()
        with ExitStack() as undoing:
            undoing.callback(self.close)
            self._heal()
            undoing.pop_all()

    def _heal(self) -> None:
        with self._lock(wait=False) as is_held, _told(self.path):
            if is_held:
                self._publish()

    def __enter__(self) -> "Registry":
        """Give itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the file."""
        self.close()

    def close(self) -> None:
        """Close the file; the registry object is of no use afterwards."""
        self._db.close()

    def _opened(self) -> sqlite3.Connection:
        db = sqlite3.connect(self.path, timeout=BUSY_S, isolation_level=None)
        with ExitStack() as undoing:
            undoing.callback(db.close)
            if self._is_blank(db):
                with self._lock(wait=True):
                    self._create(db)
            self._check_format(db)
            if _younger(db):
                with self._lock(wait=True):
                    for statement in _younger(db):
                        db.execute(statement)
            db.execute("PRAGMA synchronous=FULL")
            db.execute("PRAGMA foreign_keys=ON")
            undoing.pop_all()
        return db

    def _is_blank(self, db: sqlite3.Connection) -> bool:
        (tables,) = db.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        return _pragma(db, "application_id") == 0 and tables == 0

    def _create(self, db: sqlite3.Connection) -> None:
        db.execute("PRAGMA journal_mode=WAL")
        with _transaction(db, self.path, "IMMEDIATE"):
            if self._is_blank(db):
                for statement in _DDL:
                    db.execute(statement)

    def _check_format(self, db: sqlite3.Connection) -> None:
        if _pragma(db, "application_id") != _APPLICATION_ID:
            raise RegistryFault(f"{self.path}: is another program's SQLite file, not a registry")
        found = _pragma(db, "user_version")
        if found != FORMAT:
            raise RegistryFault(f"{self.path}: has format {found}, this release reads format {FORMAT}")

    @property
    def version(self) -> int:
        """Give the version; every import that changes something adds one."""
        (version,) = self._db.execute("SELECT version FROM meta").fetchone()
        return int(version)

    def census(self) -> Census:
        """Give everything the registry holds, of one version."""
        with _transaction(self._db, self.path, "DEFERRED"):
            devices = {row[1]: tuple(row[2:]) for row in self._rows("devices", "slot")}
            assets = {row[1]: tuple(row[2:]) for row in self._rows("assets", "asset_row")}
            return Census(self.version, devices, assets, self._spells())

    def _rows(self, table: str, place: str) -> sqlite3.Cursor:
        return self._db.execute(f"SELECT * FROM {table} ORDER BY {place}")  # noqa: S608 - our own two names

    def _rows_at(self, table: str, place: str, at_us: int | None) -> Iterable[tuple[Value, ...]]:
        rows = self._rows(table, place)
        return rows if at_us is None else rows_then(self._db, table, rows, at_us)

    def _spells(self, device: str | None = None) -> list[Spell]:
        rows = self._db.execute(
            "SELECT device, asset, valid_from_us, valid_to_us FROM assignments JOIN devices USING (slot) "
            "JOIN assets USING (asset_row) WHERE ?1 IS NULL OR device = ?1 ORDER BY slot, valid_from_us",
            (device,),
        )
        return [Spell(*row) for row in rows]

    def device(self, device: str) -> dict[str, object] | None:
        """Give all that is known of a device, its asset of now and its assignments; None if unknown."""
        with _transaction(self._db, self.path, "DEFERRED"):
            row = self._db.execute("SELECT * FROM devices WHERE device = ?", (device,)).fetchone()
            if row is None:
                return None
            spells = self._spells(device)
            current = [spell.asset for spell in spells if spell.to_us == OPEN_US]
            place = self._db.execute("SELECT * FROM assets WHERE asset = ?", (*current, "")[:1]).fetchone()
        names = ["slot", "device", *(column.name for column in DEVICE_ATTRIBUTES)]
        told: dict[str, object] = dict(zip(names, row, strict=True))
        asset_names = ["asset", *(column.name for column in ASSET_ATTRIBUTES)]
        told |= dict(
            zip(asset_names, place[1:] if place is not None else [None] * len(asset_names), strict=True)
        )
        return told | {"assignments": [spell_told(spell) for spell in spells]}

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Be the only writer inside the block.

        Raises:
            RegistryFault: another process is writing.
        """
        with self._lock(wait=False) as is_held:
            if not is_held:
                raise RegistryFault(f"{self.directory}: another import is running; wait until it is done")
            yield

    @contextmanager
    def _lock(self, *, wait: bool) -> Iterator[bool]:
        with (self.directory / "lock").open("a") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
            except BlockingIOError:
                yield False
                return
            yield True

    def apply(self, changes: Changes) -> int:
        """Make changes durable as one new version, publish its snapshot and give the version.

        Call it inside `writing()`, with changes drawn from a census taken there.
        """
        if not changes.is_empty:
            with _transaction(self._db, self.path, "IMMEDIATE"):
                self._remember("devices", changes.devices, DEVICE_ATTRIBUTES)
                self._remember("assets", changes.assets, ASSET_ATTRIBUTES)
                self._write("devices", "slot", changes.devices, DEVICE_ATTRIBUTES)
                self._write("assets", "asset_row", changes.assets, ASSET_ATTRIBUTES)
                self._assign(changes)
                self._db.execute("UPDATE meta SET version = version + 1")
        return self._publish()

    def _remember(self, table: str, entries: Entries, columns: tuple[Column, ...]) -> None:
        names = [column.name for column in columns]
        write_history(self._db, table, {key: (names, old) for key, (old, _) in entries.changed.items()})

    def turns_us(self) -> list[int]:
        """Give the instants at which devices or assets were changed, in order [us]."""
        return turns_us(self._db)

    def _write(self, table: str, place: str, entries: Entries, columns: tuple[Column, ...]) -> None:
        key = table[:-1]
        sets = ", ".join(f"{column.name} = ?" for column in columns)
        marks = ", ".join("?" for _ in columns)
        changed = ((*new, name) for name, (_, new) in entries.changed.items())
        self._db.executemany(f"UPDATE {table} SET {sets} WHERE {key} = ?", changed)  # noqa: S608
        (first,) = self._db.execute(f"SELECT next_{place} FROM meta").fetchone()  # noqa: S608
        added = ((first + index, name, *new) for index, (name, new) in enumerate(entries.added.items()))
        self._db.executemany(f"INSERT INTO {table} VALUES (?, ?, {marks})", added)  # noqa: S608
        self._db.execute(f"UPDATE meta SET next_{place} = ?", (first + len(entries.added),))  # noqa: S608

    def _assign(self, changes: Changes) -> None:
        slot = "(SELECT slot FROM devices WHERE device = ?)"
        asset_row = "(SELECT asset_row FROM assets WHERE asset = ?)"
        self._db.executemany(
            f"DELETE FROM assignments WHERE slot = {slot} AND valid_from_us = ?",  # noqa: S608
            ((spell.device, spell.from_us) for spell in changes.spells_removed),
        )
        insert = f"INSERT INTO assignments VALUES ({slot}, {asset_row}, ?, ?)"  # noqa: S608
        self._db.executemany(insert, changes.spells_added)

    def keys(self) -> dict[str, tuple[bytes, ...]]:
        """Give the sealed keys of the devices that have any, the newest first."""
        with _transaction(self._db, self.path, "DEFERRED"):
            return held_keys(self._db)

    def put_keys(self, keys: Sealed) -> int:
        """Let devices have these sealed keys and no others, as a new version; call it inside `writing()`."""
        if keys:
            with _transaction(self._db, self.path, "IMMEDIATE"):
                write_keys(self._db, keys)
                self._db.execute("UPDATE meta SET version = version + 1")
        return self._publish()

    def tables(self, at_us: int | None = None) -> FleetTables:
        """Give the registry as the tables of a snapshot.

        Args:
            at_us: with the attributes that devices and assets had then [us]; those of now if None. Who was
                registered later has those it was registered with.
        """
        with _transaction(self._db, self.path, "DEFERRED"):
            devices = placed_table(DEVICES, self._rows_at("devices", "slot", at_us))
            return FleetTables(
                self.version,
                devices,
                placed_table(ASSETS, self._rows_at("assets", "asset_row", at_us)),
                assignments_table(self._db.execute("SELECT * FROM assignments")),
                index_table(devices),
                keys_table(self._db.execute("SELECT slot, sealed FROM keys ORDER BY slot, age")),
            )

    def _publish(self) -> int:
        version = self.version
        if not is_current(self.directory, version):
            write_snapshot(self.directory, self.tables())
        return version


def _younger(db: sqlite3.Connection) -> list[str]:
    """Give what a registry of an earlier release lacks, as statements: columns, behind the others; keys."""
    lacking = []
    for table, columns in (("devices", DEVICE_ATTRIBUTES), ("assets", ASSET_ATTRIBUTES)):
        there = {row[1] for row in db.execute(f"PRAGMA table_info({table})")}
        lacking += [
            f"ALTER TABLE {table} ADD COLUMN {column.name} {column.sql_type}"
            for column in columns
            if column.name not in there
        ]
    has_keys = db.execute("SELECT count(*) FROM sqlite_schema WHERE name = 'keys'").fetchone() == (1,)
    has_history = db.execute("SELECT count(*) FROM sqlite_schema WHERE name = 'history'").fetchone() == (1,)
    return lacking + ([] if has_keys else [KEYS_DDL]) + ([] if has_history else [HISTORY_DDL])


def _pragma(db: sqlite3.Connection, name: str) -> int:
    (value,) = db.execute(f"PRAGMA {name}").fetchone()
    return int(value)


@contextmanager
def _transaction(db: sqlite3.Connection, path: Path, kind: str) -> Iterator[None]:
    with _told(path):
        db.execute(f"BEGIN {kind}")
        try:
            yield
            db.execute("COMMIT")
        finally:
            # Some faults (a full disk) have rolled back already.
            if db.in_transaction:
                db.execute("ROLLBACK")


@contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise RegistryFault(f"{path}: cannot be used as a registry: {error}") from error
