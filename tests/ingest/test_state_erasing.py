"""A device may be called like a word or a number of ours: these stay when it is erased."""

import json
from contextlib import closing
from pathlib import Path

import pytest

from narrowgate_ingest import state
from narrowgate_ingest.state import Share, State
from narrowgate_ingest.state_erasing import erase_state
from narrowgate_schema.tables import FINDINGS


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
