"""What doctor says of how long data is kept, and readiness of the journal's room."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from ingest_line import START_US, city, journalled
from narrowgate_gateway.finding import Verdict
from narrowgate_gateway.journal_check import JournalCheck
from narrowgate_gateway.keeping_checks import keeping_findings
from narrowgate_gateway.settings import Home, Settings


def _said(**sections: object) -> dict[tuple[str, str], Verdict]:
    found = keeping_findings(Settings.model_validate(sections))
    return {(each.subject, each.setting): each.verdict for each in found}


@pytest.mark.parametrize(
    ("sections", "finding", "verdict"),
    [
        ({}, ("archive", "keep_frames_days"), Verdict.WELL),
        ({"archive": {"enabled": False}}, ("archive", "enabled"), Verdict.CAREFUL),
        ({"archive": {"keep_frames_days": 30}}, ("archive", "keep_frames_days"), Verdict.CAREFUL),
        (
            {"archive": {"keep_readings_days": 400}, "telemetry": {"family_days": {"water": 30}}},
            ("telemetry water", "keep_days"),
            Verdict.CAREFUL,
        ),
        ({"telemetry": {"stays_days": 30}}, ("telemetry parking", "stays_days"), Verdict.CAREFUL),
        ({"journal": {"min_free_bytes": 0}}, ("journal", "min_free_bytes"), Verdict.CAREFUL),
    ],
)
def test_what_is_gone_some_day_is_named(
    sections: dict[str, object], finding: tuple[str, str], verdict: Verdict
) -> None:
    """Each way in which data ends that the configuration asks for."""
    assert _said(**sections)[finding] is verdict


def test_readings_that_are_kept_somewhere_are_not_named() -> None:
    """Telemetry may let go of what the archive keeps."""
    assert ("telemetry water", "keep_days") not in _said(telemetry={"keep_days": 30})


@dataclass
class _Later:
    """A clock that stands fifty minutes behind the journal's first row."""

    def now_us(self) -> int:
        return START_US + 3_600_000_000


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home with a journal."""
    made = Home(tmp_path_factory.mktemp("journal-check"))
    journalled(made.journal, city(devices=2, hours=1.0))
    return made


def _check(home: Home, min_free_bytes: int) -> JournalCheck:
    settings = Settings.model_validate({"journal": {"min_free_bytes": min_free_bytes}})
    return JournalCheck(home, settings, _Later(), lambda: 7)


def test_a_volume_without_room_is_not_ready(home: Home) -> None:
    """It says what devices are told, and how much room there would have to be."""
    well, full = _check(home, 1).check(), _check(home, 1 << 62).check()

    assert (well.ok, full.ok) == (True, False)
    assert "read from offset 7 on" in well.words
    assert full.words.startswith("devices are told to come again later: 1 segments")


def test_the_oldest_frame_that_waits_is_told(home: Home, tmp_path: Path) -> None:
    """By its arrival; nothing is said where nothing waits."""
    check = _check(home, 1)

    assert check.waiting(0) == ", the oldest for 3000 s"
    assert check.waiting(1 << 40) == ""
