"""What InfluxDB's answers mean. Those of 1.6 are the real server's; those of 2.x and 3.x are recorded.

The recorded ones come from InfluxData's public documentation and public issues; `influx_answers.json` names
each one's source.
"""

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from influx_recorded import recorded
from narrowgate_ingest.influx_answer import Answer, Outcome, Refusal, judge


def _refusal(name: str) -> Refusal:
    status, headers, body = recorded(name)
    verdict = judge(Answer(status, headers, body))
    assert verdict.outcome is Outcome.REFUSED
    assert verdict.refusal is not None
    return verdict.refusal


def _refusal_of(said: object) -> Refusal:
    verdict = judge(Answer(400, {}, json.dumps(said).encode()))
    assert verdict.refusal is not None
    return verdict.refusal


@pytest.mark.parametrize(("name", "n"), [("v1_retention", 2), ("v20_retention", 1), ("v27_retention", 4)])
def test_points_outside_the_retention_are_the_oldest_so_many(name: str, n: int) -> None:
    """1.x, 2.0 and 2.7 count the points that are too old; all others were written."""
    assert _refusal(name) == Refusal(oldest=n, dropped=n, rest_is_written=True)


@pytest.mark.parametrize(
    ("name", "conflict", "n"),
    [
        ("v1_conflict", ("water", "volume_m3"), 1),
        ("v27_conflict", ("device_metric", "longitude"), 1224),
    ],
)
def test_a_conflict_names_measurement_and_field(name: str, conflict: tuple[str, str], n: int) -> None:
    """A conflict of types counts what one shard refused: others may have refused more."""
    assert _refusal(name) == Refusal(conflict=conflict, dropped=n)


def test_a_bound_other_than_the_retentions_is_not_taken_for_it() -> None:
    """Newer servers refuse what is too far ahead in nearly the same words."""
    words = json.loads(recorded("v27_retention")[2])["message"].replace(
        "Retention Policy Lower Bound", "Write Window Upper Bound"
    )

    assert _refusal_of({"message": words}) == Refusal(dropped=4)


def test_lines_that_were_not_understood_are_quoted() -> None:
    """1.x quotes each line that it cannot read."""
    assert "'water,device=p volume_m3=NaN 5'" in _refusal("v1_unparsed").quoted


def test_version_3_names_each_refused_line() -> None:
    """A partial write of 3.x gives number and words of each line, and wrote the rest."""
    refusal = _refusal("v3_partial")

    assert list(refusal.named) == [1]
    assert refusal.named[1].startswith("invalid column type for column 'temp'")
    assert refusal.rest_is_written


@pytest.mark.parametrize(("name", "places"), [("v3_whole", [1]), ("dedicated", [1, 3])])
def test_lines_named_without_a_partial_write_leave_the_rest_open(name: str, places: list[int]) -> None:
    """Where the server does not say that it wrote the others, they are sent again."""
    refusal = _refusal(name)

    assert list(refusal.named) == places
    assert not refusal.rest_is_written


def test_a_hundred_named_lines_may_not_be_all() -> None:
    """3.x names a hundred lines at most."""
    data = [{"line_number": i + 1, "error_message": "no", "original_line": ""} for i in range(100)]

    refusal = _refusal_of({"error": "partial write of line protocol occurred", "data": data})

    assert len(refusal.named) == 100
    assert not refusal.rest_is_written


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (200, Outcome.WRITTEN),
        (204, Outcome.WRITTEN),
        (301, Outcome.HELD),
        (400, Outcome.REFUSED),
        (401, Outcome.HELD),
        (403, Outcome.HELD),
        (404, Outcome.HELD),
        (413, Outcome.TOO_LARGE),
        (422, Outcome.REFUSED),
        (429, Outcome.BUSY),
        (500, Outcome.FAILED),
        (502, Outcome.FAILED),
        (503, Outcome.BUSY),
        (504, Outcome.FAILED),
    ],
)
def test_a_status_decides_what_to_do(status: int, outcome: Outcome) -> None:
    """Each status means one of six things."""
    assert judge(Answer(status, {}, b"")).outcome is outcome


def test_a_400_without_known_words_may_be_about_the_endpoint() -> None:
    """`database is required` is no fault of a point."""
    assert not _refusal_of({"error": "database is required"}).is_understood


_ANYTHING = st.binary(max_size=200) | st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["error", "message", "data", "line_number", "error_message"]), inner, max_size=4
        )
    ),
).map(lambda said: json.dumps(said).encode())


@given(st.integers(100, 599), _ANYTHING, st.text(max_size=20), st.text(max_size=20))
def test_any_answer_can_be_judged(status: int, body: bytes, retry_after: str, date: str) -> None:
    """Whatever stands in status, headers and body: there is a verdict."""
    verdict = judge(Answer(status, {"retry-after": retry_after, "date": date}, body))

    assert verdict.retry_after_s is None or verdict.retry_after_s >= 0


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"\xff\xfe", b"[]", b"null", b'{"error": 5}', b"{" * 100_000, b"[" * 100_000, b'"x"'),
        b'{"error":"partial write dropped=' + b"9" * 10_000 + b'"}',
        b'{"message":"line ' + b"9" * 10_000 + b' (1-based): x"}',
    ],
)
def test_any_body_can_be_judged(body: bytes) -> None:
    """A proxy may put anything into a body."""
    verdict = judge(Answer(400, {}, body))

    assert verdict.outcome is Outcome.REFUSED
    assert len(verdict.words) < 600


def test_retry_after_is_read_as_seconds() -> None:
    """A server may say how long it is busy."""
    assert judge(Answer(429, {"retry-after": "17"}, b"")).retry_after_s == 17.0


def test_retry_after_is_read_as_a_date() -> None:
    """A date is taken against the server's own clock."""
    now = datetime(2026, 9, 21, 12, tzinfo=UTC)
    then = now + timedelta(seconds=40)

    verdict = judge(Answer(503, {"retry-after": format_datetime(then), "date": format_datetime(now)}, b""))

    assert verdict.retry_after_s == 40.0


@pytest.mark.parametrize(
    "text", ["", "soon", "-5", "1e3", "²", "Mon, 99 Foo", "Mon, 01 Jan 99999999999 00:00:00 GMT"]
)
def test_what_is_no_retry_after_is_none(text: str) -> None:
    """Nonsense means that the server did not say."""
    assert judge(Answer(503, {"retry-after": text}, b"")).retry_after_s is None


def test_a_redirects_words_carry_no_query() -> None:
    """A redirect is shown, not followed, and not with what may be a secret in it."""
    verdict = judge(Answer(307, {"location": "https://other/write?token=secret"}, b""))

    assert verdict.words == "307 redirects to https://other/write"
