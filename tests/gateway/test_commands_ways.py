"""The ways of commands from the edge: as messages of their own, by a broker, behind a bare frame."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import replace
from pathlib import Path

import aiocoap
import pytest
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

from coap_stand import TEMPLATE
from coap_wire import request
from gateway_door import TRUST, Stand
from gateway_home import OCCUPIED
from mosquitto import Mosquitto
from mqtt_stand import settings_of, until
from narrowgate_fleet import CommandQueue, CommandSending, Frame, Heard, Wish
from narrowgate_gateway.coap import PLAIN, CoapServer
from narrowgate_gateway.coap_calling import Calling
from narrowgate_gateway.coap_session import Session
from narrowgate_gateway.downlinks import Downlinks
from narrowgate_gateway.mqtt import MqttListener
from narrowgate_gateway.mqtt_redelivery import Redeliveries
from narrowgate_gateway.udp import UdpServer
from narrowgate_gateway.udp_settings import UdpListener
from narrowgate_schema.clock import SystemClock
from narrowgate_schema.commands import Command, LampLevel, Reboot
from narrowgate_simulators.ports import free_udp_port
from sealed_session import SealedSession, opened, sealed
from udp_frames import METER, frame

BAY, WATER = "pni_placepod_v1", "cjt188_water_v2004"
FLEET = f"device,profile,state\nbay-1,{BAY},active\n{METER},{WATER},active\n"
TOLD = b"\x11\x22"
LAST_BLOCK = b"\xd1\x03\x02"
"""Block1 (27) behind a path: the first of 64 bytes, and no more follow."""


class Waiting:
    """A door with commands behind it."""

    def __init__(self, root: Path) -> None:
        """Build both in a directory."""
        self.stand = Stand(root / "home")
        self.stand.use(FLEET)
        path = self.stand.home.commands
        self.queue = CommandQueue(path)
        self.downlinks = Downlinks(CommandSending(path), self.stand.door.instant_us, lambda: self.stand.fleet)

    async def put(self, command: Command, device: str = "bay-1", profile: str = BAY) -> int:
        """Put a command, and have the edge notice it."""
        wish = Wish(device, command, lambda _: Frame(profile, TOLD, 7, is_answered=False))
        put = self.queue.put(wish, by="a", now_us=SystemClock().now_us())
        await self.downlinks.look()
        return put.id

    def stands(self, number: int) -> tuple[str, str]:
        """Give state and reason of a command."""
        row = self.queue.get(number)
        return str(row.state), str(row.reason)

    async def until_stands(self, number: int, state: str) -> None:
        """Wait until a command stands so."""
        await until(lambda: self.queue.get(number).state == state)


@asynccontextmanager
async def waiting(root: Path) -> AsyncIterator[Waiting]:
    """Give a door with commands behind it."""
    one = Waiting(root)
    async with one.stand.committing():
        yield one
        await one.downlinks.close()
    one.queue.close()


@asynccontextmanager
async def coap(one: Waiting, session: Session = PLAIN, **changes: float) -> AsyncIterator[CoapServer]:
    """Open a listener that calls devices, trusted unless said otherwise."""
    is_trusted = bool(changes.pop("is_trusted", True))
    server = await CoapServer.open(
        "127.0.0.1",
        0,
        TEMPLATE,
        replace(TRUST, is_trusted=is_trusted),
        one.stand.door,
        lambda: one.stand.fleet,
        session=session,
        downlinks=one.downlinks,
        calling=Calling("down", **changes),
    )
    yield server
    await server.close()


class Device:
    """A device's socket."""

    def __init__(self, port: int) -> None:
        """Open it toward a listener."""
        self.one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.one.setblocking(False)
        self.one.connect(("127.0.0.1", port))

    async def heard(self) -> aiocoap.Message:
        """Wait for the next datagram."""
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(100):
            return aiocoap.Message.decode(await loop.sock_recv(self.one, 2048))

    async def speak(self, message_id: int, block: bytes = b"") -> aiocoap.Message:
        """Send an uplink, with a Block1 option where there is one, and give its answer."""
        bare = request(message_id, b"") + block + b"\xff" + OCCUPIED
        self.one.send(bare)
        return await self.heard()

    def reply(self, asked: aiocoap.Message, code: aiocoap.Code) -> None:
        """Answer a request of the gateway's."""
        answer = aiocoap.Message(code=code, _token=asked.token)
        answer.mtype, answer.mid = aiocoap.ACK, asked.mid
        self.one.send(answer.encode())


