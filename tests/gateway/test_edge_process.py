"""The edge as a process: what it remembers over a kill, and what leaves its socket when."""

import json
import re
import signal
import subprocess
from pathlib import Path

import pytest

from coap_wire import ACK, Seen, device, exchange, request
from gateway_home import Ports, kept_rows, make_home, role_arguments, running, write_config
from narrowgate_gateway.complaints import MOST_LINES_A_MINUTE
from narrowgate_gateway.status import read_status
from needs import debian


def test_a_repeat_after_a_kill_is_known(tmp_path: Path) -> None:
    """The same datagram after kill -9 and a restart gets its 2.04 again and is in the journal once."""
    home, ports = make_home(tmp_path / "home"), Ports()
    arguments = role_arguments("edge", write_config(tmp_path / "a.toml", ports), home)
    with device(ports.coap) as one:
        with running(home, *arguments) as edge:
            edge.until_ready("edge")
            before = exchange(one, request(7))
            edge.end(signal.SIGKILL)
        with running(home, *arguments) as edge:
            edge.until(lambda: (read_status(home.run, "edge") or {}).get("pid") == edge.process.pid)
            after = exchange(one, request(7))
            new = exchange(one, request(8))

    assert [before, after, new] == [Seen(ACK, "2.04", n, b"\x01", None) for n in (7, 7, 8)]
    assert [row["message_id"] for row in kept_rows(home.journal)] == [7, 8]


def test_a_ready_edge_names_its_listeners(tmp_path: Path) -> None:
    """The status file has the pid and every listener, and is gone with the process."""
    home, ports = make_home(tmp_path / "home"), Ports()
    with running(home, *role_arguments("edge", write_config(tmp_path / "a.toml", ports), home)) as edge:
        edge.until_ready("edge")
        status = json.loads((home.run / "edge.json").read_text())
        code = edge.end()

    assert status == {
        "pid": edge.process.pid,
        "listeners": [{"name": "coap", "host": "127.0.0.1", "port": ports.coap}],
    }
    assert code == 0
    assert read_status(home.run, "edge") is None
    assert edge.said() == []


def test_hostile_datagrams_are_a_few_lines_of_log(tmp_path: Path) -> None:
    """A flood of noise leaves no traceback and no more lines than the most a minute."""
    home, ports = make_home(tmp_path / "home"), Ports()
    codes = set()
    with running(home, *role_arguments("edge", write_config(tmp_path / "a.toml", ports), home)) as edge:
        edge.until_ready("edge")
        with device(ports.coap) as stranger, device(ports.coap) as honest:
            for n in range(500):
                stranger.send(b"\xff" * (n % 40 + 1))
                if n % 100 == 99:  # the kernel holds so many, however long the edge is kept from them
                    codes.add(exchange(honest, request(n)).code)
        assert edge.end() == 0

    assert codes == {"2.04"}
    # The flood may fall into two minutes; the second begins with what the first left out.
    assert 1 <= len(edge.said()) <= 2 * MOST_LINES_A_MINUTE + 1
    assert all(line.startswith("narrowgate edge: ") for line in edge.said())


def test_a_damaged_new_registry_leaves_the_old_one(tmp_path: Path) -> None:
    """While a new version of the registry cannot be read, devices are judged by the one before."""
    home, ports = make_home(tmp_path / "home"), Ports()
    with running(home, *role_arguments("edge", write_config(tmp_path / "a.toml", ports), home)) as edge:
        edge.until_ready("edge")
        (home.registry / "current").write_text("nonsense\n")
        with device(ports.coap) as one:
            codes = [exchange(one, request(n, path=("nb", d, "up"))).code for n, d in DEVICES]
        assert edge.end() == 0

    assert codes == ["2.04", "4.03", "2.04"]
    assert len(edge.said()) == 1
    assert "the registry as it was before stands" in edge.said()[0]


DEVICES = [(1, "bay-1"), (2, "suspended-1"), (3, "bay-2")]


