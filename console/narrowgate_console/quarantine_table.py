"""Frames set aside as a table: on the system page and on a device's."""

from collections.abc import Container, Sequence

from narrowgate_console.page import Frame
from narrowgate_console.quarantine import Quarantined
from narrowgate_console.table_panel import TablePanel, device_path

SHOWN_BYTES = 24


class QuarantineTable:
    """A panel of frames set aside; unread until the first are shown."""

    def __init__(self, frame: Frame, *, with_device: bool = True) -> None:
        """Lay the panel out inside the element that is open."""
        self._frame = frame
        columns = ("received", *(("device",) if with_device else ()), "reason", "detail", "payload")
        self._panel = TablePanel(
            frame,
            "quarantine",
            columns,
            none="no_quarantine",
            linked=("device",) if with_device else (),
            style="ng-quarantine",
        )

    def show(self, frames: Sequence[Quarantined], known: Container[str] = ()) -> None:
        """Show frames; devices that are known lead to their pages."""
        rows = [
            {
                "received": self._frame.when(each.received_at_us),
                "device": each.device,
                "reason": self._frame.word(f"reason_{each.reason}"),
                "detail": each.detail,
                "payload": _cut(each.payload),
            }
            for each in frames
        ]
        link = self._frame.link
        links = [
            {"device": link(device_path(each.device))} if each.device in known else {} for each in frames
        ]
        self._panel.show(rows, links=links)


def _cut(payload: bytes) -> str:
    more = f" … {len(payload)} B" if len(payload) > SHOWN_BYTES else ""
    return payload[:SHOWN_BYTES].hex() + more
