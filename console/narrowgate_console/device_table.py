"""Devices of a family as a table, those that need somebody first."""

from collections.abc import Sequence

from narrowgate_console.city_map import DeviceRow
from narrowgate_console.page import Frame
from narrowgate_console.places import NEVER_US
from narrowgate_console.table_panel import TablePanel, device_path


class DeviceTable:
    """A panel of devices; unread until the first are shown."""

    def __init__(self, frame: Frame) -> None:
        """Lay the panel out inside the element that is open."""
        self._frame = frame
        self._panel = TablePanel(
            frame,
            "devices_title",
            ("device", "condition", "zone", "asset", "last_told"),
            none="no_devices",
            linked=("device",),
            marked=("condition",),
        )

    def show(self, devices: Sequence[DeviceRow], count: int) -> None:
        """Show devices.

        Args:
            devices: those shown.
            count: how many there are in all.
        """
        frame = self._frame
        rows = [
            {
                "device": row.device,
                "condition": frame.word(f"condition_{row.condition}"),
                "zone": row.zone or "–",
                "asset": row.asset or "–",
                "last_told": frame.when(None if row.last_us == NEVER_US else row.last_us),
            }
            for row in devices
        ]
        links = [{"device": frame.link(device_path(row.device))} for row in devices]
        marks = [{"condition": row.condition} for row in devices]
        self._panel.show(rows, links=links, marks=marks, count=count, counts=f"{count:,}")
