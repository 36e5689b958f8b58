"""The page of the devices that are read, made from their declarations and golden frames.

python -m narrowgate_codecs.devices_page ROOT writes docs/devices.md below ROOT.
"""

import re
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

from narrowgate_codecs.commands import command_kinds
from narrowgate_codecs.encode import messages
from narrowgate_codecs.layout import Direction
from narrowgate_codecs.profile import Profile
from narrowgate_codecs.registry import BUILT_IN, PROFILES
from narrowgate_codecs.spellings import spellings_of
from narrowgate_schema.families import BUILT_IN as BUILT_IN_FAMILIES

_HEAD = """\
# Devices that are read

One row a profile, with what its layout was read in and how it stands against published frames: **right** ones
give what their source says, **refused** ones are damaged or impossible and are turned down as they should be,
**overruled** ones state something that the layout, a norm or another source shows to be wrong (the file in
`firmware-fixtures` says why), of **disputed** ones two sources disagree. Frames of our own making are not
counted. Messages are those that a profile tells apart; commands are the [kinds](adr/0037-commands-as-data.md)
that its devices can be told. This page is made by `python -m narrowgate_codecs.devices_page .`
"""
_TABLE = """\
| profile | device, source | right | refused | overruled | disputed | up | down | commands |
|---|---|---|---|---|---|---|---|---|"""
_UNKNOWN = re.compile(
    r"\b(not (published|documented|stated)|no documented|documented nowhere|states? no|only the registry"
    r"|nobody|not in the frame|does not say|tells? no more|no other document)\b"
)
_DIRECTIONS: tuple[Direction, ...] = ("up", "down")
_SPELLINGS = """\
## What of a frame its values do not say

A frame that is decoded and encoded again is the same byte for byte, but for what is listed here: several
bytes say one value there, and encode sends one of them. Decoded once more it says the same in any case, but
for keys, which are never said, and for what is said twice, of which the last holds. *beside* are bytes
without a name: padding, lengths, tags. The reasons are those of `narrowgate_codecs.spellings`.
"""
_VERDICTS = ("right", "refused", "overruled", "disputed")


def page(root: Path) -> str:
    """Give the page in Markdown.

    Args:
        root: the repository, whose firmware-fixtures hold the golden frames.
    """
    fixtures = root / "firmware-fixtures"
    shipped = [PROFILES[name] for name in sorted(BUILT_IN)]
    counts = {profile.name: verdicts(fixtures / profile.name) for profile in shipped}
    total = sum(counts.values(), Counter[str]())
    parts = [_HEAD, f"{len(shipped)} profiles; published frames: {_summed(total)}.", ""]
    for family in BUILT_IN_FAMILIES:
        rows = [_row(one, counts[one.name]) for one in shipped if one.family == family]
        parts += [f"## {family.capitalize()}", "", _TABLE, *rows, ""]
    parts += ["## What is not known", "", *_gaps(shipped), ""]
    parts += [_SPELLINGS, *_spelled(shipped), ""]
    parts += [
        "## Published downlinks that no command makes",
        "",
        *_listed(fixtures / "raw_downlinks.toml"),
        "",
    ]
    return "\n".join(
        [*parts, "## Published frames that are not read", "", *_listed(fixtures / "uncovered.toml"), ""]
    )


def verdicts(folder: Path) -> Counter[str]:
    """Count the published frames of a profile's folder by what became of them."""
    cases = [tomllib.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.toml"))]
    counted: Counter[str] = Counter()
    for case in cases:
        counted[_verdict(case)] += len(published(case))
    return counted


def published(case: dict[str, Any]) -> list[str]:
    """Give the numbers that a golden frame has in the collection of published frames."""
    return re.findall(r"v\d{4}", str(case.get("vector", "")))


def _verdict(case: dict[str, Any]) -> str:
    return next((word for word in ("overruled", "disputed", "refused") if word in case), "right")


def _summed(counted: Counter[str]) -> str:
    return ", ".join(f"{counted[word]} {word}" for word in _VERDICTS)


def _row(profile: Profile, counted: Counter[str]) -> str:
    cells = [
        f"`{profile.name}`",
        f"{profile.device}; {profile.source}",
        *(str(counted[word] or "–") for word in _VERDICTS),
        *(str(len(messages(profile, direction)) or "–") for direction in ("up", "down")),
        ", ".join(command_kinds(profile.name)) or "–",
    ]
    return f"| {' | '.join(cells)} |"


def _gaps(profiles: list[Profile]) -> Iterator[str]:
    """Give what the declarations themselves say that their sources leave open."""
    for profile in profiles:
        open_ends = [sentence for sentence in _remarks(profile.name) if _UNKNOWN.search(sentence)]
        if open_ends:
            yield f"* `{profile.name}`: {' '.join(open_ends)}"


def _remarks(name: str) -> list[str]:
    """Give the sentences of the remarks that a profile's module opens with."""
    text = import_module(f"narrowgate_codecs.profiles.{name}").__doc__ or ""
    remarks = re.findall(r"^\* (.*?)(?=^\* |\Z)", text, re.MULTILINE | re.DOTALL)
    return [
        sentence
        for remark in remarks
        for sentence in re.split(r"(?<=\.) (?=[A-Z])", " ".join(remark.split()))
        if sentence
    ]


def _spelled(profiles: list[Profile]) -> Iterator[str]:
    """Give what of each profile's frames its values do not say."""
    for profile in profiles:
        for direction in _DIRECTIONS:
            reasons: dict[str, list[str]] = {}
            for each in spellings_of(profile, direction):
                reasons.setdefault(each.spelling.value, []).append(each.name or "beside")
            if reasons:
                told = "; ".join(f"{reason}: {', '.join(names)}" for reason, names in reasons.items())
                yield f"* `{profile.name}` {direction}: {told}"


def _listed(file: Path) -> list[str]:
    """Give published frames with the reasons why they stand in a list."""
    listed: dict[str, str] = tomllib.loads(file.read_text(encoding="utf-8"))
    return [f"* {number}: {reason}" for number, reason in sorted(listed.items())]


if __name__ == "__main__":
    (Path(sys.argv[1]) / "docs" / "devices.md").write_text(page(Path(sys.argv[1])), encoding="utf-8")
