"""`narrowgate bench codecs`: figures beside peers' figures, and loops that read what profiles read.

The whole benchmark runs where NARROWGATE_CHAOS is set.
"""

import json
import random
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from narrowgate_bench.codec_frames import USUAL, Sender
from narrowgate_bench.codec_struct_loops import LOOPS
from narrowgate_bench.codecs import RECEIVED_AT_US, ZONE, Batch, _one_length
from narrowgate_codecs.bundle import bundle
from narrowgate_gateway.verbs.bench import command, line_of
from needs import long


@long
def test_rows_have_the_shape_that_readers_know() -> None:
    """Every row has a name, a figure with its unit, the peer's figure, and the raw runs of both."""
    result = CliRunner().invoke(command, ["codecs", "--json", "--runs", "1", "--frames", "40"])

    rows = json.loads(result.stdout)["rows"]
    keys = {"name", "figure", "unit", "peer", "peer_figure", "runs", "peer_runs"}
    assert (result.exit_code, [row for row in rows if set(row) != keys or len(row["runs"]) != 1]) == (0, [])


def test_figures_are_told_in_lines() -> None:
    """A line tells a figure, its peer's and how many times it is; without a peer's figure, more than any."""
    row = {"name": "a batch", "figure": 250_000.4, "unit": "frames/s", "peer": "construct"}

    said = [line_of(row | {"peer_figure": figure}) for figure in (12.5, 0.0)]

    assert said == [
        "a batch: 250,000 frames/s, construct 12.50 (2e+04 times)",
        "a batch: 250,000 frames/s, construct 0.00 (inf times)",
    ]


@pytest.mark.parametrize("count", [1, 63, 448, 1000])
def test_parts_of_a_batch_are_the_batch(count: int) -> None:
    """What a peer is timed on over all runs is every frame once, or, of few frames, all of them each time."""
    payloads = [bytes([at % 251, at % 256]) for at in range(count)]

    parts = Batch(payloads, None).parts(7)

    together = [frame for part in parts for frame in part.payloads]
    assert together in (payloads, payloads * 7)


@pytest.mark.parametrize(("profile", "message"), sorted(USUAL.items()))
def test_struct_loop_makes_the_same_fields(profile: str, message: str) -> None:
    """The hand-written loop gives the fields of the profile's readings, value by value."""
    drawn = _one_length(Sender(profile, "up", random.Random(2)), message, 200)
    # A clock that starts with 20 can be read from both ends; the loop knows one order only.
    frames = [frame for frame in drawn.payloads if not (profile.startswith("cjt188") and frame[24] == 0x20)]

    by_hand = LOOPS[profile](frames, ZONE, RECEIVED_AT_US)
    (ours,) = bundle(profile, frames, ZONE, RECEIVED_AT_US, ports=drawn.first(len(frames)).ports).measures

    assert _plain(ours) == {name: _listed(column) for name, column in by_hand.items()}


def _plain(measures: Any) -> dict[str, list[Any]]:
    plain: dict[str, list[Any]] = {"time_us": measures.time_us.tolist()}
    columns = dict(measures.fields)
    if measures.unsynchronised is not None:
        columns["clock_unsynchronised"] = measures.unsynchronised
    for name, column in columns.items():
        words = measures.words.get(name)
        said = np.ones(len(measures.rows), np.bool_) if column.said is None else column.said
        values = [words[value] if words else value for value in column.values.tolist()]
        plain[name] = [value if known else None for value, known in zip(values, said.tolist(), strict=True)]
    return plain


def _listed(column: Any) -> list[Any]:
    values = column.tolist() if isinstance(column, np.ndarray) else column
    return [None if isinstance(value, float) and np.isnan(value) else value for value in values]
