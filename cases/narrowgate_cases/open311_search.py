"""Asking a GeoReport server whether it has something of ours, so that nothing is posted twice.

It must list requests by service code and date, and show the description, or an attribute, as it was posted.
"""

from collections.abc import Iterator, Mapping

from narrowgate_cases.open311_answers import BadAnswer, Row
from narrowgate_cases.open311_client import Georeport, ServerRefused, instant_text
from narrowgate_cases.open311_forms import has_mark, windows

SLACK_S = 24 * 3600.0
"""How far a server's clock, or its idea of its time zone, may be from ours [s]."""
LONGEST_WINDOW_S = 89 * 24 * 3600.0
"""The standard lists at most 90 days."""
FULL_ANSWER = 1000
"""The standard lists the first 1000 requests; one of so many rows may be cut off."""
_MOST_PAGES = 100
_SHORTEST_WINDOW_S = 2.0


def find_request(server: Georeport, service_code: str, mark: str, since_s: float, now_s: float) -> str | None:
    """Give the id of the request that has a mark: the oldest, if there are several; None if there is none.

    Args:
        server: whom to ask.
        service_code: of the request.
        mark: in any text of it.
        since_s: when it may first have been posted [s].
        now_s: Unix time [s].

    Raises:
        ExchangeFailed: there is no answer.
        ServerRefused: it cannot be asked.
        BadAnswer: what it said is none, or more than can be looked through.
    """
    query = {"service_code": service_code}
    found = [
        row
        for begin_s, end_s in windows(since_s - SLACK_S, now_s + SLACK_S, LONGEST_WINDOW_S)
        for row in _listed(server, "requests", query, begin_s, end_s)
        if has_mark(row, mark) and row.get("service_request_id")
    ]
    found.sort(key=lambda row: str(row.get("requested_datetime", "")))
    return str(found[0]["service_request_id"]) if found else None


def has_update(server: Georeport, delivery: str, mark: str, since_s: float, now_s: float) -> bool:
    """Say whether a server has an update, by its mark or by our name of it; raises as `find_request`."""
    return any(
        has_mark(row, mark) or row.get("update_id") == delivery
        for begin_s, end_s in windows(since_s - SLACK_S, now_s + SLACK_S, LONGEST_WINDOW_S)
        for row in _listed(server, "servicerequestupdates", {}, begin_s, end_s)
    )


def updates_since(server: Georeport, since_s: float, now_s: float) -> list[Row]:
    """Give the updates of a span, however long; raises as `find_request`."""
    spans = windows(since_s, now_s, LONGEST_WINDOW_S)
    return [row for span in spans for row in _listed(server, "servicerequestupdates", {}, *span)]


def _listed(
    server: Georeport, path: str, query: Mapping[str, str], begin_s: float, end_s: float
) -> Iterator[Row]:
    """Yield all rows of a window: page by page where the server has pages, else by shorter windows."""
    window = {**query, "start_date": instant_text(begin_s), "end_date": instant_text(end_s)}
    first = server.get(path, window)
    yield from first
    seen = {_key(row) for row in first}
    is_paged = False
    for page in range(2, _MOST_PAGES):
        new = [row for row in _page(server, path, window, page) if _key(row) not in seen] if first else []
        if not new:
            break
        is_paged = True
        seen.update(map(_key, new))
        yield from new
    if len(first) < FULL_ANSWER or is_paged:
        return
    if end_s - begin_s < _SHORTEST_WINDOW_S:
        raise BadAnswer(f"{FULL_ANSWER} {path} or more in a second: it cannot be looked through")
    middle_s = float(int((begin_s + end_s) / 2))
    yield from _listed(server, path, query, begin_s, middle_s)
    yield from _listed(server, path, query, middle_s, end_s)


def _page(server: Georeport, path: str, window: Mapping[str, str], page: int) -> list[Row]:
    """Give a further page, an extension that many servers have; none where it is refused."""
    try:
        return server.get(path, {**window, "page": str(page)})
    except ServerRefused as refused:
        if refused.status in (400, 404):
            return []
        raise


def _key(row: Row) -> str:
    return str(row.get("update_id") or row.get("service_request_id") or row)
