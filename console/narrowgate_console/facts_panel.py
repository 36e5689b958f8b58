"""Facts as names and values: a device's, a case's."""

from collections.abc import Mapping

from nicegui import ui

from narrowgate_console.markup import Markup, facts
from narrowgate_console.page import Frame


class FactsPanel:
    """A panel of names and values; sent again only when they have changed."""

    def __init__(self, frame: Frame, title: str) -> None:
        """Lay the panel out inside the element that is open.

        Args:
            frame: of the page.
            title: its title, in the page's language.
        """
        self._frame = frame
        with ui.element("section").classes("ng-panel") as self._panel:
            ui.label(title).classes("ng-title ng-panel-head")
            self._list = Markup("ng-facts", tag="dl")

    def set_visibility(self, *, is_there: bool) -> None:
        """Show the panel, or not."""
        self._panel.set_visibility(is_there)

    def show(self, known: Mapping[str, str | None], links: Mapping[str, str] | None = None) -> None:
        """Show facts by the words of their names; a fact that is not there is a dash."""
        leads = links or {}
        rows = (
            (self._frame.word(name), fact or "–", leads.get(name) if fact else None)
            for name, fact in known.items()
        )
        self._list.show(facts(rows))
