"""Where one case lies: a map with one point, drawn by the toolkit's Leaflet."""

from nicegui import ui

from narrowgate_cases import Case
from narrowgate_console.page import Frame

_ZOOM = 16
_POINT = {"radius": 9, "color": "#c62828", "weight": 3}


class CaseMap:
    """A panel with a case's place; not there while none is known."""

    def __init__(self, frame: Frame) -> None:
        """Lay the panel out inside the element that is open."""
        self._frame = frame
        self._place: tuple[float, float] | None = None
        with (
            ui.element("section").classes("ng-panel") as self._panel,
            ui.element("div").classes("ng-panel-head"),
        ):
            ui.label(frame.word("map")).classes("ng-title")
        self._panel.set_visibility(False)

    def show(self, case: Case) -> None:
        """Show where a case lies; the map is made once."""
        if case.lat is None or case.lon is None or self._place is not None:
            return
        self._place = case.lat, case.lon
        self._panel.set_visibility(True)
        options = {"attributionControl": False, "scrollWheelZoom": False}
        with self._panel:
            leaflet = ui.leaflet(self._place, _ZOOM, options=options).classes("ng-case-map")
        # The toolkit's map begins with tiles of its own choice, from the network.
        leaflet.clear_layers()
        if self._frame.tile_url:
            leaflet.tile_layer(url_template=self._frame.tile_url, options={"attribution": ""})
        leaflet.generic_layer(name="circleMarker", args=[list(self._place), _POINT])
