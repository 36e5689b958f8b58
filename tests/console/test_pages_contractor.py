import json
from collections.abc import Callable

import pytest

from browser import Browser
from console_people import PASSWORD

Serve = Callable[[str], str]

_TAKE = """(() => {
  const work = document.querySelector("form.ng-work");
  work.querySelector("select").value = %s;
  work.querySelector("select").dispatchEvent(new Event("change", {bubbles: true}));
  work.querySelector("[name=reason]").value = %s;
  work.requestSubmit();
})()"""
_OFFERED = "[...document.querySelectorAll('form.ng-work select option')].map((one) => one.value)"
_NUMBERS = "[...document.querySelectorAll('.ng-queue .ng-col-number a')].map((one) => one.innerText)"
_STANDS = "document.querySelector('.ng-heading .ng-badge')?.innerText"


def _sign_in(tab: Browser, address: str, path: str, language: str) -> None:
    tab.open(f"{address}/login?next={path}", width=390, height=844, language=language)
    tab.await_true("document.querySelector('input[name=password]')")
    tab.ask(
        "document.querySelector('input[name=name]').value = 'crew';"
        f"document.querySelector('input[name=password]').value = '{PASSWORD}';"
        "document.querySelector('form').submit()"
    )
    tab.await_true("document.querySelector('.ng-time')?.innerText.startsWith('2026-03-15')")


def _take(tab: Browser, step: str, reason: str, shows: str) -> None:
    tab.ask(_TAKE % (json.dumps(step), json.dumps(reason, ensure_ascii=False)))
    tab.await_true(f"{_STANDS} === {json.dumps(shows, ensure_ascii=False)}")
    tab.await_true("document.querySelector('form.ng-work')")


@pytest.mark.parametrize(
    ("language", "number", "shows"),
    [
        ("en-US", "C-000010", ["Dispatched", "In progress", "Said to be mended"]),
        ("zh-CN", "C-000013", ["已派遣", "处理中", "待核查"]),
    ],
)
def test_a_contractor_repairs_a_lamp_and_sees_only_its_own(
    serve_stand: Serve, tab: Browser, language: str, number: str, shows: list[str]
) -> None:
    """On a phone: the queue has the two lamps it was sent to; it begins and mends, and decides nothing."""
    address = serve_stand("guarded")
    _sign_in(tab, address, "/cases", language)
    tab.await_true(f"{_NUMBERS}.length > 0")
    queue = tab.ask(_NUMBERS)
    tab.open(f"{address}/cases/{number}", width=390, height=844, language=language)
    tab.await_true(f"{_STANDS} === {json.dumps(shows[0], ensure_ascii=False)}")
    offered = tab.ask(_OFFERED)
    _take(tab, "started", "", shows[1])
    _take(tab, "resolved", "换灯 <i>LED</i>", shows[2])
    last = tab.ask(_OFFERED)
    mended = tab.text()
    tab.open(f"{address}/cases/C-000016", width=390, height=844, language=language)
    tab.await_true("/There is nothing here|未找到/.test(document.body.innerText)")

    assert sorted(queue) == ["C-000010", "C-000013"]
    assert (offered, last) == (["started", "returned", "resolved", "commented"], ["commented"])
    assert "换灯 <i>LED</i>" in mended
    assert "路灯二队" not in tab.text()
