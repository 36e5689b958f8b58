"""A link that writes down what it sends."""

from collections.abc import Iterable
from types import TracebackType

from narrowgate_simulators.emission import Emission
from narrowgate_simulators.links import Link
from narrowgate_simulators.recording import FrameFile
from narrowgate_simulators.report import SentReport


class Recorder:
    """Hands everything to another link and records each frame before it is sent; an async context manager."""

    def __init__(self, link: Link, file: FrameFile) -> None:
        self._link, self._file = link, file

    @property
    def report(self) -> SentReport:
        """Give the inner link's counts."""
        return self._link.report

    async def __aenter__(self) -> "Recorder":
        """Open the inner link."""
        await self._link.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the inner link."""
        await self._link.__aexit__(kind, error, trace)

    async def reach(self, within_s: float) -> None:
        """Wait for a sign of the gateway."""
        await self._link.reach(within_s)

    async def send(self, emissions: Iterable[Emission]) -> None:
        """Record emissions, send them, and wait until each is settled."""
        sending = list(emissions)
        self._file.write(sending)
        await self._link.send(sending)
