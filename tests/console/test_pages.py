from collections.abc import Callable

import pytest

from browser import Browser

Serve = Callable[[str], str]

PAGES = [
    "/",
    "/water",
    "/parking",
    "/lighting",
    "/cases",
    "/cases/C-000002",
    "/devices/water-0001",
    "/system",
]


def _open(tab: Browser, address: str, width: int = 1440, language: str = "en-US") -> str:
    tab.open(address, width=width, language=language)
    tab.await_true("document.querySelector('.ng-time').innerText.startsWith('2026-03-15')")
    tab.await_true(
        "!document.querySelector('.ng-map') || 'drawn' in document.querySelector('.ng-map').dataset"
    )
    return tab.text()


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/", ["With a case", "Silent", "C-000017", "Continuous leak", "12,408"]),
        ("/water", ["Night flow by zone", "DMA-0", "Against its usual", "water-0001"]),
        ("/parking", ["Occupancy by zone and hour", "lot-0", "46 %", "parking-0002"]),
        ("/lighting", ["Lit rate by night", "83.3 % – 100.0 %", "road-1", "lighting-0003"]),
        ("/cases", ["C-000017", "C-000001", "15 / 15", "Overdue", "In time"]),
        (
            "/cases/figures?by=service&until=2026-03-15",
            ["Overstay", "Closing rate", "100.0%", "Mean repair [h]", "Reported from"],
        ),
        ("/cases/C-000002", ["C-000002 · Continuous leak", "water-0001", "the rule raised it"]),
        (
            "/devices/water-0001",
            ["With a case", "Register", "RSRP", "DMA-1", "Continuous leak"],
        ),
        ("/devices/water-0003", ["2 bytes, 35 are needed", "6810"]),
        (
            "/system",
            [
                "The ledger balances",
                "district",
                "Broker",
                "Loses data",
                "stranger-1",
                "MQTT QoS 0",
                "Retained",
            ],
        ),
    ],
)
def test_each_page_shows_what_it_is_for(
    serve_stand: Serve, tab: Browser, path: str, words: list[str]
) -> None:
    """Each page shows what its users look at first, and nothing in it fails or comes from elsewhere."""
    tab.forget()
    address = serve_stand("filled")
    text = _open(tab, address + path)
    own = (address, address.replace("http", "ws"), "data:")

    assert [word for word in words if word not in text] == []
    assert (tab.complaints, [url for url in tab.requested if not url.startswith(own)]) == ([], [])


@pytest.mark.parametrize("path", PAGES)
def test_each_page_speaks_chinese(serve_stand: Serve, tab: Browser, path: str) -> None:
    """Each page is in Chinese for who reads Chinese: no word of the catalogue is left in English."""
    text = _open(tab, serve_stand("filled") + path, language="zh-CN")

    assert [word for word in ("城市总览", "水务", "系统", "运行正常") if word not in text] == []
    assert [
        word for word in ("Devices", "Severity", "No ", "not_", "condition_", "With") if word in text
    ] == []


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("width", [360, 1440])
def test_each_page_fits_its_window(serve_stand: Serve, tab: Browser, path: str, width: int) -> None:
    """Nothing hangs out of a phone's or a desk's window, but what scrolls in its own frame."""
    _open(tab, serve_stand("filled") + path, width=width)
    overhang = tab.ask(
        "[...document.querySelectorAll('.ng-page *')]"
        ".filter(e => !e.closest('.ng-map, .ng-ways, .q-table__middle'))"
        ".filter(e => e.getBoundingClientRect().right > innerWidth + 1).map(e => e.className)"
    )

    assert overhang == []


@pytest.mark.parametrize("path", ["/", "/water", "/parking", "/lighting", "/cases", "/system"])
def test_each_page_is_there_before_the_first_reading(serve_stand: Serve, tab: Browser, path: str) -> None:
    """An empty city has every page, and each says that there is nothing yet."""
    text = _open(tab, serve_stand("empty") + path)

    assert any(word in text for word in ("No readings yet", "No open cases", "Nothing was set aside"))
    assert "Cannot be read" not in text


@pytest.mark.parametrize("path", ["/water", "/lighting"])
def test_a_city_that_saw_no_night_says_so(serve_stand: Serve, tab: Browser, path: str) -> None:
    """Charts of nights are not blamed on missing readings while no night is over."""
    assert "No night is over yet" in _open(tab, serve_stand("empty") + path)


def test_a_case_stands_under_the_way_to_all_cases(serve_stand: Serve, tab: Browser) -> None:
    """The page of one case shows where it belongs."""
    _open(tab, serve_stand("filled") + "/cases/C-000002")

    assert tab.ask("document.querySelector('.ng-here').innerText") == "Cases"


@pytest.mark.parametrize("path", ["/", "/water", "/cases", "/devices/water-0001", "/cases/C-000002"])
def test_each_page_names_a_dead_store(serve_stand: Serve, tab: Browser, path: str) -> None:
    """A page whose store is dead names it and goes on with the rest."""
    text = _open(tab, serve_stand("broken") + path)

    assert "Cannot be read: state: unable to open database file" in text


def test_the_map_has_every_device_with_a_place(serve_stand: Serve, tab: Browser) -> None:
    """The map draws each device that has a place."""
    _open(tab, serve_stand("filled"))

    assert tab.ask("document.querySelector('.ng-map').dataset.drawn") == "55"


@pytest.mark.parametrize("path", ["/devices/nothing", "/cases/C-999999"])
def test_what_is_not_there_is_404(serve_stand: Serve, tab: Browser, path: str) -> None:
    """An address of nothing is answered with a page that says so and leads home."""
    tab.open(serve_stand("filled") + path)
    tab.await_true("document.querySelector('main')")

    assert "There is nothing here" in tab.text()
    assert tab.ask("document.querySelector('main a').getAttribute('href')") == "/"
