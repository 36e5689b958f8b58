"""`narrowgate archive`: beside a running gateway and without one."""

from pathlib import Path

import pytest

from narrowgate_ingest.segments import first_offsets
from operator_verbs import STRANGER, Site, make_site


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> tuple[Site, list[dict[str, object]]]:
    """A home whose gateway ran and was asked to archive, and what it said; segments go at once."""
    more = "[journal]\nsegment_bytes = 65536\nkeep_bytes = 0\n[core]\nsnapshot_every_s = 0.2\n"
    site = make_site(tmp_path_factory.mktemp("archive"), more=more)
    with site.running() as gateway:
        site.send(["bay-1", STRANGER, "bay-2"] * 40)
        gateway.until(site.is_drained)
        kept = first_offsets(site.home.journal)
        listed = site.lines("archive", "--now")
        gateway.until(lambda: first_offsets(site.home.journal)[0] > 0)
        # It sent so many frames at once that the door may tell it to come slower.
        gateway.until(lambda: bool(site.send(["bay-1"])))
        gateway.until(site.is_drained)
        assert gateway.end() == 0
    assert kept[0] == 0
    return site, listed


def test_a_running_gateway_archives_when_it_is_asked(ran: tuple[Site, list[dict[str, object]]]) -> None:
    """Frames, readings and ticks are listed by kind and family, with files and bytes."""
    found = {(row["kind"], row["family"]) for row in ran[1]}

    assert found == {
        ("frames", "parking"), ("frames", "unknown"), ("readings", "parking"), ("ticks", None)
    }  # fmt: skip


def test_segments_are_released_when_they_are_archived(ran: tuple[Site, list[dict[str, object]]]) -> None:
    """Where no segment is to be kept, those that are not archived stay, the others go."""
    assert first_offsets(ran[0].home.journal)[0] > 0


def test_a_stopped_gateway_is_archived_by_the_verb(ran: tuple[Site, list[dict[str, object]]]) -> None:
    """Without a core the verb writes what came in since."""
    before = sum(row["files"] for row in ran[0].lines("archive"))
    after = sum(row["files"] for row in ran[0].lines("archive", "--now"))

    assert after > before


def test_a_home_without_a_gateway_has_no_archive(tmp_path: Path) -> None:
    """One line says so."""
    result = make_site(tmp_path).run("archive")

    assert result.exit_code == 1
    assert "no gateway ran in this home yet" in result.stderr
