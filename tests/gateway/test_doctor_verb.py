"""`narrowgate doctor` on real brokers and this host."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from mosquitto import Mosquitto
from mqtt_scripted import scripted
from mqtt_stand import settings_of
from narrowgate_gateway import broker_probe
from narrowgate_gateway.app import narrowgate
from narrowgate_gateway.broker_probe import DROPPED, Visit, judge_visit, visit_broker
from narrowgate_gateway.finding import Verdict
from narrowgate_gateway.host_checks import _volume
from narrowgate_simulators.ports import free_tcp_port

SAFE = """\
autosave_interval 10
max_queued_messages 0
message_size_limit 4096
sys_interval 1
"""


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    """A broker set up well."""
    one = Mosquitto(tmp_path / "broker", options=SAFE).start()
    yield one
    one.stop()


def doctor(tmp_path: Path, text: str, *more: str) -> tuple[int, list[dict[str, Any]], str]:
    """Run the verb; give exit code, findings and what it said."""
    file = tmp_path / "narrowgate.toml"
    file.write_text(text)
    where = ["--config", str(file), "--home", str(tmp_path / "home")]
    result = CliRunner().invoke(narrowgate, ["doctor", *where, *more])
    return result.exit_code, [json.loads(line) for line in result.stdout.splitlines()], result.stderr


def table(port: int) -> str:
    """Give a configuration with one broker."""
    return f'[[mqtt]]\nport = {port}\ntls = false\nclient_id = "edge-1"\ntopic = "nb/{{device}}/up"\n'


def test_a_trusted_listener_of_public_networks_is_named(tmp_path: Path) -> None:
    """Who believes a public network sends commands to whoever sends from there; a private one is left out."""
    text = '[[coap]]\ntrusted = true\nallow = ["10.64.0.0/10", "0.0.0.0/0"]\n'
    _, findings, _ = doctor(tmp_path, text, "--offline")
    told = [(each["subject"], each["value"], each["verdict"]) for each in findings]

    assert ("coap coap", "0.0.0.0/0", "careful") in told


def test_a_sound_installation_passes(tmp_path: Path, broker: Mosquitto) -> None:
    """Exit 0, and every finding says what it looked at and what it means."""
    code, findings, _ = doctor(tmp_path, table(broker.port), "--mosquitto-conf", str(broker.conf))
    looked_at = {(each["subject"].split(" ")[0], each["setting"]) for each in findings}

    assert code == 0
    assert {each["verdict"] for each in findings} <= {"well", "careful"}
    assert looked_at >= {
        ("journal", "free bytes"),
        ("journal", "file system"),
        ("broker", "session_expiry_s"),
        ("broker", "granted QoS"),
        (str(broker.conf), "max_queued_messages"),
    }


def test_a_setting_that_loses_is_named_and_fails(tmp_path: Path, broker: Mosquitto) -> None:
    """Exit 1, the setting, its value and what would be right."""
    conf = tmp_path / "bad.conf"
    conf.write_text("persistence true\nautosave_interval 5\n")
    code, findings, said = doctor(tmp_path, table(broker.port), "--mosquitto-conf", str(conf))
    (bad,) = (each for each in findings if each["verdict"] == "loses")

    assert (code, bad["setting"], bad["value"]) == (1, "max_queued_messages", "1000")
    assert said.splitlines()[-1] == "Error: 1 thing can lose data or could not be seen"


def test_a_broker_that_is_not_there_is_unknown(tmp_path: Path) -> None:
    """What could not be looked at is no pass."""
    code, findings, _ = doctor(tmp_path, table(free_tcp_port()))
    (bad,) = (each for each in findings if each["verdict"] == "unknown")

    assert (code, bad["setting"], bad["value"]) == (1, "connection", "Connection refused")


def test_offline_visits_no_broker(tmp_path: Path) -> None:
    """`--offline` looks at files and host alone."""
    code, findings, _ = doctor(tmp_path, table(free_tcp_port()), "--offline")

    assert code == 0
    assert {each["subject"] for each in findings} == {"journal", "archive"}


def test_a_faulty_configuration_is_its_own_line(tmp_path: Path) -> None:
    """A fault of the file is said as `check` says it."""
    code, findings, said = doctor(tmp_path, "[[mqtt]]\n")

    assert (code, findings) == (1, [])
    assert said == f"Error: {tmp_path}/narrowgate.toml: mqtt[0].client_id: field required\n"


def test_ports_that_answer_nobody_and_small_buffers_are_said(tmp_path: Path) -> None:
    """A reply-less port is named; the kernel's bound on buffers is looked at where datagrams come in."""
    listener = '[[udp]]\nprofile = "cjt188_water_v2004"\nallow = ["10.0.0.0/8"]\n'
    _, findings, _ = doctor(tmp_path, listener)
    found = {(each["subject"], each["setting"]): each["verdict"] for each in findings}

    assert found["udp udp", "reply"] == "careful"
    assert ("host", "net.core.rmem_max") in found


