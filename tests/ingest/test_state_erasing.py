"""A device may be called like a word or a number of ours: these stay when it is erased."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from findings_rows import batch, raised
from narrowgate_cases import DEFAULT_PRACTICE, Report, Wants, apply, install_outbox, report
from narrowgate_cases.open311_links import install_links, note_posting
from narrowgate_cases.requests import reports_of
from narrowgate_ingest import state
from narrowgate_ingest.state import Share, State
from narrowgate_ingest.state_erasing import erase_state
from narrowgate_schema.tables import FINDINGS
from narrowgate_schema.words import Family


@pytest.mark.parametrize("name", ["pipeline", "stored", "coap", "water", "raised", "format_version"])
def test_words_of_ours_stay(tmp_path: Path, name: str) -> None:
    """Cursors, counts and findings of others are what they were."""
    with closing(State(tmp_path / "state.db")) as opened:
        connection = opened.connection
        state.set_cursor(connection, state.PIPELINE, 7)
        state.count_frames(connection, {Share("stored", "", "coap", "water", "city"): 5})
        row = dict.fromkeys(FINDINGS.names)
        row |= {"finding": "f1", "version": 1, "rule": "burst", "family": "water", "state": "raised"}
        marks = ", ".join("?" * len(row))
        connection.execute(f"INSERT INTO findings VALUES ({marks})", tuple(row.values()))  # noqa: S608
        told = ("cursors", "dispositions", "shares", "findings", "meta")
        before = [connection.execute(f"SELECT * FROM {table}").fetchall() for table in told]  # noqa: S608
        erase_state(connection, name, "erased-1")

        assert [connection.execute(f"SELECT * FROM {table}").fetchall() for table in told] == before  # noqa: S608


def test_letters_go_and_endpoints_keep_their_names(tmp_path: Path) -> None:
    """All endpoints lose the letters of an erased device, though one is called like it; others stay."""
    with closing(State(tmp_path / "state.db")) as opened:
        connection = opened.connection
        install_outbox(connection, [("lamp-1", Wants()), ("city", Wants())])
        install_links(connection)
        apply(connection, batch(raised("f1"), raised("f2")), 7)
        note_posting(connection, "lamp-1", 2, "LAMP", 0, 9.0)
        erased = erase_state(connection, "lamp-1", "erased-1")
        tables = ("outbox_deliveries", "outbox_endpoints", "open311_requests")
        names = [
            [name for (name,) in connection.execute(f"SELECT endpoint FROM {table} ORDER BY 1")]  # noqa: S608
            for table in tables
        ]

        assert erased["letters"] == 1
        assert names == [["city", "lamp-1"], ["city", "lamp-1"], ["lamp-1"]]


def test_evidence_stays_json_when_a_number_reads_like_the_name(tmp_path: Path) -> None:
    """Strings lose the name; a figure of another device's finding keeps its value."""
    with closing(State(tmp_path / "state.db")) as opened:
        connection = opened.connection
        row = dict.fromkeys(FINDINGS.names)
        row |= {"finding": "f1", "version": 1, "device": "x", "evidence": '{"litres": 17, "beside": ["17"]}'}
        marks = ", ".join("?" * len(row))
        connection.execute(f"INSERT INTO findings VALUES ({marks})", tuple(row.values()))  # noqa: S608
        erase_state(connection, "17", "erased-1")
        (evidence,) = connection.execute("SELECT evidence FROM findings").fetchone()

        assert json.loads(evidence) == {"litres": 17, "beside": ["erased-1"]}


def _reported(connection: sqlite3.Connection) -> dict[str, str]:
    """Have people report of a device, of its place, and of another place; give the cases' numbers."""
    told = {"device": ("lamp-1", None), "asset": ("", "column-1"), "other": ("", "column-2")}
    numbers = {}
    for name, (device, asset) in told.items():
        each = Report(
            name,
            "lamp_out",
            Family.LIGHTING,
            f"Frau Secret reports {name}",
            details={"address": "Secret street"},
            person={"last_name": "Secret"},
            device=device,
            asset=asset,
        )
        numbers[name] = report(connection, each, "token:app", 9, DEFAULT_PRACTICE)
    return numbers


@pytest.mark.parametrize(
    ("asset", "gone"), [("", {"device"}), ("column-1", {"device", "asset"}), ("column-9", {"device"})]
)
def test_what_people_reported_goes_with_who_they_are(tmp_path: Path, asset: str, gone: set[str]) -> None:
    """Words, addresses and names of a device's cases go, and of an asset's if it is named; others' stay."""
    with closing(State(tmp_path / "state.db")) as opened:
        connection = opened.connection
        numbers = _reported(connection)
        erased = erase_state(connection, "lamp-1", "erased-1", asset)
        told = {
            name: reports_of(connection, number, with_people=True, limit=9)
            for name, number in numbers.items()
        }
        dump = " ".join(connection.iterdump())

        assert (erased["reports"], erased["reporters"]) == (len(gone), len(gone))
        assert {name for name, [each] in told.items() if not each.words} == gone
        assert {name for name, [each] in told.items() if each.person is None} == gone
        assert dump.count("Frau Secret reports other") > 0
        assert all(f"Frau Secret reports {name}" not in dump for name in gone)
