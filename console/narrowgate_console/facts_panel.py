"""Facts as names and values: a device's, a case's."""

from collections.abc import Mapping

from nicegui import ui

from narrowgate_console.page import Frame


class FactsPanel:
    """A panel of names and values; laid out anew only when they have changed."""

    def __init__(self, frame: Frame, title: str) -> None:
        """Lay the panel out inside the element that is open.

        Args:
            frame: of the page.
            title: its title, in the page's language.
        """
        self._frame = frame
        self._shown: dict[str, str] = {}
        with ui.element("section").classes("ng-panel"):
            ui.label(title).classes("ng-title ng-panel-head")
            self._list = ui.element("dl").classes("ng-facts")

    def show(self, facts: Mapping[str, str | None], links: Mapping[str, str] | None = None) -> None:
        """Show facts by the words of their names; a fact that is not there is a dash."""
        told = {name: fact or "–" for name, fact in facts.items()}
        if told == self._shown:
            return
        self._shown = told
        self._list.clear()
        with self._list:
            for name, fact in told.items():
                with ui.element("dt"):
                    ui.label(self._frame.word(name))
                with ui.element("dd"):
                    if links and name in links:
                        ui.link(fact, links[name]).classes("ng-link")
                    else:
                        ui.label(fact)
