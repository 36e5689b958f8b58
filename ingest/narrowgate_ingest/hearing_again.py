"""What came in, decoded and judged once more in its order, by stages with memories of their own."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from narrowgate_fleet import Fleet
from narrowgate_ingest.decoding import DecodeStage
from narrowgate_ingest.history import History, cut_at
from narrowgate_ingest.host_clock import HostClock
from narrowgate_ingest.judging import judge
from narrowgate_ingest.settlement import Prepared, note_poison
from narrowgate_rules import Engine


@dataclass(frozen=True)
class Registry:
    """The registry as it was."""

    fleet_at: Callable[[int], Fleet]
    """Gives it as of an instant [us]."""
    turns_us: Sequence[int]
    """When it changed, in order [us]."""


def hear_again(
    history: History,
    span: tuple[int, int],
    registry: Registry,
    stage: DecodeStage,
    engine: Engine,
    devices: Sequence[str] = (),
) -> Iterator[tuple[int, list[Prepared]]]:
    """Yield what batches give, and the journal offset behind each.

    Args:
        history: what came in.
        span: arrivals from an instant on [us], up to a journal offset.
        registry: by whose attributes frames are read.
        stage: decodes; it has seen nothing.
        engine: judges, and remembers.
        devices: whose frames are heard; all where it is empty.

    Raises:
        OSError, ValueError, pyarrow.ArrowException: history cannot be read.
    """
    clock = HostClock()
    for whole in history.batches(*span, devices):
        given = []
        for at_us, batch in cut_at(whole, registry.turns_us):
            fleet = registry.fleet_at(at_us)
            doubted = clock.doubted(batch.uplinks, batch.ticks)
            decoding = stage.run(batch.uplinks, fleet)
            judgement = judge(engine, batch, decoding.readings, fleet, doubted)
            note_poison(decoding, judgement, batch)
            given.append(Prepared(batch, decoding, judgement, doubted))
        yield whole.end, given
