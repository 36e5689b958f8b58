import json
from collections.abc import Callable

import httpx
import pytest

from browser import Browser

Serve = Callable[[str], str]

_TAKE = """(async () => {
  const work = document.querySelector("form.ng-work");
  work.querySelector("select").value = %s;
  work.querySelector("select").dispatchEvent(new Event("change", {bubbles: true}));
  for (const [name, value] of Object.entries(%s)) work.querySelector(`[name=${name}]`).value = value;
  work.requestSubmit();
})()"""


def _open(tab: Browser, address: str, width: int = 1440, language: str = "en-US") -> None:
    tab.open(address, width=width, language=language)
    tab.await_true("document.querySelector('.ng-time').innerText.startsWith('2026-03-15')")


def _take(tab: Browser, step: str, shows: str, **fields: str) -> None:
    tab.ask(_TAKE % (json.dumps(step), json.dumps(fields, ensure_ascii=False)))
    tab.await_true(f"document.querySelector('.ng-heading .ng-badge')?.innerText === {json.dumps(shows)}")
    tab.await_true("document.querySelector('form.ng-work')")


@pytest.mark.parametrize(
    ("language", "number", "shows"),
    [
        (
            "en-US",
            "C-000002",
            ["Accepted", "Dispatched", "In progress", "Said to be mended", "Verified", "Closed"],
        ),
        ("zh-CN", "C-000005", ["已立案", "已派遣", "处理中", "待核查", "待结案", "已结案"]),
    ],
)
def test_a_duty_officer_takes_a_leak_from_raised_to_closed(
    serve_stand: Serve, tab: Browser, language: str, number: str, shows: list[str]
) -> None:
    """Every step is taken on the case's page, and the page shows where the case then stands."""
    _open(tab, serve_stand("worked") + f"/cases/{number}", language=language)
    steps = ["accepted", "dispatched", "started", "resolved", "verified", "closed"]
    fields = [{}, {"unit": "水务抢修"}, {}, {"reason": "<b>pipe</b> mended"}, {}, {}]
    for step, word, told in zip(steps, shows, fields, strict=True):
        _take(tab, step, word, **told)

    assert [word for word in ("水务抢修", "<b>pipe</b> mended", "local") if word not in tab.text()] == []


def test_a_step_that_cannot_be_says_why_on_the_page(serve_stand: Serve, tab: Browser) -> None:
    """A refusal stands in words beside the form, and the case stays as it was."""
    _open(tab, serve_stand("worked") + "/cases/C-000008")
    tab.ask(_TAKE % ('"commented"', "{}"))
    tab.await_true("document.querySelector('.ng-work-said').innerText.includes('needs a reason')")

    assert tab.ask("document.querySelector('.ng-heading .ng-badge').innerText") == "Reported"


def test_a_button_that_is_pressed_twice_takes_one_step(serve_stand: Serve, tab: Browser) -> None:
    """What is asked while the answer is under way is not asked again."""
    _open(tab, serve_stand("worked") + "/cases/C-000011")
    before = len(tab.requested)
    tab.ask((_TAKE % ('"commented"', '{"reason": "seen"}')).replace("})()", "work.requestSubmit();})()"))
    tab.await_true("document.body.innerText.includes('seen')")

    assert [address.endswith("/steps") for address in tab.requested[before:]].count(True) == 1


def test_the_queue_is_walked_by_keys(serve_stand: Serve, tab: Browser) -> None:
    """J and k go along the queue, / goes to its search."""
    _open(tab, serve_stand("worked") + "/cases")
    tab.await_true("document.querySelectorAll('.ng-queue .ng-col-number a').length > 3")
    press = "document.dispatchEvent(new KeyboardEvent('keydown', {key: '%s', bubbles: true}))"
    pressing = (
        "document.activeElement.dispatchEvent(new KeyboardEvent('keydown', {key: '%s', bubbles: true}))"
    )
    tab.ask(press.replace("document.", "document.body.", 1) % "j")
    first = tab.ask("document.activeElement.innerText")
    tab.ask(pressing % "j")
    second = tab.ask("document.activeElement.innerText")
    tab.ask(pressing % "/")

    assert ["C-" in first, "C-" in second, first != second] == [True] * 3
    assert tab.ask("document.activeElement.name") == "text"


def test_who_lost_a_race_is_told_and_keeps_what_was_typed(serve_stand: Serve, tab: Browser) -> None:
    """Somebody else moves the case meanwhile: the step is refused in words, or the form laid out anew."""
    address = serve_stand("worked")
    _open(tab, address + "/cases/14")
    tab.await_true("document.querySelector('form.ng-work').dataset.seen === '1'")
    tab.ask(
        "(() => { const typed = document.querySelector('form.ng-work [name=reason]'); typed.value = 'pipe 7';"
        " typed.dispatchEvent(new Event('input', {bubbles: true})) })()"
    )
    steps = f"{address}/api/v1/cases/C-000014/steps"
    httpx.post(steps, json={"step": "accepted", "seen": 1}, timeout=100.0)
    late = httpx.post(steps, json={"step": "resolved", "seen": 1}, timeout=100.0)
    tab.await_true("document.querySelector('form.ng-work').dataset.seen === '2'")

    assert (late.status_code, "has moved on since you looked: accepted by local" in late.text) == (409, True)
    assert tab.ask("document.querySelector('form.ng-work [name=reason]').value") == "pipe 7"


def test_a_phone_shows_what_is_to_be_done_first(serve_stand: Serve, tab: Browser) -> None:
    """In one column the steps stand above what the device and people told, and nothing is cut at the side."""
    _open(tab, serve_stand("worked") + "/cases/C-000017", width=390)
    tab.await_true("document.querySelector('form.ng-work')")
    top = "document.querySelector('{}').getBoundingClientRect().top"
    tab.await_true(f"{top.format('.ng-work-panel')} < {top.format('.ng-first')}")

    assert tab.ask("document.documentElement.scrollWidth") <= 390
    assert "Nobody reported it" not in tab.text()


@pytest.mark.parametrize(
    "asked",
    [
        "after=garbage", "after=9999999999999999999.1", "after=%00", "text=" + "x" * 5000, "state=%ff",
        "light=nonsense&unit=%27%20OR%201=1",
    ],
)  # fmt: skip
def test_an_address_that_is_tampered_with_is_a_queue(serve_stand: Serve, asked: str) -> None:
    """What is no filter and no cursor filters nothing, and ends in no fault of ours."""
    answer = httpx.get(f"{serve_stand('worked')}/cases?{asked}", timeout=100.0)

    assert (answer.status_code, "<title>Narrowgate" in answer.text) == (200, True)


def test_the_queue_shows_what_a_filter_asks_for(serve_stand: Serve, tab: Browser) -> None:
    """A filter stands in the address, and hostile text in it finds nothing and is no markup."""
    address = serve_stand("worked")
    _open(tab, address + "/cases?service=overstay")
    tab.await_true("document.querySelectorAll('.ng-queue .ng-col-number a').length === 3")
    other = tab.ask("[...document.querySelectorAll('.ng-header a')].at(-1).getAttribute('href')")
    _open(tab, address + "/cases?text=%3Cscript%3Ealert(1)%3C%2Fscript%3E'%20OR%201%3D1")

    assert other == "/cases?service=overstay&lang=zh"
    assert "No cases like that" in tab.text()
    assert (
        tab.ask("document.querySelector('.ng-filters [name=text]').value")
        == "<script>alert(1)</script>' OR 1=1"
    )
