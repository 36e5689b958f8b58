"""Snapshots of the rules' memory with some devices taken out, or put in the place of others.

Rows of a family's parts lie slot by slot, so that an edit is a choice of rows, the same for all of them.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from narrowgate_rules.declaration import Rule
from narrowgate_rules.snapshot import CAUSES, opened, sealed

Rows = NDArray[np.intp]


def without(rules: Sequence[Rule], snapshot: bytes, devices: Collection[str]) -> bytes:
    """Give a snapshot in which nothing was ever heard of some devices.

    Raises:
        ValueError: the bytes are no whole snapshot that this release reads.
    """
    index, parts = opened(snapshot)
    kept = {
        said["family"]: np.flatnonzero(~np.isin(np.array(part["device"].to_pylist(), object), list(devices)))
        for said, part in zip(index["parts"], parts, strict=True)
        if "family" in said
    }
    families = _families(rules, index)
    edited = []
    for said, part in zip(index["parts"], parts, strict=True):
        family = _family(said, families)
        if said.get("rule") == CAUSES:
            edited.append(_unsaid(part, devices))
        else:
            edited.append(part.take(pa.array(kept[family])) if family in kept else part)
    return sealed(index, edited)


def _unsaid(causes: pa.RecordBatch, devices: Collection[str]) -> pa.RecordBatch:
    """Give what the desk was told without findings about some devices, and without them among members."""
    about = np.array(causes["device"].to_pylist(), object)
    left = causes.take(pa.array(np.flatnonzero(~np.isin(about, list(devices)))))
    members = [[name for name in names if name not in devices] for names in left["members"].to_pylist()]
    place = left.schema.get_field_index("members")
    column = pa.array(members, left.schema.field(place).type)
    return left.set_column(place, left.schema.field(place), column).replace_schema_metadata(
        causes.schema.metadata
    )


def grafted(rules: Sequence[Rule], live: bytes, other: bytes, *, with_causes: bool) -> bytes:
    """Give a snapshot that knows of each series of `other` what that knows, of the rest what `live` does.

    Args:
        rules: whose memory both are.
        live: what is to go on.
        other: what is known better of some; what it says of the clock is not asked.
        with_causes: take over too what `other` says that the desk was told.

    Raises:
        ValueError: one of them is no whole snapshot of these rules.
    """
    index, parts = opened(live)
    other_index, other_parts = opened(other)
    theirs_by_name = {_name(said): part for said, part in zip(other_index["parts"], other_parts, strict=True)}
    if missing := [
        _name(said) for said in index["parts"] if "rule" in said and _name(said) not in theirs_by_name
    ]:
        raise ValueError(f"the other snapshot lacks {missing[0]}")
    families = _families(rules, index)
    kept: dict[str, Rows] = {}
    heard: set[str] = set()
    for said, mine in zip(index["parts"], parts, strict=True):
        if "family" in said and _name(said) in theirs_by_name:
            known = set(_keys(theirs_by_name[_name(said)]))
            heard |= {device for device, _ in known}
            rows = [row for row, key in enumerate(_keys(mine)) if key not in known]
            kept[said["family"]] = np.array(rows, dtype=np.intp)
    joined = []
    for said, mine in zip(index["parts"], parts, strict=True):
        family = _family(said, families)
        if said.get("rule") == CAUSES:
            joined.append(_retold(mine, theirs_by_name[_name(said)], heard) if with_causes else mine)
        elif family in kept:
            joined.append(_joined(mine.take(pa.array(kept[family])), theirs_by_name[_name(said)]))
        else:
            joined.append(mine)
    return sealed(index, joined)


def _name(said: Mapping[str, Any]) -> str:
    return f"family {said['family']}" if "family" in said else f"rule {said['rule']} {said.get('version')}"


def _retold(mine: pa.RecordBatch, theirs: pa.RecordBatch, heard: Collection[str]) -> pa.RecordBatch:
    """Give what the desk was told as `theirs` says it, and as `mine` does of devices that it did not hear."""
    told = set(theirs["finding"].to_pylist())
    pairs = zip(mine["finding"].to_pylist(), mine["device"].to_pylist(), strict=True)
    rows = [row for row, (name, device) in enumerate(pairs) if name not in told and device not in heard]
    return _joined(mine.take(pa.array(rows, pa.int64())), theirs).replace_schema_metadata(
        mine.schema.metadata
    )


def _families(rules: Sequence[Rule], index: Mapping[str, Any]) -> dict[str, str]:
    """Give the realm of each rule by name; ValueError if a rule is not known."""
    known = {rule.name: rule.realm for rule in rules}
    named = [said["rule"] for said in index["parts"] if "rule" in said and said["rule"] != CAUSES]
    if unknown := [name for name in named if name not in known]:
        raise ValueError(f"the snapshot has rules that are not here: {', '.join(unknown)}")
    return known


def _family(said: Mapping[str, Any], families: Mapping[str, str]) -> str:
    return str(said["family"]) if "family" in said else families.get(said.get("rule", ""), "")


def _keys(part: pa.RecordBatch) -> list[tuple[str, str]]:
    return list(zip(part["device"].to_pylist(), part["series"].to_pylist(), strict=True))


def _joined(first: pa.RecordBatch, second: pa.RecordBatch) -> pa.RecordBatch:
    whole = pa.Table.from_batches([first, second.cast(first.schema)]).combine_chunks().to_batches()
    return whole[0] if whole else first
