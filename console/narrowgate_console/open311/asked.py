"""A question by Open311 as routes get it: its fields, from the query or a form, and how it is answered."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from narrowgate_console.open311.document import Extension
from narrowgate_console.open311.fields import Fields
from narrowgate_console.open311.refused import Refused
from narrowgate_console.open311.wire import Format

_FORM = "application/x-www-form-urlencoded"
_WHO_AND_WHERE = ("api_key", "jurisdiction_id")
"""Fields that many clients leave in the address of what they post."""


@dataclass(frozen=True)
class Question:
    """What is asked."""

    request: Request
    fields: Fields
    written: Format
    """What the answer is written in."""


def _asked(request: Request, extension: Extension) -> Question:
    return Question(request, _query(request), _written(extension))


async def _posted(request: Request, extension: Extension) -> Question:
    written = _written(extension)
    kind, _, parameters = request.headers.get("content-type", "").partition(";")
    charset = parameters.strip().lower().removeprefix("charset=").strip('"')
    if kind.strip().lower() != _FORM or charset not in ("", "utf-8", "utf8"):
        raise Refused(415, f"a request is sent as {_FORM} in UTF-8")
    form = Fields.read(await request.body())
    return Question(request, form.completed(_query(request), _WHO_AND_WHERE), written)


def _query(request: Request) -> Fields:
    return Fields.read(bytes(request.scope.get("query_string", b"")))


def _written(extension: str) -> Format:
    try:
        return Format(extension)
    except ValueError:
        raise Refused(404, "the end of the path is .json or .xml") from None


Asked = Annotated[Question, Depends(_asked)]
Posted = Annotated[Question, Depends(_posted)]
