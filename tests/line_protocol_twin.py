"""A slow reader of line protocol, one character after the other: what a line says, whoever wrote it."""

from dataclasses import dataclass

Value = float | int | bool | str


@dataclass(frozen=True)
class Line:
    """What one line says."""

    measurement: str
    tags: dict[str, str]
    fields: dict[str, Value]
    time: int


def read_line(text: str) -> Line:
    """Read a line without its newline; ValueError if it is none."""
    head, rest = _until(text, " ")
    body, time = _until_unquoted(rest, " ")
    measurement, *tags = _split(head, ",")
    pairs = [_until(tag, "=") for tag in tags]
    if any(not name or not value for name, value in pairs):
        raise ValueError(f"a tag without name or value in {text!r}")
    return Line(
        _plain(measurement),
        {_plain(name): _plain(value) for name, value in pairs},
        {_plain(name): _value(value) for name, value in (_until(f, "=") for f in _split_fields(body))},
        int(time),
    )


def _until(text: str, mark: str) -> tuple[str, str]:
    """Cut at the first mark that no backslash stands before."""
    place = 0
    while place < len(text):
        if text[place] == "\\":
            place += 2
        elif text[place] == mark:
            return text[:place], text[place + 1 :]
        else:
            place += 1
    raise ValueError(f"no {mark!r} in {text!r}")


def _split(text: str, mark: str) -> list[str]:
    parts: list[str] = []
    while True:
        try:
            part, text = _until(text, mark)
        except ValueError:
            return [*parts, text]
        parts.append(part)


def _until_unquoted(text: str, mark: str) -> tuple[str, str]:
    is_quoted, place = False, 0
    while place < len(text):
        if text[place] == "\\":
            place += 1
        elif text[place] == '"':
            is_quoted = not is_quoted
        elif text[place] == mark and not is_quoted:
            return text[:place], text[place + 1 :]
        place += 1
    raise ValueError(f"no {mark!r} outside quotes in {text!r}")


def _split_fields(text: str) -> list[str]:
    parts: list[str] = []
    while True:
        try:
            part, text = _until_unquoted(text, ",")
        except ValueError:
            return [*parts, text]
        parts.append(part)


def _plain(text: str) -> str:
    """Take the escapes of a name away: a backslash before anything but , = and space is one."""
    plain, place = "", 0
    while place < len(text):
        if text[place] == "\\" and text[place + 1 : place + 2] in (",", "=", " "):
            place += 1
        plain += text[place]
        place += 1
    return plain


def _value(text: str) -> Value:
    if text[0] == '"':
        return text[1:-1].replace('\\"', '"').replace("\\\\", "\\")
    if text in ("true", "false"):
        return text == "true"
    return int(text[:-1]) if text.endswith("i") else float(text)
