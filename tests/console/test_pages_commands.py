"""The pages of commands in a real browser: told by hand, seen to wait, taken back; only by who may."""

from collections.abc import Callable

import httpx

from browser import Browser
from console_people import PASSWORD

Serve = Callable[[str], str]

_PROGRAMME = """(() => {
  const form = document.querySelector("form.ng-command"), kind = form.querySelector("[name=kind]");
  kind.value = "lamp_programme";
  kind.dispatchEvent(new Event("change", { bubbles: true }));
  form.querySelector("[name=steps]").value = "23:00 40; 05:00 100";
  form.requestSubmit();
})()"""
_SEND = """(() => {
  const form = document.querySelector("form.ng-command");
  form.querySelector("[name=level_pct]").value = "70";
  form.requestSubmit();
})()"""


def test_a_level_is_told_on_a_devices_page_and_taken_back(serve_stand: Serve, tab: Browser) -> None:
    """The form tells the device; the command stands there as waiting until it is taken back."""
    tab.forget()
    tab.open(serve_stand("commanded") + "/devices/lamp-0001")
    tab.await_true("document.querySelector('form.ng-command')")
    tab.ask(_SEND)
    tab.await_true("document.querySelector('.ng-command-rows')?.innerText.includes('Level 70')")
    tab.ask("document.querySelector('button.ng-take-back').click()")
    tab.await_true("document.querySelector('.ng-command-rows')?.innerText.includes('Taken back')")

    assert tab.complaints == []


def test_a_programme_is_told_and_shown_in_words_on_a_phone(serve_stand: Serve, tab: Browser) -> None:
    """Its steps are times and levels, and nothing of a row, also how it stands, is beyond the screen."""
    tab.open(serve_stand("commanded") + "/devices/lamp-0004", width=390)
    tab.await_true("document.querySelector('form.ng-command')")
    tab.ask(_PROGRAMME)
    tab.await_true(
        "document.querySelector('.ng-command-rows')?.innerText.includes('23:00 40 %; 05:00 100 %')"
    )

    assert tab.ask("(box => box.scrollWidth <= box.clientWidth)(document.querySelector('.ng-commands'))")


def test_an_order_shows_its_progress_and_who_lags(serve_stand: Serve, tab: Browser) -> None:
    """Bar, counts and who has not done it, in the page's language; what waits is taken back at once."""
    tab.open(serve_stand("commanded") + "/commands", language="zh-CN")
    tab.await_true("document.querySelector('.ng-command-rows')?.innerText.includes('阀门 关闭')")
    tab.ask("document.querySelector('.ng-group a').click()")
    tab.await_true("document.querySelectorAll('.ng-stragglers td.ng-col-device a').length === 10")

    shown = tab.text()
    assert [
        word
        for word in ("成功 2", "失败 1", "无法下发 4", "is none that it understands")
        if word not in shown
    ] == []
    tab.ask("document.querySelector('.ng-groups button.ng-take-back').click()")
    tab.await_true("document.querySelector('.ng-legend')?.innerText.includes('已取消')")


def test_who_may_only_look_sees_no_form(serve_stand: Serve) -> None:
    """A viewer's page of commands has no form; an officer's has one."""
    has_form = {}
    for who in ("viewer_all", "duty_all"):
        with httpx.Client(base_url=serve_stand("guarded"), timeout=100.0) as client:
            client.post("/login", data={"name": who, "password": PASSWORD})
            has_form[who] = "/api/v1/command-groups" in client.get("/commands").text

    assert has_form == {"viewer_all": False, "duty_all": True}
