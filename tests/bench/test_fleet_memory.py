"""`narrowgate bench memory`: every device reports in turn, and what it measures is a gateway that stored all.

The whole benchmark runs where NARROWGATE_CHAOS is set.
"""

from datetime import UTC, datetime, timedelta

import numpy as np

from narrowgate_bench import fleet_memory
from narrowgate_bench.ingest_district import ZONE
from narrowgate_bench.uplink_flood import tail_of
from narrowgate_codecs import Context, decode, uplinks_from
from narrowgate_schema.words import Family
from narrowgate_simulators import City
from needs import long

_BEGIN = datetime(2026, 3, 2, tzinfo=UTC)


def test_a_meters_frame_is_given_another_clock() -> None:
    """The frame says the new instant, its check sum fits, and all else stays as it was."""
    steps = City(1, 3, int(_BEGIN.timestamp() * 1e6)).steps()
    said = next(each for step in steps for each in step.emissions if each.time_us is not None)
    request = np.frombuffer(tail_of(said), np.uint8)[None, :].copy()

    (dated,) = fleet_memory.dated(request, _BEGIN + timedelta(days=40, seconds=7))

    payload = dated.tobytes()[-len(said.payload) :]
    context = Context(devices=[said.device], profiles=["cjt188_water_v2004"], timezone=ZONE)
    before, after = (
        decode(uplinks_from([frame]), context).readings[Family.WATER].to_pylist()[0]
        for frame in (said.payload, payload)
    )
    assert after.pop("time") - before.pop("time") > timedelta(days=39)
    assert after == before


@long
def test_all_that_is_acknowledged_is_stored() -> None:
    """Memory is given for edge and core, resident and proportional, and no frame is missing."""
    *memory, stored = fleet_memory.rows(1, 2, 3000)

    assert [row["name"].split(",")[0] for row in memory] == ["edge_rss", "edge_pss", "core_rss", "core_pss"]
    assert all(figure > 10 for row in memory for figure in row["runs"] + row["peer_runs"])
    assert stored["figure"] == stored["peer_figure"] == 6000