@pytest.mark.parametrize("version", ["5", "3.1.1"])
def test_a_visit_leaves_no_session_behind(broker: Mosquitto, version: str) -> None:
    """The broker holds no queue for a doctor that has gone."""
    visit = visit_broker(settings_of(broker, version=version), "doctor-1")
    broker.save()
    broker.stop()
    kept = (broker.directory / "mosquitto.db").read_bytes()

    assert (visit.refusal, visit.granted_qos) == ("", 1)
    assert b"doctor-1" not in kept


def test_a_broker_that_says_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """A port that takes the connection and is silent is a finding after a time, which is said."""
    monkeypatch.setattr(broker_probe, "CONNECT_TIMEOUT_S", 1.0)

    async def main() -> Visit:
        async with scripted() as silent:
            return await asyncio.to_thread(visit_broker, settings_of(silent), "doctor-1")

    assert asyncio.run(main()).refusal == "no answer within 1 s"


@pytest.mark.parametrize(
    ("visit", "setting", "verdict"),
    [
        (Visit(session_expiry_s=3600, granted_qos=1), "session_expiry_s", Verdict.LOSES),
        (Visit(session_expiry_s=604_800, granted_qos=1), "session_expiry_s", Verdict.WELL),
        (Visit(granted_qos=0), "granted QoS", Verdict.LOSES),
        (Visit(granted_qos=0x87), "granted QoS", Verdict.UNKNOWN),
        (Visit(granted_qos=1, said={DROPPED: "7"}), "messages dropped", Verdict.LOSES),
        (Visit(granted_qos=1, said={DROPPED: "0"}), "messages dropped", Verdict.WELL),
    ],
)
def test_what_a_broker_grants_is_judged(
    broker: Mosquitto, visit: Visit, setting: str, verdict: Verdict
) -> None:
    """A shorter session, a lower QoS or dropped messages are losses."""
    found = {each.setting: each.verdict for each in judge_visit(visit, settings_of(broker))}

    assert found[setting] is verdict


def test_a_password_in_clear_is_said(broker: Mosquitto) -> None:
    """Without TLS to another host the secret is everybody's."""
    settings = settings_of(broker, host="broker.example", username="edge")
    found = {each.setting: each.verdict for each in judge_visit(Visit(granted_qos=1), settings)}

    assert found["tls"] is Verdict.CAREFUL


@pytest.mark.parametrize(
    ("kind", "verdict"),
    [("tmpfs", Verdict.LOSES), ("ext4", Verdict.WELL), ("nfs4", Verdict.CAREFUL)],
    ids=["memory", "disk", "far"],
)
def test_a_journal_in_memory_loses_with_the_host(tmp_path: Path, kind: str, verdict: Verdict) -> None:
    """The innermost mount of the journal's path decides."""
    mounts = f"/dev/a / ext4 rw 0 0\nnone {tmp_path} {kind} rw 0 0\nnone {tmp_path}x tmpfs rw 0 0\n"

    assert _volume(tmp_path / "journal", mounts).verdict is verdict
