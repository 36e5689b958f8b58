"""The faults that campaigns rely on come true: a cut takes back what was not synced, and only that."""

import signal
import subprocess
import sys
from pathlib import Path

from fault_plans import Strike, Survives, in_force

PROGRAM = """
import os, sys
home = sys.argv[-1]
def write(name, data, *, sync):
    with open(os.path.join(home, name), "ab", buffering=0) as file:
        file.write(data)
        if sync:
            os.fsync(file.fileno())
write("synced", b"kept", sync=True)
write("synced", b" and lost", sync=False)
write("never", b"lost", sync=False)
write("old", b"first", sync=True)
write("unfinished", b"second", sync=True)
os.rename(os.path.join(home, "unfinished"), os.path.join(home, "old"))
write("gone", b"here again", sync=True)
os.unlink(os.path.join(home, "gone"))
write("trigger", b"", sync=False)
"""


def left(tmp_path: Path, survives: Survives) -> dict[str, bytes]:
    """Give the files that a cut leaves of the program's home."""
    home = tmp_path / "home"
    home.mkdir()
    with in_force(tmp_path / "faults") as faults:
        faults.keep_undo(survives, 1)
        faults.plan("edge", [Strike("write", "trigger", "before", 1, is_cut=True)])
        words = ["narrowgate_gateway.process", "edge", "no-configuration", str(home)]
        ended = subprocess.run([sys.executable, "-c", PROGRAM, *words], check=False)
        assert (ended.returncode, faults.done("edge")) == (-signal.SIGKILL, 1)
    return {path.name: path.read_bytes() for path in home.iterdir()}


def test_a_cut_takes_back_what_was_not_synced(tmp_path: Path) -> None:
    """Synced bytes stay; others, new names and removals that their directory does not know yet, do not."""
    files = left(tmp_path, "none")

    assert files == {"synced": b"kept", "old": b"first", "unfinished": b"second", "gone": b"here again"}


def test_a_cut_may_leave_the_first_writes_that_were_not_synced(tmp_path: Path) -> None:
    """What is left of a file begins with what was synced."""
    files = left(tmp_path, "prefix")

    assert files["synced"] in (b"kept", b"kept and lost")
    assert files["old"] == b"first"
