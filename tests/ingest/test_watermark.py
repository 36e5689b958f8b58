"""What the watermark promises: it never says more than is durable, and never goes back."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from narrowgate_ingest.watermark import Mark, Watermark

SLOT_BYTES = 48


def marks(count: int) -> list[Mark]:
    """Give marks, each further than the one before."""
    return [Mark(0, 100 * n, 10 * n, 9 * n) for n in range(1, count + 1)]


def test_a_reader_may_come_before_the_first_writer(tmp_path: Path) -> None:
    """Without a page there is no mark; once there is one, the reader sees it."""
    reader = Watermark(tmp_path)
    before = reader.read()
    Watermark(tmp_path, writable=True).set(marks(1)[0])

    assert (before, reader.read()) == (None, marks(1)[0])


def test_a_reader_makes_no_file(tmp_path: Path) -> None:
    """Reading leaves the directory as it is."""
    Watermark(tmp_path).read()

    assert list(tmp_path.iterdir()) == []


def test_a_reader_cannot_publish(tmp_path: Path) -> None:
    """A page opened for reading refuses a mark."""
    with pytest.raises(ValueError, match="opened for reading"):
        Watermark(tmp_path).set(marks(1)[0])


def test_a_reader_needs_no_right_to_write(tmp_path: Path) -> None:
    """A page that is read-only on disk is read."""
    Watermark(tmp_path, writable=True).set(marks(1)[0])
    (tmp_path / "durable").chmod(0o400)

    assert Watermark(tmp_path).read() == marks(1)[0]


@given(st.integers(1, 6), st.integers(0, SLOT_BYTES - 1), st.integers(1, 255))
def test_a_torn_slot_leaves_the_mark_before_it(
    tmp_path_factory: pytest.TempPathFactory, count: int, place: int, change: int
) -> None:
    """With the newest slot damaged at any byte a reader takes the older one."""
    directory = tmp_path_factory.mktemp("mark")
    writer = Watermark(directory, writable=True)
    for mark in marks(count):
        writer.set(mark)
    page = bytearray((directory / "durable").read_bytes())
    page[(count % 2) * SLOT_BYTES + place] ^= change
    (directory / "durable").write_bytes(page)

    assert Watermark(directory).read() == (marks(count - 1)[-1] if count > 1 else None)


def test_a_mark_never_goes_back_for_a_reader(tmp_path: Path) -> None:
    """While both slots are torn a reader keeps what it saw."""
    writer, reader = Watermark(tmp_path, writable=True), Watermark(tmp_path)
    writer.set(marks(1)[0])
    seen = reader.read()
    with (tmp_path / "durable").open("r+b") as page:
        page.write(b"\xff" * 2 * SLOT_BYTES)

    assert reader.read() == seen


def test_a_writer_goes_on_counting_after_a_restart(tmp_path: Path) -> None:
    """A mark set by the next writer is newer than every mark of the one before."""
    for mark in marks(5):
        Watermark(tmp_path, writable=True).set(mark)

    assert Watermark(tmp_path).read() == marks(5)[-1]
