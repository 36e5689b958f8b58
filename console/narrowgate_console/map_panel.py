"""The map: Leaflet as the page toolkit brings it, drawn in the browser from the API's own answer.

Markers cost the server nothing: a page of ten thousand devices holds one element here.
"""

import json
from collections.abc import Iterator
from pathlib import Path

from nicegui import ui

from narrowgate_console.markup import Markup, block, text
from narrowgate_console.page import Frame
from narrowgate_console.places import Condition

EVERY_S = 15
_SCRIPT = (Path(__file__).parent / "map.js").read_text(encoding="utf-8")
_ATTRIBUTION = {"attribution": ""}


class MapPanel:
    """A panel with the map of every visible device."""

    def __init__(self, frame: Frame) -> None:
        """Lay the panel out inside the element that is open."""
        words = {name: frame.word(name) for name in ("no_places", "not_read", "devices", "no_zone")}
        words |= {condition: frame.word(f"condition_{condition}") for condition in Condition}
        settings = {"words": words, "suffix": frame.suffix, "every_ms": EVERY_S * 1000}
        with ui.element("section").classes("ng-panel ng-map-panel"):
            with ui.element("div").classes("ng-panel-head"):
                ui.label(frame.word("map")).classes("ng-title")
                Markup("ng-legend", "".join(self._legend(frame)))
            options = {"preferCanvas": True, "attributionControl": False, "zoomSnap": 0.25}
            leaflet = ui.leaflet((0.0, 0.0), 3, options=options).classes("ng-map")
            # The toolkit's map begins with tiles of its own choice, from the network.
            leaflet.clear_layers()
            if frame.tile_url:
                leaflet.tile_layer(url_template=frame.tile_url, options=_ATTRIBUTION)
            leaflet.on("init", lambda: ui.run_javascript(self._start(leaflet.id, settings)))

    @staticmethod
    def _legend(frame: Frame) -> Iterator[str]:
        for condition in Condition:
            dot = text("", f"ng-dot ng-dot-{condition}", tag="i")
            yield block(dot + text(frame.word(f"condition_{condition}"), ""), "ng-legend-entry")

    @staticmethod
    def _start(element: int, settings: dict[str, object]) -> str:
        """Give the script that draws the map and keeps it up to date."""
        return f"{_SCRIPT}\nngMap(getElement({element}), {json.dumps(settings, ensure_ascii=False)});"
