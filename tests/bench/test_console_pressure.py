"""`narrowgate bench console`: acknowledgements while the console is asked, and starts, beside their peers.

The whole benchmark runs where NARROWGATE_CHAOS is set.
"""

import json

from aiocoap import POST, Message
from click.testing import CliRunner

from narrowgate_bench.uplink_flood import Phase, tail_of
from narrowgate_gateway.verbs.bench import command
from narrowgate_simulators import Emission
from needs import long

_NAMES = [
    "ack_p99", "ack_median", "rate_reached", "answers_missing", "ack_p99_ratio", "console_answers",
    "edge_ready", "edge_rss", "core_ready", "core_rss", "core_rss_idle", "core_rss_60_pages",
]  # fmt: skip


@long
def test_console_rows_have_the_shape_that_readers_know() -> None:
    """Each row names its figure, unit and peer, and has a raw figure of either side for each run."""
    result = CliRunner().invoke(command, ["console", "--json", "--runs", "1", "--frames", "100"])

    rows = json.loads(result.stdout)["rows"]
    keys = {"name", "figure", "unit", "peer", "peer_figure", "runs", "peer_runs"}
    misshapen = [row for row in rows if set(row) != keys or not len(row["runs"]) == len(row["peer_runs"]) > 0]
    assert (result.exit_code, [row["name"] for row in rows], misshapen) == (0, _NAMES, [])


def test_phases_taken_together_count_each_acknowledgement() -> None:
    """Short phases are judged as one long one: pace, slowest hundredth and median are of all of it."""
    phases = [Phase(1.0, (1.0,) * 99, 0), Phase(3.0, (9.0,) * 101, 2)]

    together = Phase.together(phases)

    figures = together.rate_per_s, together.median_ms, together.p99_ms, together.missing
    assert figures == (50.0, 9.0, 9.0, 2)
    assert Phase.together([phases[0]]).p99_ms == 1.0


def test_flood_writes_datagrams_that_a_coap_library_reads() -> None:
    """Path segments, short and long, and the payload of a flood's datagram are what aiocoap reads of it."""
    path = "nb/a-device-of-a-long-name/up"
    head = b"\x44\x02\0\7\0\0\0\1"

    read = Message.decode(head + tail_of(Emission("a-device-of-a-long-name", path, b"\x15\x66", 1, None, 0)))

    assert (read.code, read.opt.uri_path, read.payload) == (POST, tuple(path.split("/")), b"\x15\x66")
