"""What rules remember, row by row."""

import numpy as np

from narrowgate_rules import CONTINUOUS_LEAK, METER_SILENT, OVERSTAY
from narrowgate_rules.memories import Reach, memories_of

RULES = (CONTINUOUS_LEAK, METER_SILENT)
SOME, MORE = np.array([1, 5, 70]), np.array([5, 6, 70, 71])


def test_a_slot_never_written_is_as_it_was_declared() -> None:
    """Beyond the last slot and between written ones."""
    memories, _ = memories_of(RULES)
    memory = memories["continuous_leak"]
    memory.put(SOME, memory.take(SOME))

    taken = memory.take(np.array([0, 3, 900]))

    assert all((taken[column.name] == column.fresh(3)).all() for column in CONTINUOUS_LEAK.state)


def test_columns_of_any_size_come_back() -> None:
    """Words, halves of words and single bytes, alone and by the dozen."""
    memories, _ = memories_of((OVERSTAY,))
    memory, rng = memories["overstay"], np.random.default_rng(1)
    given = {
        column.name: rng.integers(0, 100, column.fresh(3).shape).astype(column.dtype)
        for column in OVERSTAY.state
    }
    memory.put(SOME, given)

    taken = memory.take(SOME)

    assert all((taken[name] == values).all() for name, values in given.items())


def test_rules_that_judge_other_slots_keep_their_own_columns() -> None:
    """A rule's write leaves what another rule wrote to the same slots, whole rows or columns."""
    memories, tables = memories_of(RULES)
    leak, silent = memories["continuous_leak"], memories["meter_silent"]
    rows = tables[CONTINUOUS_LEAK.family]
    first, second = Reach(rows, SOME), Reach(rows, MORE)
    leaks, silences = leak.turned(first.rows), silent.turned(second.rows)
    leaks["last_us"][:], silences["last_us"][:] = 7, 8

    first.write({leak: leaks}, whole=True)
    second.write({silent: silences}, whole=False)

    assert leak.take(np.array([1, 5, 6, 70]))["last_us"].tolist()[:2] == [7, 7]
    assert silent.take(np.array([5, 6, 70, 71]))["last_us"].tolist() == [8, 8, 8, 8]


def test_what_a_rule_does_to_its_copy_is_not_written() -> None:
    """Of one slot as of many."""
    memories, tables = memories_of(RULES)
    leak = memories["continuous_leak"]
    leak.put(SOME, leak.take(SOME))

    leak.turned(Reach(tables[CONTINUOUS_LEAK.family], SOME[:1]).rows)["recent_us"][:] = 9

    assert not leak.take(SOME)["recent_us"].any()