@pytest.mark.parametrize(("code", "state"), [(aiocoap.CHANGED, "DELIVERED"), (aiocoap.BAD_REQUEST, "FAILED")])
def test_who_listens_is_called_where_it_last_was(tmp_path: Path, code: aiocoap.Code, state: str) -> None:
    """Within the window a command is a CON to the newest address; what the device answers settles it."""

    async def main() -> tuple[aiocoap.Message, tuple[str, str]]:
        async with waiting(tmp_path) as one, coap(one, window_s=1000.0) as server:
            first, second = Device(server.port), Device(server.port)
            with closing(first.one), closing(second.one):
                await first.speak(1)
                await second.speak(2)
                number = await one.put(LampLevel(40))
                asked = await second.heard()
                second.reply(asked, code)
                await one.until_stands(number, state)
                return asked, one.stands(number)

    asked, stands = asyncio.run(main())

    assert (asked.mtype, asked.opt.uri_path, asked.payload) == (aiocoap.CON, ("down", "7"), TOLD)
    assert stands == (state, "acknowledged" if state == "DELIVERED" else "refused")


@pytest.mark.parametrize("fleet", [FLEET, FLEET.replace(f"{BAY},active", f"{BAY},suspended")])
def test_who_is_out_of_use_or_gone_from_a_port_is_not_called(tmp_path: Path, fleet: str) -> None:
    """A NAT's port is another device's as soon as that speaks from it; who is suspended waits in silence."""

    async def main() -> tuple[list[str], tuple[str, str]]:
        async with waiting(tmp_path) as one, coap(one, window_s=1000.0) as server:
            port, other = Device(server.port), Device(server.port)
            with closing(port.one), closing(other.one):
                await port.speak(1)
                meter = other if fleet != FLEET else port
                meter.one.send(request(2, frame(volume_m3=1.0), path=("nb", METER, "up")))
                await meter.heard()
                one.stand.use(fleet)
                number = await one.put(LampLevel(40))
                await one.put(LampLevel(40), METER, WATER)
                asked = await meter.heard()
                return list(asked.opt.uri_path), one.stands(number)

    assert asyncio.run(main()) == (["down", "7"], ("PENDING", "put"))


def test_who_sends_in_blocks_is_called_too(tmp_path: Path) -> None:
    """An uplink that needs a look of its own tells where its device is as any other does."""

    async def main() -> bytes:
        async with waiting(tmp_path) as one, coap(one, window_s=1000.0) as server:
            lamp = Device(server.port)
            with closing(lamp.one):
                await lamp.speak(1, LAST_BLOCK)
                await one.put(LampLevel(40))
                return bytes((await lamp.heard()).payload)

    assert asyncio.run(main()) == TOLD


@pytest.mark.parametrize(
    ("edrx_cycle_s", "answer_s", "times"),
    [(0.0, 180.0, 3), (20.48, 161.0, 2), (600.0, 1320.0, 1), (600.0, 180.0, 0)],
)
def test_no_message_goes_again_once_its_answers_time_is_over(
    edrx_cycle_s: float, answer_s: float, times: int
) -> None:
    """With a long cycle less is retransmitted: the queue's next attempt and an old message would be two."""
    calling = Calling(edrx_cycle_s=edrx_cycle_s, answer_s=answer_s)

    assert calling.retransmissions == times


