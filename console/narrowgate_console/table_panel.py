"""A panel with a table: its title, its rows, or that there are none, and how many are not shown."""

from collections.abc import Mapping, Sequence
from urllib.parse import quote

from nicegui import ui

from narrowgate_console.page import Frame

_LINKED_CELL = """
<q-td :props="props">
<a v-if="props.row.%(name)s_to" class="ng-link" :href="props.row.%(name)s_to">{{ props.value }}</a>
<span v-else>{{ props.value }}</span></q-td>
"""
_LONG_CELL = """
<q-td :props="props"><div class="ng-long" dir="auto">{{ props.value }}</div></q-td>
"""
_MARKED_CELL = """
<q-td :props="props"><span :class="'ng-mark-' + props.row.%(name)s_mark">{{ props.value }}</span></q-td>
"""

Row = Mapping[str, str]


class TablePanel:
    """A table, sent again only when its rows have changed; unread until rows are shown."""

    def __init__(
        self,
        frame: Frame,
        title: str,
        columns: Sequence[str],
        *,
        none: str,
        linked: Sequence[str] = (),
        marked: Sequence[str] = (),
        numbers: Sequence[str] = (),
        long: Sequence[str] = (),
        style: str = "",
    ) -> None:
        """Lay the panel out inside the element that is open.

        Args:
            frame: of the page.
            title: the word of its title.
            columns: the words of its columns, which are the rows' keys.
            none: the word that says that there are no rows.
            linked: columns whose cells lead somewhere.
            marked: columns whose cells are coloured by what they say.
            numbers: columns whose cells stand at the right.
            long: columns in which people write: their lines stay, and what is long is scrolled.
            style: further classes.
        """
        self._frame = frame
        self._none = none
        self._shown: list[dict[str, str | int]] = []
        with ui.element("section").classes(f"ng-panel ng-table {style}") as self._panel:
            with ui.element("div").classes("ng-panel-head"):
                ui.label(frame.word(title)).classes("ng-title")
                self._counts = ui.label().classes("ng-quiet")
            self._empty = ui.label(frame.word("not_read")).classes("ng-empty")
            described = [_column(frame, name, "right" if name in numbers else "left") for name in columns]
            self._table = ui.table(columns=described, rows=[], row_key="key")
            self._table.props("flat dense hide-bottom")
            for cell, names in ((_LINKED_CELL, linked), (_MARKED_CELL, marked), (_LONG_CELL, long)):
                for name in names:
                    self._table.add_slot(f"body-cell-{name}", cell % {"name": name})
            self._table.set_visibility(False)
            self._more = ui.label().classes("ng-quiet")

    def set_visibility(self, *, is_there: bool) -> None:
        """Show the panel, or not."""
        self._panel.set_visibility(is_there)

    def show(
        self,
        rows: Sequence[Row],
        *,
        links: Sequence[Row] = (),
        marks: Sequence[Row] = (),
        count: int | None = None,
        counts: str = "",
    ) -> None:
        """Show rows.

        Args:
            rows: cells by column.
            links: where cells of each row lead, by column; a link to nowhere is left out.
            marks: what colours cells of each row, by column.
            count: how many there are in all; those not shown are told of.
            counts: words beside the title.
        """
        self._counts.set_text(counts)
        nothing: list[Row] = [{}] * len(rows)
        cells = zip(rows, links or nothing, marks or nothing, strict=True)
        flat = [_flat(n, *each) for n, each in enumerate(cells)]
        if flat != self._shown:
            self._shown = flat
            self._table.update_rows(flat)
        self._table.set_visibility(bool(rows))
        self._empty.set_text(self._frame.word(self._none))
        self._empty.set_visibility(not rows)
        hidden = 0 if count is None else max(0, count - len(rows))
        self._more.set_text(self._frame.word("more_rows").format(n=f"{hidden:,}") if hidden else "")
        self._more.set_visibility(hidden > 0)


def _flat(n: int, row: Row, links: Row, marks: Row) -> dict[str, str | int]:
    """Give a row as one level: each level more costs the page toolkit memory for every page that is open."""
    to = {f"{name}_to": where for name, where in links.items()}
    mark = {f"{name}_mark": what for name, what in marks.items()}
    return {**row, **to, **mark, "key": n}


def device_path(device: str) -> str:
    """Give the path of a device's page."""
    return f"/devices/{quote(device, safe='')}"


def _column(frame: Frame, name: str, align: str) -> dict[str, str]:
    return {
        "name": name,
        "label": frame.word(name),
        "field": name,
        "align": align,
        "classes": f"ng-col-{name}",
        "headerClasses": f"ng-col-{name}",
    }
