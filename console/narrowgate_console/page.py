"""What every page is: a frame with the way to the others, and a part of its own that follows the city."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Generic, TypeVar
from urllib.parse import urlencode

from anyio import to_thread
from nicegui import ui

from narrowgate_console.faults import StoreUnreadable
from narrowgate_console.instants import instant
from narrowgate_console.markup import Markup, link, text
from narrowgate_console.principals import Denied, NotThere, Scope
from narrowgate_console.sources import Check
from narrowgate_console.view import View
from narrowgate_console.words import LANGUAGES, Language, word
from narrowgate_schema.words import Family

REFRESH_S = 2.0
_WAYS = (
    ("city", "/", Scope.TELEMETRY),
    *((f"{family}_way", f"/{family}", Scope.TELEMETRY) for family in Family),
    ("cases_way", "/cases", Scope.CASES),
    ("commands_way", "/commands", Scope.COMMANDS),
    ("system_way", "/system", Scope.SYSTEM),
)
Part = TypeVar("Part")
Content = TypeVar("Content")


@dataclass(frozen=True)
class Frame:
    """For whom a page is opened, and how."""

    view: View
    still: Callable[[], bool]
    """Whether who opened the page may still look at it."""
    language: Language
    suffix: str
    """What links carry so that a chosen language stays."""
    path: str
    tile_url: str
    asked: tuple[tuple[str, str], ...] = ()
    """What else its address asks for."""

    def word(self, name: str) -> str:
        """Give a word in the page's language."""
        return word(name, self.language)

    def link(self, path: str) -> str:
        """Give a link to another page."""
        return path + self.suffix

    def in_language(self, language: Language) -> str:
        """Give a link to the same page, with all that is asked of it, in another language."""
        return f"{self.path}?{urlencode([*self.asked, ('lang', language)])}"

    def when(self, at_us: int | None) -> str:
        """Give an instant [us] as this city writes it, to the minute; with its year if that is another."""
        if at_us is None:
            return "–"
        at, now = (instant(each).astimezone(self.view.timezone) for each in (at_us, self.view.now_us()))
        return f"{at:%m-%d %H:%M}" if at.year == now.year else f"{at:%Y-%m-%d %H:%M}"


@dataclass
class Look:
    """One look at the stores: each part for itself, so that one dead store hides no other."""

    faults: list[StoreUnreadable] = field(default_factory=list)

    def part(self, ask: Callable[[], Part]) -> Part | None:
        """Ask; None for what could not be read, which is noted."""
        try:
            return ask()
        except StoreUnreadable as fault:
            self.faults.append(fault)
            return None


@dataclass(frozen=True)
class Seen(Generic[Content]):
    """What a page shows at one instant."""

    now_us: int
    """Event time [us]."""
    checks: tuple[Check, ...]
    faults: tuple[StoreUnreadable, ...]
    content: Content


class Page(ABC, Generic[Content]):
    """One browser's page. `look` asks, in a thread; `open` lays it out; `show` fills it."""

    title = "city"
    """The word of its title."""
    refresh_s = REFRESH_S
    """How often it is brought up to date [s]."""

    def __init__(self, frame: Frame) -> None:
        self.frame = frame
        self._word = frame.word

    @abstractmethod
    def ask(self, look: Look) -> Content:
        """Ask the services for what the page shows; it blocks on the stores."""

    @abstractmethod
    def lay_out(self) -> None:
        """Lay the page's own part out, empty."""

    @abstractmethod
    def show(self, content: Content) -> None:
        """Show what was asked for; what is None keeps what was shown before."""

    def name(self) -> str:
        """Give its title, in its language."""
        return self._word(self.title)

    def look(self) -> Seen[Content]:
        """Ask for all that is shown; raises Denied and NotThere, no store's fault."""
        look, view = Look(), self.frame.view
        content = self.ask(look)
        return Seen(view.now_us(), view.readiness(), tuple(look.faults), content)

    def open(self, seen: Seen[Content]) -> None:
        """Lay the page out, fill it, and keep it up to date while it is open."""
        ui.page_title(f"Narrowgate · {self.name()}")
        with ui.element("div").classes("ng-page"):
            self._header()
            self._fault = ui.label().classes("ng-fault")
            self.lay_out()
        self._show_all(seen)
        ui.timer(self.refresh_s, self.refresh, immediate=False)

    async def refresh(self) -> None:
        """Bring the page up to date; what cannot be read keeps its last figures, and the page says so."""
        try:
            # The stores block: they are asked in a thread, so that the loop goes on serving other pages.
            seen = await to_thread.run_sync(self._look_again)
        except (Denied, NotThere):
            seen = None
        if seen is None:
            ui.navigate.to(self.frame.link(self.frame.path))
        else:
            self._show_all(seen)

    def _look_again(self) -> Seen[Content] | None:
        return self.look() if self.frame.still() else None

    def _show_all(self, seen: Seen[Content]) -> None:
        zone = self.frame.view.timezone
        self._clock.set_text(instant(seen.now_us).astimezone(zone).isoformat(" ", "seconds"))
        self._show_state(seen)
        self.show(seen.content)

    def _show_state(self, seen: Seen[Content]) -> None:
        is_ready = not seen.faults and all(check.ok for check in seen.checks)
        self._ready.set_text(self._word("ready" if is_ready else "not_ready"))
        self._ready.classes(
            add="ng-good" if is_ready else "ng-bad", remove="ng-bad" if is_ready else "ng-good"
        )
        failing = [f"{check.name}: {check.words}".rstrip(": ") for check in seen.checks if not check.ok]
        unread = "; ".join(dict.fromkeys(map(str, seen.faults)))
        lines = [self._word("unreadable").format(what=unread), *failing] if unread else failing
        self._fault.set_text(" · ".join(lines))
        self._fault.set_visibility(bool(lines))

    def _header(self) -> None:
        frame, other = self.frame, next(each for each in LANGUAGES if each != self.frame.language)
        with ui.element("header").classes("ng-header"):
            Markup("ng-brand", text("Narrowgate", "ng-name") + text(self._word("subtitle"), "ng-quiet"))
            with ui.element("div").classes("ng-clock"):
                ui.label(self._word("event_clock")).classes("ng-quiet")
                self._clock = ui.label("–").classes("ng-time")
            self._ready = ui.label().classes("ng-badge")
            ui.link(self._word("api"), "/docs").classes("ng-link")
            ui.link(self._word("other_language"), frame.in_language(other)).classes("ng-link")
            self._sign_out()
        Markup("ng-ways", "".join(self._ways()), tag="nav")

    def _ways(self) -> Iterator[str]:
        """Yield the ways to the other pages; the way to a case is the way to all of them."""
        frame = self.frame
        for name, path, scope in _WAYS:
            if frame.view.principal.may(scope):
                is_here = path == frame.path or frame.path.startswith(f"{path}/")
                style = "ng-way ng-here" if is_here else "ng-way"
                yield link(self._word(name), frame.link(path), style)

    def _sign_out(self) -> None:
        principal = self.frame.view.principal
        if principal.csrf is None:
            return
        with ui.element("form").props('method="post" action="/logout"').classes("ng-sign-out"):
            ui.element("input").props(f'type="hidden" name="csrf" value="{principal.csrf}"')
            ui.label(principal.name.removeprefix("user:")).classes("ng-quiet")
            with ui.element("button").classes("ng-link"):
                ui.label(self._word("sign_out"))
