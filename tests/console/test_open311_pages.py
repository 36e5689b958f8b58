from collections.abc import Callable

from browser import Browser


def test_what_people_report_is_text_on_the_page(serve_stand: Callable[[str], str], tab: Browser) -> None:
    """Markup in a report, its answers and its reporter stands on the case's page as it was typed."""
    tab.open(f"{serve_stand('hostile')}/cases/C-000002")
    tab.await_true("document.body.innerText.includes('Reported by people')")
    tab.await_true("document.body.innerText.split('<img src=x').length > 5")

    assert tab.ask("document.querySelectorAll('img[src=x]').length") == 0
    assert tab.ask("document.title") != "owned"
