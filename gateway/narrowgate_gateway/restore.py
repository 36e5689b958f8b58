"""A home made from a backup: verified first, complete or not there at all."""

import json
import shutil
import time
from contextlib import closing
from pathlib import Path, PurePosixPath
from typing import Any

from narrowgate_fleet import CommandQueue, Registry
from narrowgate_gateway.backup import FORMATS, MANIFEST, Copied, Manifest, digest
from narrowgate_gateway.settings import Home
from narrowgate_ingest.segments import sync_directory


class BadBackup(Exception):
    """A directory that cannot be restored; `faults` says all that is wrong with it."""

    def __init__(self, faults: list[str]) -> None:
        self.faults = faults
        super().__init__("\n".join(faults))


def read_manifest(directory: Path) -> Manifest:
    """Read what a backup says that it holds.

    Raises:
        BadBackup: there is no whole manifest, or of a format that this release does not read.
    """
    path = directory / MANIFEST
    try:
        said: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        files = [Copied(str(one["path"]), int(one["bytes"]), str(one["sha256"])) for one in said["files"]]
        manifest = Manifest(
            taken_at=str(said["taken_at"]),
            narrowgate=str(said["narrowgate"]),
            formats={str(name): int(number) for name, number in said["formats"].items()},
            journal_end=int(said["journal_end"]),
            frames=int(said["frames"]),
            files=files,
        )
    except FileNotFoundError:
        raise BadBackup([f"{directory}: no {MANIFEST}: no backup, or one that was not finished"]) from None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadBackup([f"{path}: no manifest: {type(error).__name__}: {error}"]) from None
    newer = [
        f"{path}: {name} has format {number}; this release reads up to {FORMATS.get(name, 0)}"
        for name, number in manifest.formats.items()
        if number > FORMATS.get(name, 0)
    ]
    if newer:
        raise BadBackup(newer)
    return manifest


def verify(directory: Path, manifest: Manifest) -> None:
    """Hold every file of a backup against its manifest.

    Raises:
        BadBackup: names every file that is missing, changed, or does not belong into a home.
    """
    faults = [fault for copied in manifest.files if (fault := _fault(directory, copied))]
    if faults:
        raise BadBackup(faults)


def _fault(directory: Path, copied: Copied) -> str:
    place = PurePosixPath(copied.path)
    path = directory / copied.path
    if place.is_absolute() or ".." in place.parts or path.is_symlink():
        return f"{path}: does not lie in the backup"
    if not path.is_file():
        return f"{path}: missing"
    if path.stat().st_size != copied.bytes:
        return f"{path}: {path.stat().st_size} bytes, the manifest says {copied.bytes}"
    if digest(path) != copied.sha256:
        return f"{path}: its check sum is not the manifest's"
    return ""


def restore(directory: Path, home: Home) -> Manifest:
    """Make a home from a backup.

    Args:
        directory: the backup.
        home: a directory that is not there yet, or empty.

    Raises:
        BadBackup: the backup is not whole.
        FileExistsError: something is in the home's place.
        OSError: the home cannot be written; what was begun lies beside it, named `.restoring`.
    """
    root = home.root
    if root.exists() and (not root.is_dir() or any(root.iterdir())):
        raise FileExistsError(
            17, "something is there already; a home is restored into a new directory", str(root)
        )
    manifest = read_manifest(directory)
    verify(directory, manifest)
    begun = root.with_name(f"{root.name}.restoring")
    begun.mkdir(mode=0o700, parents=True)
    for copied in manifest.files:
        target = begun / copied.path
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(directory / copied.path, target)
        if digest(target) != copied.sha256:
            raise OSError(5, "was not written as it was read", str(target))
    if (begun / "access.db").exists():
        (begun / "access.db").chmod(0o600)
    if (begun / "registry" / "registry.db").exists():
        Registry(begun, create=False).close()  # publishes the snapshot that both processes map
    if (begun / "commands.db").exists():
        with closing(CommandQueue(begun / "commands.db")) as queue:
            queue.doubt(time.time_ns() // 1000)
    if root.exists():
        root.rmdir()
    begun.rename(root)
    sync_directory(root.parent)
    return manifest
