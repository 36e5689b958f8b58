"""The index of keys against a dictionary."""

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from narrowgate_rules.key_index import MOST_BYTES, Key, KeyIndex
from narrowgate_rules.slots import Named, SeriesTable

_NAMES = st.text(st.sampled_from("ab\x00水"), max_size=12) | st.sampled_from(
    ["m" * MOST_BYTES, "m" * (MOST_BYTES + 1), "m" * 9, "m" * 8]
)
_KEYS = st.lists(st.tuples(_NAMES, _NAMES), max_size=30)


def _columns(keys: list[Key]) -> tuple[pa.Array, pa.Array]:
    return pa.array([d for d, _ in keys], pa.string()), pa.array([s for _, s in keys], pa.string())


@given(st.lists(_KEYS, max_size=4), _KEYS)
def test_slots_as_of_a_dictionary(batches: list[list[Key]], asked: list[Key]) -> None:
    """Keys have the slots in order of their coming; what never came has none."""
    index, slots = KeyIndex(), dict[Key, int]()
    for keys in batches:
        fresh = list(dict.fromkeys(key for key in keys if key not in slots))
        index.add(*_columns(fresh))
        slots |= {key: len(slots) + n for n, key in enumerate(fresh)}

    wanted = [*slots, *asked]
    assert [slots.get(key, -1) for key in wanted] == index.find(*_columns(wanted)).tolist()


@given(_KEYS)
def test_names_come_back(keys: list[Key]) -> None:
    """The index gives the keys back as they came, one by one and as columns."""
    fresh = list(dict.fromkeys(keys))
    index = KeyIndex()
    index.add(*_columns(fresh))

    by_column = list(zip(*(column.to_pylist() for column in index.texts()), strict=True))
    assert (fresh, fresh) == ([index.key(slot) for slot in range(len(index))], by_column)


def test_part_of_a_batch() -> None:
    """Columns that begin in the middle of others are read from there."""
    index = KeyIndex()
    device, series = _columns([(f"meter-{n}", str(n)) for n in range(100)])
    index.add(device.slice(40, 7), series.slice(40, 7))

    assert index.find(device.slice(44, 5), series.slice(44, 5)).tolist() == [4, 5, 6, -1, -1]


@pytest.mark.parametrize("known", [0, 1, 2, 4])
def test_first_series_of_a_device_leads(known: int) -> None:
    """The series that came first leads, whether or not the device is new in the batch."""
    keys = [("a", "2"), ("b", ""), ("a", "1"), ("b", "1")]
    table = SeriesTable()
    table.add(keys[:known])

    named = Named(table, keys[known:], pa.array([0, 1, 2, 3]).to_numpy())
    assert table.leading(named).tolist() == [True, True, False, False]
