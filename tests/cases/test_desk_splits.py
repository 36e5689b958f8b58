import sqlite3
from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from findings_rows import batch, cleared, raised, retracted
from narrowgate_cases import SCHEMA, apply


def _row(build: Callable[..., dict[str, object]], finding: str, version: int) -> dict[str, object]:
    """Give a version; the third finding begins to matter with its third version."""
    severity = "info" if finding == "f3" and version < 3 else "minor"
    return build(finding, version, severity=severity)


_ROWS = st.builds(
    _row,
    st.sampled_from([raised, cleared, retracted]),
    st.sampled_from(["f1", "f2", "f3"]),
    st.integers(1, 6),
)


def _desk() -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.executescript(SCHEMA)
    return connection


def _content(connection: sqlite3.Connection) -> list[str]:
    content = list(connection.iterdump())
    connection.close()
    return content


@given(st.lists(_ROWS, max_size=12), st.data())
def test_cases_do_not_depend_on_the_split_of_the_batches(
    rows: list[dict[str, object]], data: st.DataObject
) -> None:
    """Any split of a sequence of versions gives the same cases, steps and numbers."""
    whole, split = _desk(), _desk()
    apply(whole, batch(*rows), 7)
    rest = rows
    while rest:
        size = data.draw(st.integers(1, len(rest)))
        apply(split, batch(*rest[:size]), 7)
        rest = rest[size:]

    assert _content(whole) == _content(split)


@given(st.lists(st.lists(_ROWS, max_size=5), max_size=5), st.data())
def test_repeated_batches_change_nothing(batches: list[list[dict[str, object]]], data: st.DataObject) -> None:
    """Batches that come again after any crash, in their order, leave the cases as they were."""
    once, again = _desk(), _desk()
    for end, rows in enumerate(batches, start=1):
        apply(once, batch(*rows), 7)
        apply(again, batch(*rows), 7)
        for repeated in batches[data.draw(st.integers(0, end)) : end]:
            apply(again, batch(*repeated), 8)

    assert _content(once) == _content(again)
