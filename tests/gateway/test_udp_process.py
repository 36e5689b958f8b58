"""The edge process with a port for bare frames."""

import json
import signal
import socket
from contextlib import closing
from pathlib import Path

import pytest

from gateway_home import kept_rows, make_home, role_arguments, running
from narrowgate_gateway.checks import faults_of
from narrowgate_simulators.ports import free_udp_port
from udp_frames import METER, frame

REPLY = bytes.fromhex("aaaa030000")


def write_config(path: Path, port: int, listener: str = "") -> Path:
    """Write a configuration with one port for water meters of this host."""
    path.write_text(
        f'[[udp]]\nport = {port}\nallow = ["127.0.0.0/8"]\nprofile = "cjt188_water_v2004"\n'
        f'reply = "hex:{REPLY.hex()}"\n{listener}'
    )
    return path


def test_a_killed_edge_knows_a_meters_frame_again(tmp_path: Path) -> None:
    """The same bytes from the same socket before and after kill -9 are answered twice and kept once."""
    home, port = make_home(tmp_path / "home"), free_udp_port()
    arguments = role_arguments("edge", write_config(tmp_path / "a.toml", port), home)
    answers = []
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as meter:
        meter.settimeout(100)
        for _ in range(2):
            with running(home, *arguments) as edge:
                edge.until_ready("edge")
                listeners = json.loads((home.run / "edge.json").read_text())["listeners"]
                meter.sendto(frame(), ("127.0.0.1", port))
                answers.append(meter.recv(100))
                edge.end(signal.SIGKILL)
            (home.run / "edge.json").unlink(missing_ok=True)

    assert answers == [REPLY, REPLY]
    assert [row["claimed_device"] for row in kept_rows(home.journal)] == [METER]
    assert listeners == [{"name": "udp", "host": "127.0.0.1", "port": port}]


@pytest.mark.parametrize(
    ("listener", "fault"),
    [
        ('profile = "huati_nb_v1"', "udp[0].profile = 'huati_nb_v1': its frames carry no identity"),
        ('reply = "message:thanks"', "udp[0].reply = 'message:thanks': cjt188_water_v2004 has no message"),
        ('reply = "hex:abc"', "udp[0].reply = 'hex:abc': none, message:NAME, or hex:"),
        ("allow = []", "udp[0].allow = []: no source may send"),
    ],
)
def test_a_port_that_could_not_serve_is_a_fault(tmp_path: Path, listener: str, fault: str) -> None:
    """What a port lacks is said before anything is opened."""
    file = tmp_path / "a.toml"
    right = {"allow": '["127.0.0.0/8"]', "profile": '"cjt188_water_v2004"', "reply": '"none"'}
    key, _, value = listener.partition(" = ")
    file.write_text("[[udp]]\n" + "".join(f"{k} = {v}\n" for k, v in {**right, key: value}.items()))
    (found,) = faults_of(file, make_home(tmp_path / "home"))

    assert str(found).removeprefix(f"{file}: ").startswith(fault)
