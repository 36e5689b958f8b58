"""What expressions remember of a value that is switched: since when it is what it is, and what was before.

A value that becomes known for the first time is switched, too.
"""

import numpy as np

from narrowgate_rules.columns import Floats, Instants, State
from narrowgate_rules.segments import Layout, index_of_last, last_known, shifted


def steady_since(layout: Layout, values: Floats, time_us: Instants, state: State, name: str) -> Instants:
    """Give since when each reading's value is what it is, (n,) [us]; keeps it in `state`.

    Args:
        layout: of the readings in which the value is known.
        values: (n,) known, all of them.
        time_us: (n,).
        state: of the groups; its columns `{name}value` and `{name}us` are kept.
        name: of the memory.
    """
    is_new = values != layout.before(values, state[f"{name}value"])
    since_us: Instants = np.where(is_new, time_us, layout.each(state[f"{name}us"]))
    since_us = since_us[layout.opened(is_new)]
    state[f"{name}value"] = layout.keep(state[f"{name}value"], values)
    state[f"{name}us"] = layout.keep(state[f"{name}us"], since_us)
    return since_us


def before_switch(layout: Layout, of: Floats, key: Floats, state: State, name: str) -> Floats:
    """Give what was last known before another value was switched last, (n,), NaN where nothing was.

    Args:
        layout: of all readings.
        of: (n,) NaN = not known.
        key: (n,) NaN = not known: it is what it was.
        state: of the groups; its columns `{name}value`, `{name}last` and `{name}before` are kept.
        name: of the memory.
    """
    group, first = layout.group, layout.first
    key = last_known(key, group, state[f"{name}value"])
    was = layout.before(key, state[f"{name}value"])
    is_new = (key != was) & ~np.isnan(key)
    opens = first | is_new
    begin = np.flatnonzero(opens)
    stretch = np.cumsum(opens) - 1
    carried = np.where(is_new[begin], np.nan, state[f"{name}last"][group[begin]])
    last = last_known(of, stretch, carried)
    left = shifted(last, first, state[f"{name}last"][group[first]])
    before = np.where(is_new, left, state[f"{name}before"][group])[index_of_last(opens)]
    for column, values in (("value", key), ("last", last), ("before", before)):
        state[f"{name}{column}"] = layout.keep(state[f"{name}{column}"], values)
    return before
