"""What a mail says of cases: what happened to each since the last one, as text and as a page."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from hashlib import sha256
from html import escape
from typing import Any
from zoneinfo import ZoneInfo

from narrowgate_cases.lifecycle import CITY_WORDS, Step
from narrowgate_cases.outbox import Letter

Body = Mapping[str, Any]

_WORDS = {
    "en": ("{cases} cases, {steps} steps", "case", "what", "where", "who mends", "due", "what happened"),
    "zh": ("{cases} 件案件，{steps} 个环节", "案件", "事由", "地点", "处置单位", "时限", "经过"),
}
_NOTHING = "–"


@dataclass(frozen=True)
class Wording:
    """How a mail speaks."""

    language: str
    """`en` or `zh`."""
    zone: ZoneInfo
    called: Callable[[str], str]
    """Gives the word for a service or a severity."""
    link: str = ""
    """Where a case is shown, with `{case}` in it; '' for nowhere."""

    def step(self, name: str) -> str:
        """Give the word for a step."""
        is_city = self.language == "zh" and name in set(Step)
        return CITY_WORDS[Step(name)] if is_city else name.replace("_", " ")

    def instant(self, text: str | None) -> str:
        """Give an instant by the city's clock."""
        if text is None:
            return _NOTHING
        return f"{datetime.fromisoformat(text).astimezone(self.zone):%m-%d %H:%M}"


def digest_name(letters: Iterable[Letter]) -> str:
    """Give the name of the mail that tells these letters: the same ones have the same name."""
    names = "\n".join(letter.delivery for letter in letters)
    return sha256(names.encode()).hexdigest()[:32]


def digest(
    letters: Sequence[Letter], wording: Wording, *, sender: str, recipients: Sequence[str], made_at_s: float
) -> EmailMessage:
    """Give the mail that tells letters: equal letters give an equal mail.

    Args:
        letters: one or more, in the order of their steps.
        wording: how it speaks.
        sender: an address.
        recipients: addresses.
        made_at_s: when [s].
    """
    told: dict[str, list[Body]] = {}
    for letter in letters:
        body = json.loads(letter.body)
        told.setdefault(str(body["case"]), []).append(body)
    head, *columns = _WORDS[wording.language]
    head = head.format(cases=len(told), steps=len(letters))
    message = EmailMessage(policy=SMTP)
    message["Subject"] = f"[Narrowgate] {head}"
    message["From"] = sender
    message["To"] = ", ".join(recipients)
    message["Date"] = format_datetime(datetime.fromtimestamp(made_at_s, wording.zone))
    message["Message-ID"] = f"<{digest_name(letters)}@{sender.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content("\n".join([head, *(_text(number, told[number], wording) for number in told)]))
    rows = "".join(_row(number, told[number], wording) for number in told)
    names = "".join(f"<th align=left>{escape(name)}</th>" for name in columns)
    message.add_alternative(
        f'<!doctype html><meta charset="utf-8"><h3>{escape(head)}</h3>'
        f'<table cellpadding="6" border="1" style="border-collapse:collapse"><tr>{names}</tr>{rows}</table>',
        subtype="html",
    )
    # Or the parts would be told apart by chance, and a mail that comes again would not be the same.
    message.set_boundary(digest_name(letters))
    return message


def _cells(bodies: Sequence[Body], wording: Wording) -> tuple[str, str, str, str]:
    """Give what, where, who and when of a case as it stood after the last of its steps."""
    body = bodies[-1]
    what = f"{wording.called(str(body['service']))} ({wording.called(str(body['severity']))})"
    places = [body.get(name) for name in ("street", "asset", "device")]
    where = " ".join(dict.fromkeys(str(place) for place in places if place)) or _NOTHING
    return what, where, str(body.get("unit") or _NOTHING), wording.instant(body.get("due_at"))


def _lines(bodies: Sequence[Body], wording: Wording) -> list[str]:
    return [
        f"{wording.instant(str(body['at']))} {wording.step(str(body['step']))} ({body['actor']})"
        + (f": {' '.join(str(body['reason']).split())}" if body["reason"] else "")
        for body in bodies
    ]


def _text(number: str, bodies: Sequence[Body], wording: Wording) -> str:
    what, where, unit, due = _cells(bodies, wording)
    link = f"\n  {wording.link.replace('{case}', number)}" if wording.link else ""
    steps = "".join(f"\n    {line}" for line in _lines(bodies, wording))
    return f"\n{number}  {what}\n  {where} | {unit} | {due}{link}{steps}"


def _row(number: str, bodies: Sequence[Body], wording: Wording) -> str:
    name = escape(number)
    if wording.link:
        name = f'<a href="{escape(wording.link.replace("{case}", number))}">{name}</a>'
    cells = [name, *map(escape, _cells(bodies, wording)), "<br>".join(map(escape, _lines(bodies, wording)))]
    return "<tr>" + "".join(f"<td valign=top>{cell}</td>" for cell in cells) + "</tr>"
