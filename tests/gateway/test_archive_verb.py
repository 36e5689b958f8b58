"""`narrowgate archive`: beside a running gateway and without one."""

import csv
import io
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from click.testing import Result

from narrowgate_ingest.archive_files import Archived, parts_of
from narrowgate_ingest.segments import first_offsets
from operator_verbs import STRANGER, Site, make_site

Ran = tuple[Site, list[dict[str, object]], Result]


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """A home whose gateway ran and was asked to archive, and what it said; segments go at once."""
    more = "[journal]\nsegment_bytes = 65536\nkeep_bytes = 0\n[core]\nsnapshot_every_s = 0.2\n"
    site = make_site(tmp_path_factory.mktemp("archive"), more=more)
    with site.running() as gateway:
        site.send(["bay-1", STRANGER, "bay-2"] * 40)
        gateway.until(site.is_drained)
        kept = first_offsets(site.home.journal)
        listed = site.lines("archive", "--now")
        gateway.until(lambda: first_offsets(site.home.journal)[0] > 0)
        figures = site.run("figures", "--family", "parking", "--by", "asset")
        # It sent so many frames at once that the door may tell it to come slower.
        gateway.until(lambda: bool(site.send(["bay-1"])))
        gateway.until(site.is_drained)
        assert gateway.end() == 0
    assert kept[0] == 0
    return site, listed, figures


def test_a_running_gateway_archives_when_it_is_asked(ran: Ran) -> None:
    """Frames, readings and ticks are listed by kind and family, with files and bytes."""
    found = {(row["kind"], row["family"]) for row in ran[1]}

    assert found == {
        ("frames", "parking"), ("frames", "unknown"), ("readings", "parking"), ("ticks", None)
    }  # fmt: skip


def test_a_running_homes_figures_come_out_of_its_archive(ran: Ran) -> None:
    """A row a place and day, and in words from when on there are readings."""
    rows = list(csv.DictReader(io.StringIO(ran[2].stdout)))

    assert (ran[2].exit_code, ran[2].stderr[:11]) == (0, "parking of ")
    assert {row["place"] for row in rows} == {""}
    assert "occupancy_pct" in rows[0]


def test_a_span_without_readings_has_no_figures(ran: Ran) -> None:
    """It says that there are none, and gives no row."""
    none = ran[0].run("figures", "--family", "parking", "--to", "2020-01-01T00:00:00Z")

    assert (none.exit_code, none.stdout.splitlines(), none.stderr.split(": ")[-1]) == (
        0, ["from"], "no readings\n"
    )  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--family", "water"), "no readings of water are archived"),
        (("--family", "parking", "--readings", __file__), "--readings wants --fleet"),
    ],
)
def test_figures_of_nothing_are_refused(ran: Ran, arguments: tuple[str, ...], words: str) -> None:
    """One line says what is missing."""
    refused = ran[0].run("figures", *arguments)

    assert refused.exit_code > 0
    assert words in refused.stderr


def test_segments_are_released_when_they_are_archived(ran: Ran) -> None:
    """Where no segment is to be kept, those that are not archived stay, the others go."""
    assert first_offsets(ran[0].home.journal)[0] > 0


def test_a_stopped_gateway_is_archived_by_the_verb(ran: Ran) -> None:
    """Without a core the verb writes what came in since: every kept frame is in the archive."""
    ran[0].lines("archive", "--now")
    parts = parts_of(ran[0].home.archive, Archived.FRAMES)

    assert sum(pq.read_metadata(part.path).num_rows for part in parts) == ran[0].ledger()["kept"]


def test_a_home_without_a_gateway_has_no_archive(tmp_path: Path) -> None:
    """One line says so."""
    result = make_site(tmp_path).run("archive")

    assert result.exit_code == 1
    assert "no gateway ran in this home yet" in result.stderr
