"""Kills at places in the code, power cuts and slow syncs for a gateway's processes: see `fault_shim.c`."""

import hashlib
import os
import subprocess
import sysconfig
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Literal

from needs import debian

_SOURCE = Path(__file__).with_name("fault_shim.c")

Call = Literal["sync", "write", "rename", "unlink", "send"]
When = Literal["before", "amid", "after"]
Survives = Literal["none", "prefix", "some"]
"""What of the writes that were not synced a power cut leaves."""


@dataclass(frozen=True)
class Strike:
    """One end of a process: at the nth such call of its life."""

    call: Call
    needle: str
    """Part of the file's path; udp, or tcp:PORT of the peer."""
    when: When
    nth: int
    is_cut: bool = False

    def line(self) -> str:
        """Give it as the shim reads it."""
        kind = "cut" if self.is_cut else "kill"
        return f"{kind} {self.call} {self.needle} {self.when} {self.nth}"


@dataclass(frozen=True)
class Place:
    """A place in the code by the system call that is made there."""

    name: str
    call: Call
    needle: str
    when: When
    within: int
    """A strike falls on one of the first so many such calls of a life."""


EDGE_PLACES = (
    Place("between write and sync", "sync", ".seg", "before", 12),
    Place("within a write", "write", ".seg", "amid", 12),
    Place("between sync and answer", "sync", ".seg", "after", 12),
    Place("amid the answers", "send", "udp", "after", 8),
    Place("before the answers", "send", "udp", "before", 8),
    Place("between segment and directory", "rename", ".seg", "after", 1),
    Place("before a segment has its name", "rename", ".seg", "before", 1),
)
CORE_PLACES = (
    Place("before telemetry is stored", "sync", "telemetry.duckdb", "before", 6),
    Place("within telemetry's log", "write", "telemetry.duckdb", "amid", 12),
    Place("between telemetry and cursor", "sync", "telemetry.duckdb", "after", 6),
    Place("between quarantine and cursor", "sync", "quarantine.db-wal", "after", 3),
    Place("within the state's log", "write", "state.db-wal", "amid", 20),
    Place("before the state is synced", "sync", "state.db-wal", "before", 6),
    Place("behind the state's commit", "sync", "state.db-wal", "after", 6),
)
ARCHIVE_PLACES = (
    Place("within a part of the archive", "write", ".parquet", "amid", 6),
    Place("before a part is synced", "sync", ".parquet", "before", 5),
    Place("between two parts' names", "rename", ".parquet", "after", 4),
    Place("between parts and their cursor", "sync", "/archive/readings", "after", 2),
)
PLACES = {"edge": EDGE_PLACES, "core": CORE_PLACES}


def drawn(places: Sequence[Place], number: int, draw: Random, *, is_cut: bool = False) -> list[Strike]:
    """Draw strikes, each place in turn from a start by lot."""
    start = draw.randrange(len(places))
    picked = [places[(start + i) % len(places)] for i in range(number)]
    return [Strike(p.call, p.needle, p.when, 1 + draw.randrange(p.within), is_cut) for p in picked]


def shim() -> Path:
    """Give the shared object, built once for each version of its source."""
    compiler = debian("cc", "gcc libc6-dev")
    name = hashlib.sha256(_SOURCE.read_bytes() + sysconfig.get_platform().encode()).hexdigest()[:16]
    built = Path(tempfile.gettempdir()) / f"narrowgate-faults-{os.getuid()}-{name}.so"
    if not built.exists():
        with tempfile.TemporaryDirectory() as folder:
            made = Path(folder) / "shim.so"
            options = ["-O2", "-Wall", "-Werror", "-shared", "-fPIC", "-o", str(made), str(_SOURCE)]
            subprocess.run([compiler, *options, "-ldl", "-lpthread"], check=True)
            made.replace(built)
    return built


class Faults:
    """A directory of plans for the processes started while it is in force."""

    def __init__(self, directory: Path) -> None:
        """Make it; nothing is planned."""
        directory.mkdir()
        self.directory = directory

    def plan(self, role: str, strikes: Sequence[Strike]) -> None:
        """Have each life of a role end at the next of some strikes."""
        (self.directory / f"{role}.plan").write_text("".join(f"{each.line()}\n" for each in strikes))

    def clear(self) -> None:
        """Have nothing planned, and no life counted."""
        for role in ("edge", "core"):
            for kind in ("plan", "done", "cut"):
                (self.directory / f"{role}.{kind}").unlink(missing_ok=True)

    def done(self, role: str) -> int:
        """Give the number of strikes that came true."""
        path = self.directory / f"{role}.done"
        return path.stat().st_size if path.exists() else 0

    def keep_undo(self, survives: Survives, seed: int) -> None:
        """Have the roles' next lives note what is not synced, to take it back at a cut."""
        for role in ("edge", "core"):
            (self.directory / f"{role}.cut").write_text(f"{survives} {seed}")

    def slow_syncs(self, seconds: float) -> None:
        """Have each sync take longer."""
        (self.directory / "sync_us").write_text(str(round(seconds * 1e6)))

    def fill_disk(self, *, is_full: bool) -> None:
        """Have no file under the home take a byte more, or let them again; at once."""
        mark = self.directory / "full"
        if is_full:
            mark.touch()
        else:
            mark.unlink()

    def set_clock(self, ahead_s: float) -> None:
        """Put the host's clock ahead, or behind, for the processes; at once."""
        made = self.directory / "clock_s.new"
        made.write_text(str(round(ahead_s)))
        made.replace(self.directory / "clock_s")

    def environment(self) -> Mapping[str, str]:
        """Give what puts the shim into a process."""
        return {"LD_PRELOAD": str(shim()), "NARROWGATE_FAULTS": str(self.directory)}


@contextmanager
def in_force(directory: Path) -> Iterator[Faults]:
    """Put the shim into every process started in this block."""
    faults = Faults(directory)
    before = {name: os.environ.get(name) for name in faults.environment()}
    os.environ.update(faults.environment())
    try:
        yield faults
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
