"""Telling a GeoReport server of a step: FixMyStreet's `servicerequestupdates`, each step once."""

from narrowgate_cases.couriers import DELIVERED, Answer, Outcome
from narrowgate_cases.open311_client import Georeport, ServerRefused
from narrowgate_cases.open311_forms import Form, mark_of
from narrowgate_cases.open311_links import Link, note_seen
from narrowgate_cases.open311_search import has_update
from narrowgate_cases.open311_turn import FormRefused, Manners, Turn


def tell_step(server: Georeport, form: Form, manners: Manners, turn: Turn, link: Link) -> Answer:
    """Tell of a step of a case whose request is known; a server that has no updates is told nothing.

    Raises:
        ExchangeFailed: there is no answer.
        ServerRefused: the server failed.
        FormRefused: it will not have the update.
        BadAnswer: what it said is none.
    """
    step = turn.letter.step
    if manners.has_updates and link.request_id and turn.said["actor"] != turn.endpoint:
        left_s = link.posted_at_s + manners.ask_after_s - turn.now_s
        if link.posting_step == step and left_s > 0.0 and manners.can_be_asked:
            return Answer(Outcome.WAITING, "nobody knows yet whether it was taken", left_s)
        if not _is_there(server, manners, turn, link):
            _post(server, form, turn, link)
    turn.note(told_step=step, polled_at_s=0.0)
    return DELIVERED


def _is_there(server: Georeport, manners: Manners, turn: Turn, link: Link) -> bool:
    """Say whether the server has an update that may have been posted."""
    is_doubtful = link.posting_step == turn.letter.step or turn.is_tried
    if not (is_doubtful and manners.can_be_asked):
        return False
    delivery = str(turn.said["delivery"])
    return has_update(server, delivery, mark_of(delivery), turn.since_s, turn.now_s)


def _post(server: Georeport, form: Form, turn: Turn, link: Link) -> None:
    turn.note(posting_step=turn.letter.step, posted_at_s=turn.now_s)
    fields = form.update_fields(turn.said, link.request_id)
    try:
        rows = server.post("servicerequestupdates", fields)
    except ServerRefused as refused:
        raise FormRefused(refused) if refused.status == 400 else refused from None
    for row in rows:
        if row.get("update_id"):
            note_seen(turn.connection, turn.endpoint, str(row["update_id"]), turn.now_s)
