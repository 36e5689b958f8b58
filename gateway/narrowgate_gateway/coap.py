"""The CoAP listener: uplinks by POST or PUT to a path template, answered after the journal's sync.

The datapath takes plain uplinks by the batch, the intake what needs a look of its own; ping, discovery and
what is no uplink are aiocoap's. What may come in and what it is told is the door's.
"""

import asyncio
import socket
from collections.abc import Callable
from contextlib import suppress

import numpy as np

from narrowgate_fleet import Fleet
from narrowgate_gateway.coap_calling import NEVER, Caller, Calling
from narrowgate_gateway.coap_carrying import Carrier
from narrowgate_gateway.coap_datagrams import MOST_AT_ONCE
from narrowgate_gateway.coap_datapath import Datapath
from narrowgate_gateway.coap_intake import Intake
from narrowgate_gateway.coap_messages import Sender
from narrowgate_gateway.coap_seam import Seam
from narrowgate_gateway.coap_session import Plain, Session
from narrowgate_gateway.coap_socket import bound
from narrowgate_gateway.coap_uplinks import Limits
from narrowgate_gateway.door import Door, Trust
from narrowgate_gateway.downlinks import Downlinks
from narrowgate_gateway.path_template import PathTemplate

NO_LIMITS = Limits()
PLAIN = Plain()


class CoapServer:
    """One open CoAP listener."""

    def __init__(
        self,
        listening: socket.socket,
        datapath: Datapath,
        intake: Intake,
        seam: Seam,
        caller: Caller | None,
    ) -> None:
        """Stand for open parts; `open` makes them."""
        self._calling = None if caller is None else asyncio.create_task(caller.run())
        self._socket = listening
        self._datapath = datapath
        self._intake = intake
        self._seam = seam

    @classmethod
    async def open(
        cls,
        host: str,
        port: int,
        template: PathTemplate,
        trust: Trust,
        door: Door,
        fleet: Callable[[], Fleet],
        *,
        limits: Limits = NO_LIMITS,
        session: Session = PLAIN,
        most_at_once: int = MOST_AT_ONCE,
        downlinks: Downlinks | None = None,
        calling: Calling = NEVER,
    ) -> "CoapServer":
        """Open a listener; OSError if its address is taken or not this host's.

        Args:
            host: address to bind; `::` takes IPv4 too.
            port: UDP port; 0 lets the system choose.
            template: where in a path the device stands.
            trust: what it takes from whom.
            door: who judges and keeps.
            fleet: gives the newest registry.
            limits: how much it takes of one sender.
            session: what lies between its datagrams and messages.
            most_at_once: frames that the journal takes in one batch, at most.
            downlinks: what waits for devices; None: nothing is ever sent to them.
            calling: when devices may be sent messages of their own.
        """
        listening = bound(host, port)

        def send(datagram: bytes, sender: Sender) -> None:
            sealed = datagram if sender.connection is None else _sealed(session, datagram, sender.connection)
            with suppress(OSError):  # no room or no way there: the device sends again
                listening.sendmsg([sealed], sender.ancillary, 0, sender.sockaddr)

        def identity(sender: Sender) -> str:
            return "" if sender.connection is None else session.identities(np.array([sender.connection]))[0]

        seam = await Seam.open(send, host, int(listening.getsockname()[1]))
        caller = Caller(downlinks, seam, fleet, calling) if downlinks and calling.is_possible else None
        carrier = None if downlinks is None else Carrier(downlinks, trust, caller)
        intake = Intake(send, seam, template, trust, door, fleet, identity, carrier)
        datapath = Datapath(
            listening,
            template,
            trust,
            limits,
            door,
            fleet,
            seam.message_ids,
            session=session,
            most_at_once=min(most_at_once, MOST_AT_ONCE),
            carrier=carrier,
        )
        datapath.start(intake)
        return cls(listening, datapath, intake, seam, caller)

    @property
    def port(self) -> int:
        """Give the UDP port that it listens on."""
        return int(self._socket.getsockname()[1])

    @property
    def receive_buffer_bytes(self) -> int:
        """Give what the kernel granted for waiting datagrams, its bookkeeping included [B]."""
        return self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)

    async def close(self) -> None:
        """Let the answers that are due go out, then close the socket."""
        if self._calling is not None:
            self._calling.cancel()
            await asyncio.gather(self._calling, return_exceptions=True)
        await self._datapath.close()
        await self._intake.close()
        await self._seam.close()
        self._socket.close()


def _sealed(session: Session, datagram: bytes, connection: int) -> bytes:
    """Seal one message."""
    content = np.frombuffer(datagram, np.uint8).reshape(1, -1)
    sealed, lengths = session.seal(content, np.array([len(datagram)]), np.array([connection]))
    return sealed[0, : lengths[0]].tobytes()
