"""A device over CoAP that is told things: what came with an answer, and how it answers that."""

import socket
import struct
from dataclasses import dataclass, field
from pathlib import Path

from coap_wire import request
from gateway_home import Ports
from narrowgate_fleet import CommandQueue
from narrowgate_simulators.answering import answer_to
from narrowgate_simulators.listening import listen
from narrowgate_simulators.sleeper import Sleeper

METER, LAMP = "cjt188_water_v2004", "huati_nb_v1"
SERIAL = "00000012345678"
"""What the meter's frames carry."""
FLEET = f"device,profile,state,serial\nmeter,{METER},active,{SERIAL}\nlamp,{LAMP},active,\n"
_MARKER = b"\xff"


def listener(ports: Ports, more: str = "") -> str:
    """Give a configuration with one listener that is trusted."""
    return (
        f'[[coap]]\nport = {ports.coap}\nallow = ["127.0.0.0/8"]\ntrusted = true\n{more}\n'
        f"[console]\nport = {ports.console}\n"
    )


def configured(path: Path, ports: Ports, more: str = "") -> Path:
    """Write it."""
    path.write_text(listener(ports, more), encoding="utf-8")
    return path


@dataclass
class Device:
    """One device and what it was told."""

    one: socket.socket
    name: str
    profile: str
    message_id: int = 0
    told: list[bytes] = field(default_factory=list)
    """Payloads of answers that had one."""

    def uplink(self, payload: bytes | None = None) -> bytes:
        """Give the next uplink's datagram; a report if nothing else is said."""
        self.message_id += 1
        said = Sleeper(self.name, self.profile, "", 3600, 0, identity=SERIAL).report().payload
        return request(
            self.message_id,
            said if payload is None else payload,
            path=("nb", self.name, "up"),
            token=struct.pack(">H", self.message_id),
        )

    def exchange(self, datagram: bytes) -> bytes:
        """Send a datagram and give the answer's payload; TimeoutError if nothing comes."""
        self.one.send(datagram)
        while True:
            answer = self.one.recv(2048)
            if answer[2:4] == datagram[2:4]:
                payload = answer.partition(_MARKER)[2]
                self.told += [payload] if payload else []
                return payload

    def speak(self) -> bytes:
        """Report, and give what rode on the answer."""
        return self.exchange(self.uplink())

    def answer(self, payload: bytes, *, is_done: bool = True) -> None:
        """Answer what it was told, as its maker's devices do."""
        heard = listen(self.profile, payload)
        assert heard is not None
        said = answer_to(self.profile, heard, is_done=is_done)
        assert said is not None
        self.exchange(self.uplink(said.payload))


def stands(queue: CommandQueue, number: int) -> list[tuple[str, str]]:
    """Give state and reason of each step of a command."""
    return [(str(step.state), str(step.reason)) for step in queue.history(number)]
