"""Pretend devices at a real broker hear their own topics, do what they are told and answer."""

import asyncio
from pathlib import Path

import aiomqtt
import pytest

from mosquitto import Mosquitto
from narrowgate_codecs import encode_command
from narrowgate_schema.commands import LampLevel
from narrowgate_simulators import MqttListening, Sleeper, Target


def test_a_device_at_a_broker_does_what_its_topic_says(tmp_path: Path) -> None:
    """Two lamps of two makers report; each is told on its topic, answers, and hears nothing of the other."""
    broker = Mosquitto(tmp_path / "broker").start()
    makers = {"lamp-1": "huati_nb_v1", "lamp-2": "nas_ul20xx_v11"}
    lamps = [Sleeper(name, profile, f"nb/{name}/{{port}}/up", 60, 0) for name, profile in makers.items()]

    async def main() -> MqttListening:
        own = aiomqtt.Client("127.0.0.1", broker.port)
        fleet = MqttListening(
            lamps,
            Target("127.0.0.1", broker.port, "mqtt"),
            lambda: 7,
            down_topic="nb/{device}/{port}/down",
        )
        async with own, fleet:
            await own.subscribe("nb/+/+/up", qos=1)
            await fleet.speak(makers)
            answers = 0
            async with asyncio.timeout(100):
                async for message in own.messages:
                    name = str(message.topic).split("/")[1]
                    if lamps[int(name[-1]) - 1].count > 1:
                        answers += 1
                    else:
                        sent = encode_command(makers[name], LampLevel(40), number=3)
                        await own.publish(f"nb/{name}/{sent.port or 0}/down", sent.payload, qos=1)
                    if answers == len(makers):
                        return fleet
        raise AssertionError("the broker went away")

    report = asyncio.run(main()).report
    broker.stop()

    assert {(one.device, one.command) for one in report.carried} == {
        ("lamp-1", LampLevel(40)), ("lamp-2", LampLevel(40)),
    }  # fmt: skip
    assert ([lamp.level_pct for lamp in lamps], report.answers, report.misheard) == ([40.0, 40.0], 2, 0)


def test_what_a_broker_did_not_take_is_said_to_the_next(tmp_path: Path) -> None:
    """A device whose broker is gone keeps its word, as MQTT has it for QoS 1, until it is connected again."""
    broker = Mosquitto(tmp_path / "broker").start()
    lamp = Sleeper("lamp-1", "huati_nb_v1", "nb/lamp-1/up", 60, 0)

    target = Target("127.0.0.1", broker.port, "mqtt")

    async def spoken_to_nobody() -> None:
        async with MqttListening([lamp], target, lambda: 7) as fleet:
            await asyncio.to_thread(broker.stop)
            while True:
                await fleet.speak([lamp.name])

    async def main() -> list[bool]:
        with pytest.raises(aiomqtt.MqttError):
            await spoken_to_nobody()
        is_kept = bool(lamp.outbox)
        await asyncio.to_thread(broker.start)
        async with MqttListening([lamp], target, lambda: 7):
            return [is_kept, bool(lamp.outbox)]

    outcome = asyncio.run(main())
    broker.stop()

    assert outcome == [True, False]


@pytest.mark.parametrize(
    ("target", "topic"), [("coap://127.0.0.1", "nb/{device}/down"), ("mqtt://127.0.0.1", "nb/down")]
)
def test_devices_need_a_broker_and_a_topic_each(target: str, topic: str) -> None:
    """Another scheme, or one topic for all devices, is refused before anything connects."""
    with pytest.raises(ValueError, match="are wanted"):
        MqttListening([], Target.parse(target), lambda: 0, down_topic=topic)