def test_nothing_waits_behind_a_message_that_is_not_acknowledged(tmp_path: Path) -> None:
    """The next attempt is no message that leaves when its time is over: it rides on the next answer."""

    async def main() -> tuple[bytes, list[str]]:
        async with waiting(tmp_path) as one, coap(one, window_s=1000.0) as server:
            lamp, meter = Device(server.port), Device(server.port)
            with closing(lamp.one), closing(meter.one):
                meter.one.send(request(1, frame(volume_m3=1.0), path=("nb", METER, "up")))
                await meter.heard()
                await lamp.speak(1)
                number = await one.put(LampLevel(40))
                await lamp.heard()
                late_us = SystemClock().now_us() + 200_000_000
                sending = CommandSending(one.stand.home.commands)
                sending.heard([Heard("bay-1", late_us, None)], now_us=late_us)
                sending.close()
                await one.put(LampLevel(40), METER, WATER)
                await meter.heard()  # all who can be called are by now
                answer = await lamp.speak(2)
                while answer.mtype is aiocoap.CON:  # the message of before, once more
                    answer = await lamp.heard()
                return answer.payload, [str(step.reason) for step in one.queue.history(number)]

    assert asyncio.run(main()) == (TOLD, ["put", "by_message", "unanswered", "on_answer"])


def test_an_answer_carries_once_and_repeats_the_same(tmp_path: Path) -> None:
    """An answer carries payload and port; the same uplink again gets the same, the next one nothing."""

    async def main() -> list[tuple[object, ...]]:
        async with waiting(tmp_path) as one, coap(one) as server:
            lamp = Device(server.port)
            await one.put(Reboot())
            told = [await lamp.speak(n) for n in (1, 1, 2)]
            lamp.one.close()
            return [(seen.code, seen.opt.location_path, seen.payload) for seen in told]

    carried = (aiocoap.CHANGED, ("7",), TOLD)

    assert asyncio.run(main()) == [carried, carried, (aiocoap.CHANGED, (), b"")]


def test_a_repeat_that_overtakes_the_sync_gets_the_same(tmp_path: Path) -> None:
    """However early an uplink is doubled, no bare answer leaves before the one that carries the command."""

    async def main() -> list[bytes]:
        async with waiting(tmp_path) as one, coap(one) as server:
            lamp = Device(server.port)
            await one.put(Reboot())
            one.stand.journal.gate.clear()
            lamp.one.send(request(1, OCCUPIED))
            await one.stand.held()
            lamp.one.send(request(1, OCCUPIED))
            one.stand.journal.gate.set()
            told = [(await lamp.heard()).payload for _ in range(2)]
            lamp.one.close()
            return told

    assert asyncio.run(main()) == [TOLD, TOLD]


def test_an_id_that_is_used_anew_is_another_exchange(tmp_path: Path) -> None:
    """A device that begins anew with its first id and token is not told again what it was told."""

    async def main() -> list[bytes]:
        async with waiting(tmp_path) as one, coap(one) as server:
            lamp = Device(server.port)
            await one.put(Reboot())
            told = [(await lamp.speak(1)).payload]
            lamp.one.send(request(1, b"\x15\x66\x00"))
            told.append((await lamp.heard()).payload)
            lamp.one.close()
            return told

    assert asyncio.run(main()) == [TOLD, b""]


def test_nothing_rides_on_the_answer_to_who_has_proved_nothing(tmp_path: Path) -> None:
    """On a listener that is not trusted a command waits for ever, and nobody is called."""

    async def main() -> tuple[bytes, tuple[str, str]]:
        async with waiting(tmp_path) as one, coap(one, is_trusted=0.0, window_s=1000.0) as server:
            lamp = Device(server.port)
            number = await one.put(LampLevel(40))
            payload = (await lamp.speak(1)).payload
            lamp.one.close()
            return payload, one.stands(number)

    assert asyncio.run(main()) == (b"", ("PENDING", "put"))


