"""Cases as a table: on the city page, and as the queue with their clocks."""

from collections.abc import Mapping, Sequence

from narrowgate_cases import Case
from narrowgate_cases.clocks import Light
from narrowgate_console.page import Frame
from narrowgate_console.table_panel import TablePanel, device_path

_QUEUE = ("light", "number", "service", "severity", "standing", "device", "unit", "due")
_COLUMNS = ("number", "service", "severity", "device", "asset", "since")


class CaseTable:
    """A panel of cases; unread until the first are shown."""

    def __init__(self, frame: Frame) -> None:
        """Lay the panel out inside the element that is open."""
        self._frame = frame
        self._panel = TablePanel(
            frame,
            "open_cases",
            _COLUMNS,
            none="no_cases",
            linked=("number", "device"),
            marked=("severity",),
            style="ng-cases",
        )

    def show(self, cases: Sequence[Case], count: int, counts: str = "") -> None:
        """Show cases.

        Args:
            cases: those shown.
            count: how many there are in all.
            counts: how many stand where, in words.
        """
        frame = self._frame
        rows = [
            {
                "number": case.number,
                "service": frame.word(case.service),
                "severity": frame.word(case.severity),
                "device": case.device,
                "asset": case.asset or "–",
                "since": frame.when(case.raised_at_us),
            }
            for case in cases
        ]
        links = [
            {"number": frame.link(f"/cases/{case.number}"), "device": _device_link(frame, case)}
            for case in cases
        ]
        marks = [{"severity": case.severity} for case in cases]
        self._panel.show(rows, links=links, marks=marks, count=count, counts=counts)


class QueueTable:
    """The panel of the queue, each case with its light; unread until the first are shown."""

    def __init__(self, frame: Frame, none: str) -> None:
        """Lay the panel out inside the element that is open.

        Args:
            frame: of the page.
            none: the word that says that there are no cases.
        """
        self._frame = frame
        self._panel = TablePanel(
            frame,
            "queue",
            _QUEUE,
            none=none,
            linked=("number", "device"),
            marked=("light", "severity"),
            style="ng-cases ng-queue",
        )

    def show(self, cases: Sequence[Case], lights: Mapping[str, Light], counts: str) -> None:
        """Show cases.

        Args:
            cases: those shown.
            lights: by number.
            counts: how many of how many, in words.
        """
        frame = self._frame
        rows = [
            {
                "light": frame.word(f"light_{lights[case.number]}"),
                "number": case.number,
                "service": frame.word(case.service),
                "severity": frame.word(case.severity),
                "standing": frame.word(f"state_{case.state}"),
                "device": case.device or case.asset or case.street or "–",
                "unit": case.unit or "–",
                "due": frame.when(case.due_at_us),
            }
            for case in cases
        ]
        links = [
            {"number": frame.link(f"/cases/{case.number}"), "device": _device_link(frame, case)}
            for case in cases
        ]
        marks = [{"severity": case.severity, "light": f"light-{lights[case.number]}"} for case in cases]
        self._panel.show(rows, links=links, marks=marks, counts=counts)


def _device_link(frame: Frame, case: Case) -> str:
    """Give where a case's device is shown; '' for what people reported of no device."""
    return frame.link(device_path(case.device)) if case.device else ""
