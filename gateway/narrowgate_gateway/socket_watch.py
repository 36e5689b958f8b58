"""Whether the event loop watches a listener's socket: it does while there is room, and not after the end."""

import asyncio
import socket
from collections.abc import Callable


class SocketWatch:
    """Calls a listener when its socket can be read."""

    def __init__(self, watched: socket.socket, readable: Callable[[], None]) -> None:
        """Stand by a socket; `on` begins to watch it."""
        self._socket = watched
        self._readable = readable
        self._loop = asyncio.get_running_loop()
        self._is_on = self._is_ended = False

    def on(self) -> None:
        """Watch it, unless that has ended."""
        if not self._is_on and not self._is_ended:
            self._is_on = True
            self._loop.add_reader(self._socket, self._readable)

    def off(self) -> None:
        """Let it be until it is to be watched again."""
        if self._is_on:
            self._is_on = False
            self._loop.remove_reader(self._socket)

    def end(self) -> None:
        """Let it be for ever; its owner closes it."""
        self._is_ended = True
        self.off()
