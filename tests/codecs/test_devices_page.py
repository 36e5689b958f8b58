"""The page of devices is made from what is there."""

import tomllib
from pathlib import Path

import pytest

from codec_fixtures import CASES, ROOT, load
from narrowgate_codecs.devices_page import page, published, verdicts
from narrowgate_codecs.registry import BUILT_IN

_REPOSITORY = Path(__file__).parent.parent.parent


@pytest.fixture(scope="module")
def made() -> str:
    """Give the page as it would be written."""
    return page(_REPOSITORY)


def test_the_page_is_up_to_date(made: str) -> None:
    """`python -m narrowgate_codecs.devices_page .` would change nothing."""
    assert (_REPOSITORY / "docs" / "devices.md").read_text(encoding="utf-8") == made


def test_every_profile_has_its_row(made: str) -> None:
    """Each shipped profile is one row."""
    rows = [line for line in made.splitlines() if line.startswith("| `")]

    assert sorted(row.split("`")[1] for row in rows) == sorted(BUILT_IN)


def test_every_published_frame_is_counted_once() -> None:
    """A published frame is right, refused, overruled or disputed, and counted as one of them."""
    folders = sorted({path.parent for path in CASES})

    counted = sum(sum(verdicts(folder).values()) for folder in folders)

    assert counted == sum(len(published(load(path))) for path in CASES)


def test_what_is_not_read_is_listed_with_the_reason(made: str) -> None:
    """A published frame without a profile is named with why, and has no golden frame."""
    listed = tomllib.loads((ROOT / "uncovered.toml").read_text(encoding="utf-8"))
    golden = {number for path in CASES for number in published(load(path))}

    assert (set(listed) & golden, all(f"* {number}: {why}" in made for number, why in listed.items())) == (
        set(),
        True,
    )
