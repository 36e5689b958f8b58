"""Blocks of words and figures, one element of the page each.

Every element costs the core some 5 kB for each page that is open; a block of text needs no more than one.

Rule 1: whatever comes from elsewhere is escaped here; callers hand in text, never markup.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

from nicegui import ui


class Markup:
    """An element that holds markup made here; sent again only when it has changed."""

    def __init__(self, style: str, markup: str = "", *, tag: str = "div") -> None:
        """Put it inside the element that is open.

        Args:
            style: its classes.
            markup: what it begins with.
            tag: of the element.
        """
        self._shown = markup
        self._element = ui.html(markup, sanitize=False, tag=tag).classes(style)

    def show(self, markup: str) -> None:
        """Show markup."""
        if markup != self._shown:
            self._shown = markup
            self._element.set_content(markup)


@dataclass(frozen=True)
class Figure:
    """A figure with the words under it."""

    value: str
    words: str
    style: str = ""
    """Further classes of the figure."""


def text(words: str, style: str, *, tag: str = "div") -> str:
    """Give words as an element."""
    return f'<{tag} class="{escape(style)}">{escape(words)}</{tag}>'


def link(words: str, to: str, style: str) -> str:
    """Give a link."""
    return leading(escape(words), to, style)


def block(markup: str, style: str) -> str:
    """Give a block around markup that was made here."""
    return f'<div class="{escape(style)}">{markup}</div>'


def leading(markup: str, to: str, style: str) -> str:
    """Give a block of markup that was made here, all of which leads somewhere."""
    return f'<a class="{escape(style)}" href="{escape(to)}">{markup}</a>'


def figures(rows: Iterable[Figure], style: str) -> str:
    """Give figures, each in a block of some classes."""
    return "".join(block(figure(row), style) for row in rows)


def figure(row: Figure) -> str:
    """Give a figure with the words under it."""
    return text(row.value, f"ng-number {row.style}".strip()) + text(row.words, "ng-quiet")


def facts(rows: Iterable[tuple[str, str, str | None]]) -> str:
    """Give names and values of a list of facts; a value may lead somewhere."""
    return "".join(
        f"<dt>{escape(name)}</dt><dd dir='auto'>{link(value, to, 'ng-link') if to else escape(value)}</dd>"
        for name, value, to in rows
    )


def hidden_language(suffix: str) -> str:
    """Give the field by which a form keeps the language that a page's links carry."""
    language = suffix.partition("=")[2]
    return f'<input type="hidden" name="lang" value="{escape(language)}">' if language else ""


def select(
    name: str, label: str, options: Sequence[tuple[str, str]], chosen: str | None, *, none: str = ""
) -> str:
    """Give a choice of a form.

    Args:
        name: of the field.
        label: what it is, for who hears the page.
        options: values and their words.
        chosen: the value that stands there.
        none: the words of choosing nothing; '' where something is chosen.
    """
    rows = "".join(
        f'<option value="{escape(value)}"{" selected" if value == chosen else ""}>{escape(words)}</option>'
        for value, words in options
    )
    first = f'<option value="">{escape(none)}</option>' if none else ""
    return f'<select name="{name}" aria-label="{escape(label)}">{first}{rows}</select>'
