"""A panel with one chart, drawn anew only when what it shows has changed."""

from typing import Any

from nicegui import ui

from narrowgate_console.page import Frame


class ChartPanel:
    """A chart; unread until the first option is shown."""

    def __init__(
        self, frame: Frame, title: str, *, note: str = "", style: str = "", none: str = "no_readings"
    ) -> None:
        """Lay the panel out inside the element that is open.

        Args:
            frame: of the page.
            title: its title, in the page's language.
            note: what the figures are, in the page's language.
            style: further classes.
            none: the word that says that there is nothing to show.
        """
        self._frame = frame
        self._none = none
        self._shown: object = None
        with ui.element("section").classes(f"ng-panel {style}") as self._panel:
            with ui.element("div").classes("ng-panel-head"):
                ui.label(title).classes("ng-title")
                self._figure = ui.label().classes("ng-figure-now")
            self._empty = ui.label(frame.word("not_read")).classes("ng-empty ng-chart-empty")
            self._chart = ui.echart({"series": []}).classes("ng-chart")
            if note:
                ui.label(note).classes("ng-quiet ng-note")
        self._chart.set_visibility(False)

    def set_visibility(self, *, is_there: bool) -> None:
        """Show the panel, or not."""
        self._panel.set_visibility(is_there)

    def show(self, option: dict[str, Any] | None, figure: str = "") -> None:
        """Show a chart, and a figure beside the title; None is that there is nothing to show."""
        self._figure.set_text(figure)
        self._empty.set_text(self._frame.word(self._none))
        self._empty.set_visibility(option is None)
        self._chart.set_visibility(option is not None)
        if option is not None and option != self._shown:
            self._shown = option
            self._chart.options.clear()
            self._chart.options.update(option)
            self._chart.update()
