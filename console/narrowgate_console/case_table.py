"""Cases as a table: on the city page, on a device's, and on their own."""

from collections.abc import Sequence
from urllib.parse import quote

from nicegui import ui

from narrowgate_cases import Case
from narrowgate_console.page import Frame

_COLUMNS = ("number", "service", "severity", "device", "asset", "since")
_SEVERITY_CELL = """
<q-td :props="props"><span :class="'ng-severity-' + props.row.level">{{ props.value }}</span></q-td>
"""
_LINK_CELL = """
<q-td :props="props"><a class="ng-link" :href="props.row.%s">{{ props.value }}</a></q-td>
"""


class CaseTable:
    """A panel of cases; unread until the first are shown."""

    def __init__(self, frame: Frame, title: str = "open_cases") -> None:
        """Lay the panel out inside the element that is open."""
        self._frame = frame
        with ui.element("section").classes("ng-panel ng-table ng-cases"):
            with ui.element("div").classes("ng-panel-head"):
                ui.label(frame.word(title)).classes("ng-title")
                self._counts = ui.label().classes("ng-quiet")
            self._empty = ui.label(frame.word("not_read")).classes("ng-empty")
            columns = [_column(frame, name) for name in _COLUMNS]
            self._table = ui.table(columns=columns, rows=[], row_key="number").props("flat dense hide-bottom")
            self._table.add_slot("body-cell-severity", _SEVERITY_CELL)
            self._table.add_slot("body-cell-number", _LINK_CELL % "link")
            self._table.add_slot("body-cell-device", _LINK_CELL % "device_link")
            self._table.set_visibility(False)
            self._more = ui.label().classes("ng-quiet")

    def show(self, cases: Sequence[Case], count: int, counts: str = "") -> None:
        """Show cases.

        Args:
            cases: those shown.
            count: how many there are in all.
            counts: how many stand where, in words.
        """
        self._counts.set_text(counts)
        self._table.update_rows([self._row(case) for case in cases])
        self._table.set_visibility(bool(cases))
        self._empty.set_text(self._frame.word("no_cases"))
        self._empty.set_visibility(not cases)
        hidden = max(0, count - len(cases))
        self._more.set_text(self._frame.word("more_cases").format(n=f"{hidden:,}") if hidden else "")
        self._more.set_visibility(hidden > 0)

    def _row(self, case: Case) -> dict[str, str]:
        frame = self._frame
        return {
            "number": case.number,
            "link": frame.link(f"/cases/{case.number}"),
            "service": frame.word(case.service),
            "severity": frame.word(case.severity),
            "level": case.severity,
            "device": case.device,
            "device_link": frame.link(device_path(case.device)),
            "asset": case.asset or "–",
            "since": frame.when(case.raised_at_us),
        }


def device_path(device: str) -> str:
    """Give the path of a device's page."""
    return f"/devices/{quote(device, safe='')}"


def _column(frame: Frame, name: str) -> dict[str, str]:
    return {
        "name": name,
        "label": frame.word(name),
        "field": name,
        "align": "left",
        "classes": f"ng-col-{name}",
        "headerClasses": f"ng-col-{name}",
    }
