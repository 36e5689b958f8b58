"""Memory with devices taken out, or known better by another engine."""

import pytest

from narrowgate_rules import OVERSTAY, RULES, Engine
from narrowgate_rules.memory_edit import grafted, without
from narrowgate_schema.words import Family
from rules_rows import HOUR_US, MONDAY_US, Row, hear


def _heard(*rows: Row) -> Engine:
    engine = Engine(RULES)
    hear(engine, Family.PARKING, list(rows))
    return engine


def _row(device: str, hour: int = 0, *, occupied: bool = True) -> Row:
    return Row(1 + hour, device, MONDAY_US + hour * HOUR_US, {"occupied": occupied})


def test_without_a_device_memory_is_as_if_it_had_never_been_heard() -> None:
    """Nothing of it stays, and nothing of another goes."""
    both, other = _heard(_row("a"), _row("b")), _heard(_row("b"))

    assert without(RULES, both.snapshot(), ["a"]) == without(RULES, other.snapshot(), [])
    assert b"a-long-name" not in without(RULES, _heard(_row("a-long-name")).snapshot(), ["a-long-name"])


def test_without_nobody_memory_is_the_same() -> None:
    """An engine takes it and gives the same again."""
    data = _heard(_row("a"), _row("b")).snapshot()

    assert without(RULES, data, []) == data


def test_what_another_engine_knows_better_takes_the_place_of_what_is_known() -> None:
    """Devices that the other did not hear keep their memory."""
    live, other = _heard(_row("a"), _row("b")), _heard(_row("a", occupied=False))
    engine = Engine(RULES)
    engine.restore(grafted(RULES, live.snapshot(), other.snapshot(), with_causes=True))
    said = hear(engine, Family.PARKING, [_row(name, hour) for hour in (30, 31) for name in ("a", "b")])

    assert {session["device"] for session in said.sessions} == {"a"}


def test_memory_of_other_rules_is_no_graft() -> None:
    """One line names what is missing."""
    live, other = Engine(RULES).snapshot(), Engine([OVERSTAY]).snapshot()

    with pytest.raises(ValueError, match="the other snapshot lacks rule"):
        grafted(RULES, live, other, with_causes=False)