def test_no_answer_is_sent_between_a_datagram_and_its_sync(tmp_path: Path) -> None:
    """The kernel's record of the running edge: every answer to a device follows a sync after its request."""
    strace = debian("strace", "strace")
    home, ports, trace = make_home(tmp_path / "home"), Ports(), tmp_path / "trace"
    config = write_config(tmp_path / "a.toml", ports)
    with running(home, *role_arguments("edge", config, home)) as edge:
        edge.until_ready("edge")
        calls = "trace=recvmmsg,sendmmsg,sendmsg,sendto,fdatasync"
        watching = subprocess.Popen(
            [strace, "-f", "-x", "-s", "64", "-e", calls, "-o", str(trace), "-p", str(edge.process.pid)],
            stderr=subprocess.PIPE,
            text=True,
        )
        assert watching.stderr is not None
        first = watching.stderr.readline()
        if "not permitted" in first:
            pytest.skip("needs the right to trace processes")
        with device(ports.coap) as one:
            codes = [exchange(one, request(n)).code for n in range(20)]
        edge.end()
        watching.wait(200)
        watching.stderr.close()

    assert codes == ["2.04"] * 20
    assert _order(trace.read_text()) == ["recvmmsg", "fdatasync", "sendmmsg"] * 20


_CALLS = {
    "recvmmsg": re.compile(r"recvmmsg.*" + re.escape(r"\x6e\x62\x05\x62\x61\x79")),
    "sendmmsg": re.compile(r"send(mmsg|msg|to)\(.*" + re.escape(r'"\x61')),
    "fdatasync": re.compile(r"fdatasync.*\)\s+= 0$"),
}


def _order(trace: str) -> list[str]:
    """Give the calls that mattered: uplinks received, acknowledgements sent, and a sync after an uplink."""
    order: list[str] = []
    for line in trace.splitlines():
        for name, pattern in _CALLS.items():
            if pattern.search(line) and (name != "fdatasync" or order[-1:] == ["recvmmsg"]):
                order.append(name)
    return order


def test_libcoap_is_answered(tmp_path: Path) -> None:
    """The client of libcoap sends an uplink, whole and in blocks, and sees 2.04; and 4.04 elsewhere."""
    client = debian("coap-client-notls", "libcoap3-bin")
    home, ports = make_home(tmp_path / "home"), Ports()
    config = write_config(tmp_path / "a.toml", ports, listener="max_payload_bytes = 4000")
    (tmp_path / "small").write_bytes(bytes(40))
    (tmp_path / "large").write_bytes(bytes(range(250)) * 15)
    with running(home, *role_arguments("edge", config, home)) as edge:
        edge.until_ready("edge")
        said = [
            subprocess.run(
                [client, "-v", "6", "-B", "90", "-m", "post", "-f", str(tmp_path / name), f"{base}/{path}"],
                capture_output=True,
                text=True,
                check=False,
            )
            for base in (f"coap://127.0.0.1:{ports.coap}",)
            for name, path in (("small", "nb/bay-1/up"), ("large", "nb/bay-1/up"), ("small", "elsewhere"))
        ]
        assert edge.end() == 0

    codes = [re.findall(r"c:(\d\.\d\d)", one.stdout + one.stderr)[-1] for one in said]
    assert codes == ["2.04", "2.04", "4.04"]
    assert [len(row["payload"]) for row in kept_rows(home.journal)] == [40, 3750]


def asked(client: str, *arguments: str) -> str:
    """Give the last code that libcoap's client saw, and what it printed."""
    done = subprocess.run(
        [client, "-v", "6", "-B", "90", *arguments], capture_output=True, text=True, check=False
    )
    return str(re.findall(r"c:(\d\.\d\d)", done.stdout + done.stderr)[-1])


def test_libcoap_may_ask_in_every_way(tmp_path: Path) -> None:
    """Its client's non-confirmable uplink, 40 KB in blocks, discovery and observation have their answers."""
    client = debian("coap-client-notls", "libcoap3-bin")
    home, ports = make_home(tmp_path / "home"), Ports()
    config = write_config(tmp_path / "a.toml", ports, listener="max_payload_bytes = 65000")
    large = tmp_path / "large"
    large.write_bytes(bytes(range(250)) * 160)
    base = f"coap://127.0.0.1:{ports.coap}"
    with running(home, *role_arguments("edge", config, home)) as edge:
        edge.until_ready("edge")
        codes = [
            asked(client, "-N", "-m", "post", "-e", "abc", f"{base}/nb/bay-1/up"),
            asked(client, "-b", "1024", "-m", "put", "-f", str(large), f"{base}/nb/bay-1/up"),
            asked(client, "-m", "get", f"{base}/.well-known/core"),
            asked(client, "-s", "1", "-m", "get", f"{base}/.well-known/core"),
        ]
        assert edge.end() == 0

    assert codes == ["2.04", "2.04", "2.05", "2.05"]
    assert [len(row["payload"]) for row in kept_rows(home.journal)] == [3, 40_000]
