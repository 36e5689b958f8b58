"""The table of columns: one literal for DDL, checks and docs."""

from pathlib import Path

import numpy as np
import pytest

from narrowgate_fleet import COLUMNS
from narrowgate_fleet.cells import parse, printed
from narrowgate_fleet.columns import BY_NAME, Value, columns_page

ROOT = Path(__file__).parents[2]


def test_the_docs_page_has_the_columns_as_they_are() -> None:
    """The page's table is the one that the literal gives."""
    assert (ROOT / "docs" / "registry.md").read_text("utf-8").endswith(columns_page())


def test_every_column_says_what_it_is_and_accepts() -> None:
    """No column is without help, and names are unique."""
    assert all(column.help and column.accepts for column in COLUMNS)
    assert len(BY_NAME) == len(COLUMNS)


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("lat", " 28.26 ", 28.26),
        ("register_start_m3", "-0", 0.0),
        ("q3_m3_per_h", "1e3", 1000.0),
        ("street", "  ", None),
        ("state", "", "active"),
        ("valid_from", "2026-03-01T08:00:00+08:00", 1_772_323_200_000_000),
        ("valid_from", "1969-12-31T23:59:59.999999Z", -1),
    ],
)
def test_a_cell_is_parsed_to_its_value(name: str, text: str, value: Value) -> None:
    """Blanks around a value do not count; an empty cell is the column's default."""
    assert parse(BY_NAME[name], text) == value


@pytest.mark.parametrize("value", np.geomspace(0.001, 99_999.0, 50).tolist())
def test_a_number_prints_so_that_it_parses_to_itself(value: float) -> None:
    """No digit is lost on the way out and in."""
    column = BY_NAME["q3_m3_per_h"]

    assert parse(column, printed(column, value)) == value
