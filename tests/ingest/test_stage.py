"""What the stage runner promises: rows that make a stage raise cost themselves only."""

from hypothesis import given
from hypothesis import strategies as st

from narrowgate_ingest.stage import Done, Poisoned, run_rows


def rows_through(bad: set[int], start: int, stop: int) -> tuple[list[int], list[int]]:
    """Run a stage that raises on bad rows; give the rows it made and the rows set aside, in order."""

    def stage(first: int, last: int) -> list[int]:
        if any(row in bad for row in range(first, last)):
            raise KeyError("bad row")
        return list(range(first, last))

    made: list[int] = []
    poisoned: list[int] = []
    order: list[int] = []
    for part in run_rows(stage, start, stop):
        if isinstance(part, Poisoned):
            poisoned.append(part.row)
            order.append(part.row)
        else:
            assert isinstance(part, Done)
            assert part.made == list(range(part.start, part.stop))
            made += part.made
            order += part.made
    assert order == list(range(start, stop))
    return made, poisoned


@given(st.sets(st.integers(0, 60)), st.integers(0, 30), st.integers(0, 40))
def test_rows_that_raise_are_found_and_all_others_made(bad: set[int], start: int, count: int) -> None:
    """Each row is covered once, in order; exactly those that raise are set aside."""
    rows = set(range(start, start + count))

    assert rows_through(bad, start, start + count) == (sorted(rows - bad), sorted(rows & bad))


def test_no_rows_run_nothing() -> None:
    """A stage is not called for nothing."""
    assert list(run_rows(lambda first, last: 1 / 0, 5, 5)) == []


def test_the_words_of_what_was_raised_are_kept() -> None:
    """A row that is set aside says what was raised, with its kind."""

    def stage(first: int, last: int) -> None:
        raise KeyError("volume")

    assert list(run_rows(stage, 3, 4)) == [Poisoned(3, "KeyError: 'volume'")]
