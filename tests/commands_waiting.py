"""A queue of commands in a directory, with a sender, for devices of one profile."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from narrowgate_fleet import (
    Claim,
    CommandQueue,
    CommandReason,
    CommandRow,
    CommandSending,
    Frame,
    Heard,
    Ready,
    Wish,
)
from narrowgate_schema.commands import Command, LampLevel

S = 1_000_000
PROFILE = "lamp_v1"


def framed(number: int, *, is_answered: bool = True) -> Frame:
    """Give bytes that say the number."""
    return Frame(PROFILE, f"#{number}".encode(), 7, is_answered)


def wish(command: Command, device: str = "lamp-1", **more: Any) -> Wish:
    """Give a wish for a device."""
    return Wish(device, command, **{"framing": framed, **more})


@dataclass
class Stand:
    """Both ends of one file."""

    queue: CommandQueue
    sending: CommandSending

    @classmethod
    def at(cls, directory: Path, *, cell_per_min: int = 0) -> "Stand":
        """Open both."""
        path = directory / "commands.db"
        return cls(CommandQueue(path), CommandSending(path, cell_per_min=cell_per_min))

    def close(self) -> None:
        """Close both."""
        self.queue.close()
        self.sending.close()

    def put(self, command: Command | None = None, now_us: int = 0, **more: Any) -> int:
        """Put a command for a device; half light if none is given."""
        asked = wish(LampLevel(50) if command is None else command, **more)
        return self.queue.put(asked, by="user:ann", now_us=now_us).id

    def claim(self, device: str = "lamp-1", now_us: int = 0, profile: str = PROFILE) -> Claim | None:
        """Claim for a device whose uplink can be answered."""
        ready = Ready(device, profile, f"{device}/{now_us}")
        claims, _ = self.sending.claim([ready], CommandReason.ON_ANSWER, now_us=now_us)
        return claims[0] if claims else None

    def sent(self, device: str = "lamp-1", now_us: int = 0) -> Claim:
        """Claim and send."""
        claim = self.claim(device, now_us)
        assert claim is not None
        self.sending.left([claim], now_us=now_us)
        return claim

    def hear(self, verdict: bool | None, at_us: int, device: str = "lamp-1") -> None:
        """Hear a device's word."""
        self.sending.heard([Heard(device, at_us, verdict)], now_us=at_us)

    def row(self, command_id: int) -> CommandRow:
        """Give a command."""
        return self.queue.get(command_id)

    def stands(self, command_id: int) -> tuple[str, str]:
        """Give state and reason of a command."""
        row = self.row(command_id)
        return str(row.state), str(row.reason)
