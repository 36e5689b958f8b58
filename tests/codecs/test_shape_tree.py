"""The tree that leads contents to the only layout they can be of."""

from hypothesis import given, settings
from hypothesis import strategies as st

from narrowgate_codecs.learned import Learned, shape_of
from narrowgate_codecs.shelf import NONE
from narrowgate_codecs.sketch import OrderedReader
from narrowgate_codecs.told_apart import Layouts
from narrowgate_codecs.wire import packed

_LETTERS = st.sampled_from(b"\x00\x01\x02\x03")
_CONTENTS = st.lists(st.lists(_LETTERS, max_size=9).map(bytes), min_size=1, max_size=60)


def _walked(content: bytes) -> Learned:
    """Learn a content of records: each begins with its width, and is skipped."""
    reader, at = OrderedReader(content), 0
    while at < len(content):
        at += 1 + reader.byte(at)
    return shape_of(content, reader)


def _numbers(layouts: Layouts, contents: list[bytes]) -> list[int]:
    found: list[int] = layouts.find(*packed(contents)).tolist()
    return found


@settings(max_examples=200)
@given(_CONTENTS, _CONTENTS, st.data())
def test_contents_come_to_the_layout_they_have(
    known: list[bytes], met: list[bytes], data: st.DataObject
) -> None:
    """A content is of the kept layout that agrees in every byte looked at, whatever was let go."""
    layouts = Layouts()
    layouts.begin()
    for content in known:
        if _numbers(layouts, [content]) == [NONE]:
            layouts.keep(_walked(content))
    gone = data.draw(st.sets(st.integers(0, layouts.count - 1)))
    for number in gone:
        layouts._forget(number)
    kept = {number: one for number, one in enumerate(layouts.shelf.layouts) if one is not None}

    wanted = [
        next((number for number, one in kept.items() if _has(content, one)), NONE) for content in met + known
    ]
    assert _numbers(layouts, met + known) == wanted


def _has(content: bytes, layout: Learned) -> bool:
    same = bytes(content[at] for at in layout.order if at < len(content))
    return len(content) == layout.size and same == layout.values
