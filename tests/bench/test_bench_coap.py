"""The CoAP benchmark end to end, small: what it measures, and that it notices what is wrong.

The whole benchmark runs where NARROWGATE_CHAOS is set.
"""

import json
import socket
import threading
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from narrowgate_bench import coap_generator
from narrowgate_bench.coap_generator import Generator
from narrowgate_bench.coap_servers import bare_aiocoap, edge, kept
from narrowgate_gateway.verbs.bench import command
from needs import debian, long

KINDS = {
    "cpu_per_ack",
    "acks",
    "sent_again",
    "acks_per_core",
    "acks_beside",
    "rss_growth",
    "ack_p50",
    "ack_p99",
    "rss",
}


@long
def test_every_figure_stands_beside_its_peers() -> None:
    """A small run has all rows with the raw figures of both sides; the journal has what was acknowledged."""
    debian("coap-server-notls", "libcoap3-bin")
    result = CliRunner().invoke(command, ["coap", "--json", "--runs", "1", "--frames", "2000"])
    assert result.exit_code == 0, result.exception
    rows = json.loads(result.stdout)["rows"]

    assert {row["name"].split(",")[0].split(" ")[0] for row in rows} == {*KINDS, "frames_kept"}
    assert all(len(row["runs"]) == len(row["peer_runs"]) == 1 for row in rows)
    kept_rows = [row for row in rows if row["name"] == "frames_kept"]
    assert all(row["figure"] == row["peer_figure"] >= 2000 * 2 for row in kept_rows)
    assert len(kept_rows) == 2
    assert rows[-1]["name"] == "rss, 32000 devices"


def test_the_edge_keeps_what_it_acknowledges_once(tmp_path: Path) -> None:
    """Requests beyond a window and at a pace are all in the journal, under as many tokens."""
    with (
        edge(tmp_path, 10) as server,
        Generator(server.port, server.method, server.tails, sockets=16) as devices,
    ):
        saturated, paced = devices.saturate(3000, 100), devices.pace(200, 2000.0)
        cpu_s, rss_mb = server.cpu_s(), server.rss_mb()

    assert (saturated.acknowledged, paced.acknowledged, saturated.wrong) == (3000, 200, 0)
    assert kept(tmp_path) == (3200, 3200)
    assert (cpu_s > 0, rss_mb > 10, 0 < paced.percentile_ms(50) <= paced.percentile_ms(99)) == (True,) * 3


@pytest.fixture
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take nothing for lost that is only late."""
    monkeypatch.setattr(coap_generator, "ACK_TIMEOUT_S", 100.0)


@pytest.mark.usefixtures("_patient")
def test_a_slow_disk_holds_answers_up_and_loses_none(tmp_path: Path) -> None:
    """With 50 ms more for a sync no answer takes less, groups grow instead, and all have their answer."""
    with (
        edge(tmp_path, 10, sync_ms=50.0) as server,
        Generator(server.port, server.method, server.tails, sockets=16) as devices,
    ):
        volley = devices.pace(1000, 1000.0)

    assert (volley.acknowledged, volley.sent_again, volley.wrong) == (1000, 0, 0)
    assert volley.percentile_ms(0) >= 50.0
    assert kept(tmp_path) == (1000, 1000)


def test_a_bare_server_is_asked_alike(tmp_path: Path) -> None:
    """Aiocoap acknowledges the same requests."""
    with (
        bare_aiocoap(tmp_path) as server,
        Generator(server.port, server.method, server.tails, sockets=4) as devices,
    ):
        assert devices.saturate(100, 10).acknowledged == 100


def no_tails(
    exchanges: "np.ndarray[tuple[int], np.dtype[np.int64]]",
) -> "np.ndarray[tuple[int, int], np.dtype[np.uint8]]":
    """Give requests without options."""
    return np.zeros((len(exchanges), 0), np.uint8)


def answering(server: socket.socket, answers: list[bytes], n: int) -> threading.Thread:
    """Answer n requests: each by the given ones first, then by what is right."""

    def act() -> None:
        for _ in range(n):
            request, source = server.recvfrom(64)
            for answer in answers:
                server.sendto(answer, source)
            server.sendto(b"\x64\x44" + request[2:8], source)

    thread = threading.Thread(target=act)
    thread.start()
    return thread


@pytest.mark.usefixtures("_patient")
def test_answers_that_are_not_ours_are_counted_and_end_nothing() -> None:
    """Another token or id, or a refusal, is wrong, a 5.03 is for later; then the right answer counts once."""
    wrong = [
        b"\x64\x44\x00\x00\xff\xff\xff\xff",
        b"\x64\x44\x12\x34\x00\x00\x00\x00",
        b"\x64\x84\x00\x00\x00\x00\x00\x00",
        b"\x64\xa3\x00\x00\x00\x00\x00\x00",
    ]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        with Generator(server.getsockname()[1], 2, no_tails, sockets=1) as devices:
            thread = answering(server, wrong, 1)
            volley = devices.saturate(1, 1)
            thread.join()

    assert (volley.acknowledged, volley.wrong, volley.turned_away, volley.sent_again) == (1, 3, 1, 0)


def test_no_message_id_of_an_endpoint_comes_twice() -> None:
    """One socket has as many exchanges as there are message ids, each with its own; then no more."""
    with Generator(9, 2, no_tails, sockets=1) as devices:
        places, message_ids = devices._places(np.arange(65_536))
        devices._next = 65_536

        assert (set(places.tolist()), len(np.unique(message_ids)), int(message_ids.max())) == (
            {0},
            65_536,
            65_535,
        )
        with pytest.raises(ValueError, match="no message ids are left"):
            devices.saturate(1, 1)
