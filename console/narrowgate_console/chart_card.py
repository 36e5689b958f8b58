"""One family's chart on the page: its title, its newest figure, its line, or that there is nothing yet."""

from datetime import tzinfo

from nicegui import ui

from narrowgate_console.charts import chart_option, complete_hours
from narrowgate_console.series import Series
from narrowgate_console.words import Language, word
from narrowgate_schema.units import WRITTEN
from narrowgate_schema.words import Family


class ChartCard:
    """A panel whose chart is drawn anew only when its series has changed; unread until the first is shown."""

    def __init__(self, family: Family, language: Language) -> None:
        """Lay the panel out inside the element that is open."""
        self._language = language
        self._shown: Series | None = None
        with ui.element("section").classes("ng-panel").mark(f"chart-{family}"):
            with ui.element("div").classes("ng-panel-head"):
                ui.label(word(family, language)).classes("ng-title")
                self._figure = ui.label().classes("ng-figure-now")
            self._empty = ui.label(word("not_read", language)).classes("ng-empty ng-chart-empty")
            self._chart = ui.echart({"series": []}).classes(f"ng-chart ng-chart-{family}")
        self._chart.set_visibility(False)

    def show(self, series: Series, timezone: tzinfo) -> None:
        """Show a series; one without points is said to be empty."""
        if series == self._shown:
            return
        self._shown = series
        self._empty.set_text(word("no_readings", self._language))
        self._empty.set_visibility(not series.points)
        self._chart.set_visibility(bool(series.points))
        if not series.points:
            self._figure.set_text("")
            return
        newest = series.points[max(0, complete_hours(series.points) - 1)]
        unit = WRITTEN.get(series.unit, series.unit)
        devices = word("devices", self._language)
        self._figure.set_text(f"{newest.value:,.1f} {unit} · {newest.devices:,} {devices}")
        labels = (word(series.family, self._language), word("still_reporting", self._language))
        self._chart.options.clear()
        self._chart.options.update(chart_option(series, timezone, labels))
        self._chart.update()
