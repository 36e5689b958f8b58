"""`narrowgate bench memory`: every device reports in turn, and what it measures is a gateway that stored all.

The whole benchmark runs where NARROWGATE_CHAOS is set.
"""

from datetime import UTC, datetime, timedelta

import numpy as np

from narrowgate_bench import fleet_memory
from narrowgate_bench.ingest_district import ZONE
from narrowgate_codecs import Context, decode, uplinks_from
from narrowgate_schema.words import Family
from needs import long

_BEGIN = datetime(2026, 3, 2, tzinfo=UTC)


def test_a_meters_frames_tell_every_hour_once() -> None:
    """Three frames hold 48 hours and the half hours in which they were made, the register never falls."""
    frames = fleet_memory.logs(np.arange(3), int(_BEGIN.timestamp()))
    context = Context(devices=["m"] * 3, profiles=["axioma_qalcosonic_w1_v1"] * 3, timezone=ZONE)

    decoded = decode(uplinks_from([frame.tobytes() for frame in frames]), context)

    rows = sorted(decoded.readings[Family.WATER].to_pylist(), key=lambda row: row["time"])
    hours = [row["time"] for row in rows if row["time"].minute == 0]
    volumes = [row["volume_m3"] for row in rows]
    assert hours == [_BEGIN + timedelta(hours=n) for n in range(48)]
    assert (len(rows), volumes) == (51, sorted(volumes))


@long
def test_all_that_is_acknowledged_is_stored() -> None:
    """Memory is given for edge and core, resident and proportional, and no frame is missing."""
    *memory, settled, readings = fleet_memory.rows(1, 2, 3000)

    assert [row["name"].split(",")[0] for row in memory] == ["edge_rss", "edge_pss", "core_rss", "core_pss"]
    assert all(figure > 10 for row in memory for figure in row["runs"] + row["peer_runs"])
    assert settled["figure"] == settled["peer_figure"] == 6000
    assert readings["figure"] == 6000 + 16 * 2000
