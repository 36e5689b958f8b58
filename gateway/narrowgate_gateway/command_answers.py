"""What decoded uplinks say of commands: the pipeline's words, turned into what the queue hears.

Rule 1: while nothing is on its way to any device, a batch costs one look at the file's version.
Rule 2: a word counts if its sender proved to be the device, or it came by a listener that commands leave by.
Rule 3: words are told before their batch is settled, and may be told again: the queue takes each once.
"""

import sqlite3
from collections.abc import Callable, Sequence, Set
from contextlib import suppress
from pathlib import Path

from narrowgate_codecs import carried_out
from narrowgate_console.command_making import downlink_of
from narrowgate_fleet import CommandRow, CommandSending, Fleet, Heard
from narrowgate_gateway.settings import Settings
from narrowgate_ingest.hearing import Word
from narrowgate_schema.clock import Clock


def believed_listeners(settings: Settings) -> frozenset[str]:
    """Give the listeners by which commands leave: what comes in there is the devices' own word."""
    trusted = [each.name for each in settings.coap if each.trusted]
    trusted += [each.name for each in settings.udp if each.trusted]
    return frozenset([*trusted, *(each.name for each in settings.mqtt if each.down_topic)])


class CommandAnswers:
    """Listens to the pipeline for devices that were sent something."""

    def __init__(self, path: Path, settings: Settings, clock: Clock, fleet: Callable[[], Fleet]) -> None:
        """Open the queue; raises as `CommandSending` does."""
        self._sending = CommandSending(path, answer_s=settings.commands.answer_s)
        self._believed = believed_listeners(settings)
        self._clock = clock
        self._fleet = fleet
        self._awaited: set[str] = set()
        self._seen: tuple[int, int] | None = None

    def close(self) -> None:
        """Close the queue."""
        self._sending.close()

    def awaited(self) -> Set[str]:
        """Give the devices whose words matter now; where the file cannot be asked, those that did before.

        Trouble with the file shows when it is written: `hear` raises, and is tried again.
        """
        with suppress(sqlite3.Error):
            self._follow()
        return self._awaited

    def _follow(self) -> None:
        version = self._sending.data_version()
        if self._seen is None or self._seen[0] != version:
            changes, mark = self._sending.awaiting_since(0 if self._seen is None else self._seen[1])
            for device, is_awaited in changes:
                (self._awaited.add if is_awaited else self._awaited.discard)(device)
            self._seen = version, mark

    def hear(self, words: Sequence[Word]) -> None:
        """Tell the queue what devices said.

        Raises:
            sqlite3.Error: it cannot be written; the same words again are welcome.
        """
        heard = [self._heard(word) for word in words if word.is_proved or word.listener in self._believed]
        if heard:
            self._sending.heard(heard, now_us=self._clock.now_us())

    def _heard(self, word: Word) -> Heard:
        row = self._sending.sent_to(word.device, word.at_us)
        verdict = None if row is None else self._verdict(row, word)
        return Heard(word.device, word.at_us, verdict, "" if verdict is None else str(word.message))

    def _verdict(self, row: CommandRow, word: Word) -> bool | None:
        """Say whether a word answers a command; a device of another profile by now answers nothing."""
        try:
            downlink = downlink_of(self._fleet(), row)
        except ValueError:
            return None
        return carried_out(downlink, word.message, word.values)
