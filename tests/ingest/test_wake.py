"""What the bell promises: it wakes who listens and never holds up the writer."""

import os
import resource
import time
from pathlib import Path

import pytest

from narrowgate_ingest.wake import Bell, Wake


def test_a_ring_ends_the_wait(tmp_path: Path) -> None:
    """A reader that waits returns when the writer rings, not when its time is over."""
    wake = Wake(tmp_path, "core")
    Bell(tmp_path).ring()
    began = time.monotonic()
    wake.wait(250)

    assert time.monotonic() - began < 100


def test_without_a_ring_the_wait_ends_by_itself(tmp_path: Path) -> None:
    """A wait of no time returns at once; rings before it were used up."""
    wake = Wake(tmp_path, "core")
    wake.ring()
    wake.wait(250)
    began = time.monotonic()
    wake.wait(0.0)

    assert time.monotonic() - began < 100


def test_a_pipe_without_a_reader_and_a_full_one_are_passed_over(tmp_path: Path) -> None:
    """The writer rings on whoever is gone, asleep or no pipe at all."""
    bell = Bell(tmp_path)
    bell.ring()
    gone, asleep = Wake(tmp_path, "gone"), Wake(tmp_path, "asleep")
    gone.close()
    (tmp_path / "wake" / "no pipe").write_bytes(b"")
    for _ in range(70_000):
        asleep.ring()
    bell.ring()

    assert (tmp_path / "wake" / "no pipe").stat().st_size <= 1


def test_rings_do_not_pile_up(tmp_path: Path) -> None:
    """Many rings wake a reader a few times, not once each."""
    wake, bell = Wake(tmp_path, "core"), Bell(tmp_path)
    for _ in range(1000):
        bell.ring()
    wake.wait(0.0)

    assert not wake._poll.poll(0)


def test_a_file_in_the_pipes_place_is_told(tmp_path: Path) -> None:
    """A reader refuses to listen at something that is no pipe."""
    (tmp_path / "wake").mkdir()
    (tmp_path / "wake" / "core").write_bytes(b"")
    with pytest.raises(FileExistsError, match="pipe belongs"):
        Wake(tmp_path, "core")


def test_a_ring_after_the_end_is_nothing(tmp_path: Path) -> None:
    """A reader that is closed may still be told to end."""
    wake = Wake(tmp_path, "core")
    wake.close()
    wake.ring()

    assert os.listdir(tmp_path / "wake") == ["core"]


def test_a_process_with_thousands_of_open_files_hears_the_bell(tmp_path: Path) -> None:
    """A pipe whose descriptor lies above 1023 is waited for too."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, hard), hard))
    held = [os.open("/dev/null", os.O_RDONLY)]
    while held[-1] < 1024:
        held.append(os.dup(held[0]))
    wake = Wake(tmp_path, "core")
    wake.ring()
    wake.wait(250)
    wake.close()
    for descriptor in held:
        os.close(descriptor)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

    assert len(held) > 900