def test_a_proved_identity_is_told_its_own_commands(tmp_path: Path) -> None:
    """Without a trusted network a session's device gets its command, and nobody who speaks in its name."""

    async def main() -> list[bytes]:
        session = SealedSession({1: METER, 2: "bay-1", 3: ""})
        async with waiting(tmp_path) as one, coap(one, session, is_trusted=0.0) as server:
            lamp = Device(server.port)
            await one.put(Reboot())
            told = []
            for connection in (1, 3, 2):
                lamp.one.send(sealed(connection, request(connection, OCCUPIED)))
                loop = asyncio.get_running_loop()
                async with asyncio.timeout(100):
                    answer = await loop.sock_recv(lamp.one, 2048)
                told.append(aiocoap.Message.decode(opened(answer)[1]).payload)
            lamp.one.close()
            return told

    assert asyncio.run(main()) == [b"", b"", TOLD]


def test_a_broker_is_given_what_waits_for_who_has_spoken(tmp_path: Path) -> None:
    """A device that publishes gets its command on its own topic, not retained; PUBACK says that it left."""
    broker = Mosquitto(tmp_path / "broker").start()
    heard: list[MQTTMessage] = []
    device = Client(CallbackAPIVersion.VERSION2)
    device.on_message = lambda _client, _userdata, message: heard.append(message)
    device.connect("127.0.0.1", broker.port)
    device.subscribe("nb/bay-1/7/down", qos=1)
    device.loop_start()

    async def main() -> tuple[tuple[str, str], bool]:
        async with waiting(tmp_path) as one:
            settings = settings_of(broker, down_topic="nb/{device}/{port}/down")
            listener = MqttListener(
                settings,
                one.stand.door,
                lambda: one.stand.fleet,
                one.stand.counters,
                Redeliveries(64),
                lambda: None,
                one.downlinks,
            )
            running = asyncio.create_task(listener.run())
            await until(lambda: listener.status["state"] == "connected")
            number = await one.put(LampLevel(40))
            device.publish("nb/bay-1/up", OCCUPIED, qos=1)
            await until(lambda: bool(heard) and one.queue.get(number).has_left)
            listener.stop()
            await running
            return one.stands(number), one.queue.get(number).has_left

    outcome = asyncio.run(main())
    device.disconnect()
    device.loop_stop()
    broker.stop()

    assert outcome == (("SENT", "to_broker"), True)
    assert [(each.topic, each.payload, each.retain, each.qos) for each in heard] == [
        ("nb/bay-1/7/down", TOLD, False, 1)
    ]


def test_a_command_follows_the_reply_to_a_bare_frame(tmp_path: Path) -> None:
    """A trusted port sends what waits behind its reply, to where the frame came from, once."""

    async def main() -> tuple[list[bytes], tuple[str, str]]:
        settings = UdpListener(
            port=free_udp_port(), profile=WATER, allow=("127.0.0.0/8",), reply="hex:aa", trusted=True
        )
        async with waiting(tmp_path) as one:
            server = UdpServer(settings, one.stand.door, lambda: one.stand.fleet, downlinks=one.downlinks)
            running = asyncio.create_task(server.run())
            number = await one.put(LampLevel(40), METER, WATER)
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as device:
                device.setblocking(False)
                device.connect(("127.0.0.1", server.port))
                heard: list[bytes] = []
                for volume_m3 in (1.0, 2.0):
                    device.send(frame(volume_m3=volume_m3))
                    while len(heard) < 2 + (volume_m3 > 1):
                        loop = asyncio.get_running_loop()
                        async with asyncio.timeout(100):
                            heard.append(await loop.sock_recv(device, 100))
            server.stop()
            await running
            return heard, one.stands(number)

    heard, stands = asyncio.run(main())

    assert (heard, stands) == ([b"\xaa", TOLD, b"\xaa"], ("SENT", "on_answer"))
