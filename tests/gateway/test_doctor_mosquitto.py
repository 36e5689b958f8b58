"""What a mosquitto.conf says about messages that the broker has acknowledged."""

import asyncio
from pathlib import Path

import pytest

from mosquitto import Mosquitto, Publisher
from mqtt_stand import attached, settings_of, until
from narrowgate_gateway.finding import Verdict
from narrowgate_gateway.mosquitto_conf import judge_mosquitto, read_mosquitto_conf

GOOD = """\
persistence true
autosave_interval 10
max_queued_messages 0
message_size_limit 4096
"""


def verdicts(tmp_path: Path, text: str) -> dict[str, Verdict]:
    """Give the verdict on each setting of a configuration."""
    file = tmp_path / "mosquitto.conf"
    file.write_text(text)
    return {each.setting: each.verdict for each in judge_mosquitto(read_mosquitto_conf(file), "broker")}


def test_an_empty_configuration_loses_in_two_ways(tmp_path: Path) -> None:
    """Mosquitto's defaults bound the queue at 1000 messages and keep nothing over a restart."""
    bad = {name for name, verdict in verdicts(tmp_path, "").items() if verdict is Verdict.LOSES}

    assert bad == {"max_queued_messages", "persistence"}


def test_a_good_configuration_loses_nothing_but_a_crashs_last_seconds(tmp_path: Path) -> None:
    """What is left is what Mosquitto cannot do: it never syncs a message before it acknowledges."""
    found = verdicts(tmp_path, GOOD)

    assert {name for name, verdict in found.items() if verdict is not Verdict.WELL} == {"autosave_interval"}
    assert found["autosave_interval"] is Verdict.CAREFUL


@pytest.mark.parametrize(
    ("line", "setting", "verdict"),
    [
        ("max_queued_messages 5000", "max_queued_messages", Verdict.LOSES),
        ("max_queued_messages 1000000", "max_queued_messages", Verdict.CAREFUL),
        ("max_queued_messages many", "max_queued_messages", Verdict.UNKNOWN),
        ("max_queued_bytes 1000000", "max_queued_bytes", Verdict.LOSES),
        ("max_queued_bytes 100000000", "max_queued_bytes", Verdict.CAREFUL),
        ("autosave_interval 1800", "autosave_interval", Verdict.LOSES),
        ("autosave_interval 0", "autosave_interval", Verdict.LOSES),
        ("autosave_interval 0x10", "autosave_interval", Verdict.UNKNOWN),
        ("autosave_on_changes true\nautosave_interval 1", "autosave_interval", Verdict.CAREFUL),
        ("persistence false", "persistence", Verdict.LOSES),
        ("persistent_client_expiration 1d", "persistent_client_expiration", Verdict.CAREFUL),
        ("message_size_limit 0", "message_size_limit", Verdict.CAREFUL),
        ("allow_anonymous true", "allow_anonymous", Verdict.CAREFUL),
        ("# max_queued_messages 5", "max_queued_messages", Verdict.WELL),
    ],
)
def test_each_setting_is_judged_by_its_last_value(
    tmp_path: Path, line: str, setting: str, verdict: Verdict
) -> None:
    """A later line wins, a comment says nothing."""
    assert verdicts(tmp_path, f"{GOOD}{line}\n")[setting] is verdict


def test_included_files_are_read(tmp_path: Path) -> None:
    """`include_dir` is followed, in the order of the names."""
    (tmp_path / "conf.d").mkdir()
    (tmp_path / "conf.d" / "a.conf").write_text("persistence true\n")
    (tmp_path / "conf.d" / "b.conf").write_text("persistence false\n")

    assert verdicts(tmp_path, f"include_dir {tmp_path}/conf.d\n")["persistence"] is Verdict.LOSES


def test_what_the_doctor_warns_of_happens(tmp_path: Path) -> None:
    """With Mosquitto's default queue a gateway that was away gets 1000 of 5000 acknowledged messages."""
    broker = Mosquitto(tmp_path / "broker", options="").start()

    async def main() -> tuple[int, Verdict]:
        settings = settings_of(broker)
        async with attached(tmp_path / "a", settings) as one:
            await one.until_connected()
        publisher = Publisher(broker)
        sent = [publisher.send("nb/bay-1/up", b"%d" % n) for n in range(5000)]
        await asyncio.to_thread(publisher.until_acknowledged, *sent)
        async with attached(tmp_path / "b", settings) as one:
            await one.until_connected()
            publisher.send("nb/bay-1/up", b"last")
            await until(lambda: b"last" in one.payloads)
            publisher.close()
            found = {each.setting: each for each in judge_mosquitto(read_mosquitto_conf(broker.conf), "")}
            return len(one.payloads) - 1, found["max_queued_messages"].verdict

    arrived, verdict = asyncio.run(main())
    broker.stop()

    assert arrived <= 1020
    assert verdict is Verdict.LOSES
