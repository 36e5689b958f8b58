"""What operators do to findings while the pipeline stands between two batches.

Rule 1: an act, its record and the snapshot that knows of it are one transaction: no restart forgets it, and
        none takes it back to rows that came before it.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from narrowgate_cases import apply
from narrowgate_ingest import state
from narrowgate_ingest.pipeline import Pipeline
from narrowgate_ingest.shelving import Act, end_shelf, note, put_shelf, shelves_in_force
from narrowgate_ingest.superseded import newest_version, versions_batch
from narrowgate_rules import Shelf
from narrowgate_schema.words import FindingState


def shelve(pipeline: Pipeline, shelf: Shelf, act: Act) -> int:
    """Keep findings from the desk until some instant; give the shelf's number.

    Raises:
        ValueError: the shelf's rule is none, or it ends in the past or too late.
        sqlite3.Error: nothing was changed.
    """
    if shelf.rule and shelf.rule not in pipeline.engine.versions:
        raise ValueError(f"{shelf.rule!r} is no rule")
    with _acting(pipeline) as connection:
        number = put_shelf(connection, shelf, act)
        pipeline.engine.shelve(shelves_in_force(connection))
        pipeline.put_snapshots(connection)
    return number


def unshelve(pipeline: Pipeline, number: int, act: Act) -> None:
    """End a shelf before its time.

    Raises:
        ValueError: it is not in force.
        sqlite3.Error: nothing was changed.
    """
    with _acting(pipeline) as connection:
        end_shelf(connection, number, act)
        pipeline.engine.shelve(shelves_in_force(connection))
        pipeline.put_snapshots(connection)


def clear(pipeline: Pipeline, finding: str, act: Act) -> dict[str, Any]:
    """End a latched finding; give its last version.

    Raises:
        ValueError: it is none, is over, does not latch, or still holds.
        sqlite3.Error: nothing was changed.
    """
    fleet = pipeline.newest_fleet()
    with _acting(pipeline) as connection:
        row = newest_version(connection, finding)
        if row is None or row["cleared_at"] is not None:
            raise ValueError(f"no finding {finding!r} is open")
        said = {**json.loads(row["evidence"]), "cleared_by": act.actor, "reason": act.reason}
        ended = {
            **row,
            "version": row["version"] + 1,
            "members": json.loads(row["members"]),
            "state": FindingState.CLEARED.value,
            "cleared_at": max(row["raised_at"] + 1, act.at_us),
            "evidence": json.dumps(said, sort_keys=True),
            "frame": max(0, pipeline.done - 1),
        }
        batch = versions_batch([ended])
        causes = pipeline.engine.clear(row["rule"], row["device"], row["series"], batch, fleet)
        state.put_findings(connection, batch)
        apply(connection, causes, act.at_us, pipeline.practice)
        note(connection, act, "clear", rule=row["rule"], device=row["device"], finding=finding)
        pipeline.put_snapshots(connection)
    return ended


@contextmanager
def _acting(pipeline: Pipeline) -> Iterator[Any]:
    """Give a transaction; what the rules were told in it is taken back if it fails."""
    if pipeline.offset != pipeline.done:
        raise ValueError(
            f"the pipeline stands at {pipeline.offset}, not at {pipeline.done} where it is written"
        )
    before = pipeline.engine.snapshot()
    is_done = False
    try:
        with pipeline.stores.state.transaction() as connection:
            yield connection
        is_done = True
    finally:
        if not is_done:
            pipeline.engine.restore(before)
            pipeline.engine.shelve(shelves_in_force(pipeline.stores.state.connection))
