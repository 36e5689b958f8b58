"""Snapshots: one version of the fleet as Arrow files that any process maps into its memory.

`snapshot-<version>/` holds a file for each table and a manifest with sizes and check sums; the file `current`
names the snapshot that counts.

Rule 1: a snapshot is whole on disk before `current` names it, and is never written again.
Rule 2: an old one is unlinked only when a newer one is current; who has it mapped keeps it.
"""

import json
import os
import shutil
import zlib
from pathlib import Path

import numpy as np
import pyarrow as pa

from narrowgate_fleet.faults import RegistryFault
from narrowgate_fleet.tables import KEYS, SCHEMAS, FleetTables, index_table

FORMAT = 1
CURRENT = "current"
_MANIFEST = "manifest.json"
_PREFIX = "snapshot-"
_UNFINISHED = "unfinished-"
_PART_BYTES = 1 << 20
_YOUNGER = ("index", "keys")
"""What snapshots of the first release do not have."""


def write_snapshot(directory: Path, tables: FleetTables) -> None:
    """Make one version current; the caller is the only writer of the directory."""
    name = f"{_PREFIX}{tables.version}"
    unfinished = directory / f"{_UNFINISHED}{name}"
    _remove(unfinished)
    unfinished.mkdir()
    files = {table: _write_table(unfinished, table, getattr(tables, table)) for table in SCHEMAS}
    manifest = {"format": FORMAT, "version": tables.version, "files": files}
    _write_synced(unfinished / _MANIFEST, json.dumps(manifest).encode())
    _sync_directory(unfinished)
    # Left by a crash before it became current, or damaged: either way nobody needs it.
    _remove(directory / name)
    unfinished.rename(directory / name)
    _sync_directory(directory)
    beside = directory / f"{_UNFINISHED}{CURRENT}"
    _write_synced(beside, name.encode())
    beside.rename(directory / CURRENT)
    _sync_directory(directory)
    for old in directory.glob(f"{_PREFIX}*"):
        if old.name != name:
            _remove(old)


def read_snapshot(directory: Path) -> FleetTables:
    """Map the current snapshot.

    Raises:
        FileNotFoundError: a newer version took its place while it was read; read again.
        RegistryFault: there is none, or it is damaged or of an unknown format; names the file.
    """
    snapshot = directory / current_name(directory)
    try:
        manifest = json.loads((snapshot / _MANIFEST).read_bytes())
        format_version, version, files = (manifest[key] for key in ("format", "version", "files"))
    except (ValueError, KeyError, TypeError) as error:
        raise RegistryFault(f"{snapshot / _MANIFEST}: is damaged ({error})") from error
    if format_version != FORMAT:
        raise RegistryFault(f"{snapshot}: has format {format_version}, this release reads format {FORMAT}")
    held = [table for table in SCHEMAS if table in files or table not in _YOUNGER]
    tables = {table: _read_table(snapshot, table, files) for table in held}
    if "index" not in tables:
        tables["index"] = index_table(tables["devices"])
    if "keys" not in tables:
        tables["keys"] = KEYS.empty_table()
    return FleetTables(int(version), **tables)


def current_name(directory: Path) -> str:
    """Give the name of the snapshot that counts.

    Raises:
        RegistryFault: no snapshot was ever published, or `current` is damaged.
    """
    path = directory / CURRENT
    try:
        name = path.read_text("ascii").strip()
    except FileNotFoundError:
        raise RegistryFault(f"{path}: no registry was published here") from None
    except UnicodeDecodeError as error:
        raise RegistryFault(f"{path}: is damaged ({error})") from error
    if not name.startswith(_PREFIX) or not name.removeprefix(_PREFIX).isdecimal():
        raise RegistryFault(f"{path}: names no snapshot: {name[:60]!r}")
    return name


def is_current(directory: Path, version: int) -> bool:
    """Tell whether the current snapshot is of a version, and whole."""
    try:
        return read_snapshot(directory).version == version
    except (RegistryFault, FileNotFoundError):
        return False


def _write_table(directory: Path, table: str, rows: pa.Table) -> dict[str, int]:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, rows.schema) as writer:
        writer.write_table(rows.combine_chunks())
    content = memoryview(sink.getvalue())
    _write_synced(directory / f"{table}.arrow", content)
    return {"bytes": len(content), "crc32": zlib.crc32(content)}


def _read_table(snapshot: Path, table: str, files: dict[str, dict[str, int]]) -> pa.Table:
    path = snapshot / f"{table}.arrow"
    try:
        if path.stat().st_size != files[table]["bytes"]:
            raise RegistryFault(f"{path}: is damaged (its size is not the manifest's)")
        if _crc32(path) != files[table]["crc32"]:
            raise RegistryFault(f"{path}: is damaged (its check sum is not the manifest's)")
        with pa.memory_map(str(path)) as source:
            buffer = source.read_buffer()
        rows = pa.ipc.open_file(buffer).read_all()
    except (pa.ArrowException, KeyError, TypeError) as error:
        raise RegistryFault(f"{path}: is damaged ({error})") from error
    if any(field.name not in SCHEMAS[table].names for field in rows.schema):
        raise RegistryFault(f"{path}: has other columns than this release; import the registry again")
    return _widened(rows, SCHEMAS[table], path)


def _widened(rows: pa.Table, schema: pa.Schema, path: Path) -> pa.Table:
    """Give a table with the columns that came with later releases, not set."""
    arrays = []
    for field in schema:
        if field.name in rows.schema.names and rows.schema.field(field.name).type == field.type:
            arrays.append(rows.column(field.name))
        elif field.name in rows.schema.names:
            raise RegistryFault(f"{path}: {field.name} is of another kind than in this release")
        elif field.type == pa.float64():
            arrays.append(pa.chunked_array([pa.array(np.full(rows.num_rows, np.nan))]))
        else:
            arrays.append(pa.chunked_array([pa.nulls(rows.num_rows, field.type)]))
    return rows if rows.schema == schema else pa.Table.from_arrays(arrays, schema=schema)


def _crc32(path: Path) -> int:
    # Read, not mapped: what is mapped and looked at once would count as this process's memory from then on.
    found = 0
    with path.open("rb", buffering=0) as file:
        while part := file.read(_PART_BYTES):
            found = zlib.crc32(part, found)
    return found


def _write_synced(path: Path, content: bytes | memoryview) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _remove(directory: Path) -> None:
    if directory.exists():
        shutil.rmtree(directory)
