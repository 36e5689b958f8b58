from collections.abc import Callable
from pathlib import Path

import pytest

from browser import Browser

Serve = Callable[[str], str]

_KEPT = "document.querySelector('.ng-row-kept').innerText"


def _open(tab: Browser, address: str, **options: object) -> str:
    tab.open(address, **options)  # type: ignore[arg-type]  # each test gives the options by their names
    tab.await_true("document.querySelector('.ng-time').innerText.startsWith('2026-03-15')")
    return tab.text()


def test_the_page_shows_ledger_cases_and_charts(serve_stand: Serve, tab: Browser) -> None:
    """The page shows each row of the ledger, the newest cases and a drawn chart a family."""
    text = _open(tab, serve_stand("filled"))
    tab.await_true("document.querySelectorAll('.ng-chart canvas').length === 3")

    assert [
        word for word in ("12,408", "12,371", "C-000017", "Lamp out", "15 open") if word not in text
    ] == []
    assert "No readings yet" not in text


@pytest.mark.parametrize(
    ("query", "accepted", "words", "html"),
    [
        ("", "en-GB", "Open cases", "en-US"),
        ("", "zh-CN", "未结案件", "zh-CN"),
        ("/?lang=zh", "en-GB", "持续漏水", "zh-CN"),
        ("/?lang=en", "zh-CN", "Continuous leak", "en-US"),
    ],
)
def test_the_page_speaks_the_readers_language(
    serve_stand: Serve, tab: Browser, query: str, accepted: str, words: str, html: str
) -> None:
    """The page speaks the language of the URL, else the browser's."""
    text = _open(tab, serve_stand("filled") + query, language=accepted)

    assert (words in text, tab.ask("document.documentElement.lang")) == (True, html)


def test_the_page_shows_event_time_in_the_citys_zone(serve_stand: Serve, tab: Browser) -> None:
    """The clock on the page is the event clock, with its distance from UTC."""
    assert "2026-03-15 05:40:00+08:00" in _open(tab, serve_stand("filled"))


@pytest.mark.parametrize(("query", "words"), [("/?lang=en", "No readings yet"), ("/?lang=zh", "暂无读数")])
def test_an_empty_city_is_said_to_be_empty(serve_stand: Serve, tab: Browser, query: str, words: str) -> None:
    """Before the first reading the page says so, once a family, and shows zeros, not errors."""
    text = _open(tab, serve_stand("empty") + query)

    assert (text.count(words), tab.ask(_KEPT)) == (3, "0")


def test_a_store_that_cannot_be_read_is_named(serve_stand: Serve, tab: Browser) -> None:
    """A dead store is named on the page with what else is wrong, while the rest is shown."""
    text = _open(tab, serve_stand("broken"))
    tab.await_true("document.querySelectorAll('.ng-chart canvas').length === 3")

    assert "Cannot be read: state: unable to open database file" in text
    assert "stores: DuckDB lags 4200 frames behind the journal" in text
    assert "Not ready" in text


def test_the_page_follows_the_city_without_a_reload(serve_stand: Serve, tab: Browser) -> None:
    """A frame that is kept while the page is open is seen on it, without a reload."""
    _open(tab, serve_stand("counting"))
    tab.ask("window.notReloaded = true")
    before = tab.ask(_KEPT)
    tab.await_true(f"{_KEPT} !== '{before}'")

    assert tab.ask("window.notReloaded") is True


@pytest.mark.parametrize("width", [360, 768, 1440])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_page_fits_every_window(serve_stand: Serve, tab: Browser, width: int, language: str) -> None:
    """Nothing hangs out of a phone's, a tablet's or a desk's window."""
    _open(tab, f"{serve_stand('filled')}/?lang={language}", width=width)
    overhang = tab.ask(
        "[...document.querySelectorAll('.ng-page *:not(.ng-way)')]"
        ".filter(e => !e.closest('.ng-map'))"
        ".filter(e => e.getBoundingClientRect().right > innerWidth + 1).map(e => e.className)"
    )

    assert overhang == []


def test_the_page_needs_no_network(serve_stand: Serve, tab: Browser) -> None:
    """All that the page loads comes from the console itself, and nothing in it fails."""
    address = serve_stand("filled")
    tab.forget()
    _open(tab, address)
    foreign = [
        url for url in tab.requested if not url.startswith((address, address.replace("http", "ws"), "data:"))
    ]

    assert (foreign, tab.complaints) == ([], [])


def test_what_devices_call_themselves_is_only_text(serve_stand: Serve, tab: Browser) -> None:
    """A device whose name is HTML is shown by that name, and nothing of it runs."""
    text = _open(tab, serve_stand("hostile"))

    assert "<img src=x onerror=document.title='owned'>" in text
    assert tab.ask("document.title") == "Narrowgate · City"


def test_a_picture_can_be_taken(serve_stand: Serve, tab: Browser, tmp_path: Path) -> None:
    """The page as it is seen can be kept as a picture."""
    _open(tab, serve_stand("filled"))
    tab.picture(tmp_path / "city.png")

    assert (tmp_path / "city.png").read_bytes().startswith(b"\x89PNG")
