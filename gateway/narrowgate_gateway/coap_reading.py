"""When a listener's socket is read, and how much at once.

Rule 1: while there is much to do datagrams gather for a while, so that batches grow and each costs less.
Rule 2: whatever becomes of one batch, or of one attempt to read, the next one comes.
"""

import asyncio
import logging
import socket
from collections.abc import Callable

from narrowgate_gateway.coap_datagrams import Datagrams, Inbox
from narrowgate_gateway.gathering import Gathering, waiting_bytes
from narrowgate_gateway.socket_watch import SocketWatch

_TRY_AGAIN_S = 0.1
_LOG = logging.getLogger(__name__)


class Reading:
    """Reads a socket by the batch."""

    def __init__(
        self,
        listening: socket.socket,
        inbox: Inbox,
        take: Callable[[Datagrams], None],
        under_way: Callable[[], int],
        count_dropped: Callable[[int], None],
    ) -> None:
        """Stand before a socket; `begin` begins to read.

        Args:
            listening: the socket; it stays its owner's.
            inbox: reads it.
            take: takes a batch.
            under_way: tells how many frames wait for their answers.
            count_dropped: counts datagrams that the kernel had no room for.
        """
        self._socket = listening
        self._inbox = inbox
        self._take = take
        self._under_way = under_way
        self._count = count_dropped
        self._dropped = 0
        self._loop = asyncio.get_running_loop()
        self._watch = SocketWatch(listening, self._drain)
        self._gathering = Gathering(listening.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF))
        self.since_s = 0.0
        """When the newest batch was taken, by the loop's clock [s]."""
        self._next_look: asyncio.TimerHandle | None = None
        self._is_ended = False

    def begin(self) -> None:
        """Read from now on."""
        self._watch.on()

    def end(self) -> None:
        """Read no more."""
        self._is_ended = True
        self._watch.end()
        if self._next_look is not None:
            self._next_look.cancel()

    def note_answered(self, since_s: float) -> None:
        """Note that a batch that was taken then has its answers."""
        self._gathering.note_answered(self._loop.time() - since_s)

    def _look(self) -> None:
        """Let what gathers wait for more, or take it."""
        waited_s = self._loop.time() - self.since_s
        more_s = self._gathering.further_s(waited_s, waiting_bytes(self._socket))
        if more_s > 0.0:
            self._next_look = self._loop.call_later(more_s, self._drain)
        else:
            self._drain()

    def _drain(self) -> None:
        """Take what waits; after what came alone the socket is watched, else looked at after a while."""
        self._next_look = None
        self.since_s = self._loop.time()
        waiting = waiting_bytes(self._socket)
        datagrams = self._received()
        if datagrams is None:
            return
        count = len(datagrams)
        self._gathering.learn(waiting, count)
        self._count_dropped()
        if count == 0:
            self._watch.on()
            return
        try:
            self._take(datagrams)
        finally:
            self._go_on(count)

    def _received(self) -> Datagrams | None:
        """Give what waits; None where the kernel cannot say just now, and is asked again in a while."""
        try:
            return self._inbox.receive()
        except OSError as error:
            _LOG.warning("a CoAP socket cannot be read (%s): it is tried again", error.strerror)
        if not self._is_ended:
            self._watch.off()
            self._next_look = self._loop.call_later(_TRY_AGAIN_S, self._drain)
        return None

    def _go_on(self, count: int) -> None:
        """Arrange for the batch that comes after one of so many."""
        if self._is_ended:
            return
        if count > 1 or self._under_way() > count:
            self._watch.off()
            look_at_s = self.since_s + self._gathering.first_s(count)
            self._next_look = self._loop.call_at(look_at_s, self._look)
        else:
            self._watch.on()

    def _count_dropped(self) -> None:
        if self._inbox.dropped > self._dropped:
            self._count(self._inbox.dropped - self._dropped)
            self._dropped = self._inbox.dropped
