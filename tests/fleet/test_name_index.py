"""The hash table from names to slots."""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet_rows import WATER, csv_text, fleet_of, take
from narrowgate_fleet.name_index import NameIndex, Names, places_of

NAMES = st.text(st.sampled_from("abAB01._:-"), min_size=1, max_size=64)
ANYTHING = st.none() | st.text(max_size=80) | NAMES


def index_of(names: list[str | None]) -> NameIndex:
    """Give the index of names by slot."""
    held = Names(pa.array(names, pa.string()))
    return NameIndex(held, places_of(held))


@given(st.lists(st.none() | NAMES, unique_by=lambda name: name or object(), max_size=80), st.data())
def test_the_index_finds_what_a_dictionary_finds(names: list[str | None], data: st.DataObject) -> None:
    """Whatever is asked, known or not, text or nothing, the answer is a dictionary's."""
    known = {name: slot for slot, name in enumerate(names) if name is not None}
    asked = data.draw(st.lists(st.sampled_from([*known, None]) | ANYTHING, max_size=60))

    found = index_of(names).find(asked)

    assert found.tolist() == [known.get(name, -1) if name is not None else -1 for name in asked]


@pytest.mark.parametrize("name", ["w1\0", "\0w1", "w", "w11", "\ud800", "水", "", "w1" * 40])
def test_what_only_resembles_a_name_is_unknown(name: str) -> None:
    """Zero bytes, parts, half a surrogate pair and longer names are nobody's."""
    assert index_of(["w1"]).find([name, "w1"]).tolist() == [-1, 0]


def test_names_that_share_a_place_are_told_apart() -> None:
    """A thousand names in the smallest table that takes them are each found."""
    names: list[str | None] = [f"860000000{number:06d}" for number in range(1000)]

    assert index_of(names).find(names).tolist() == list(range(1000))


def test_the_table_is_at_most_half_full() -> None:
    """There is always a free place that ends a search."""
    filled = [
        np.count_nonzero(table >= 0) / len(table)
        for count in (0, 1, 2, 3, 4, 5, 127, 128, 129)
        for table in [places_of(Names(pa.array([str(number) for number in range(count)], pa.string())))]
    ]

    assert max(filled) <= 0.5


def test_a_damaged_table_gives_no_wrong_slot() -> None:
    """Places that name slots beyond the fleet, or another's, cost the answer only."""
    names = Names(pa.array(["w1", "w2"]))
    places = places_of(names)
    beyond = np.where(places == 0, 99, places).astype(np.int32)
    full = np.zeros_like(places)

    assert NameIndex(names, beyond).find(["w1", "w3"]).tolist() == [-1, -1]
    assert NameIndex(names, full).find(["w1", "w2"]).tolist() == [0, -1]


def test_a_table_of_odd_length_is_refused() -> None:
    """The length of a table is a power of two."""
    with pytest.raises(ValueError, match="3 places"):
        NameIndex(Names(pa.array(["w1"])), np.zeros(3, np.int32))


def test_a_snapshot_without_index_gets_one(tmp_path: Path) -> None:
    """What the first release published is read; its index is made when it is loaded."""
    take(tmp_path, csv_text("device,profile", f"w1,{WATER}", f"w2,{WATER}"))
    snapshot = tmp_path / "registry" / "snapshot-1"
    (snapshot / "index.arrow").unlink()
    manifest = json.loads((snapshot / "manifest.json").read_text())
    del manifest["files"]["index"]
    (snapshot / "manifest.json").write_text(json.dumps(manifest))

    assert fleet_of(tmp_path).slots(["w2", "w1", "x"]).tolist() == [1, 0, -1]


def test_names_as_bytes_are_found_as_their_texts_are() -> None:
    """What a listener cut out of its datagrams needs no decoding, and bytes that are no text are nobody's."""
    index = index_of(["w1", "straße", None, "w22"])
    asked = [b"w1", "straße".encode(), b"w22", b"w2", b"\xff", b"", b"longer than any name is"]
    rows = np.frombuffer(b"".join(name.ljust(30, b"\0") for name in asked), np.uint8).reshape(-1, 30)

    assert index.find_encoded(rows, np.array(list(map(len, asked)))).tolist() == [0, 1, 3, -1, -1, -1, -1]
