"""Steps as updates there, and what people there do as steps here."""

from findings_rows import cleared, raised
from georeport_stand import IMPATIENT_S, NAME, CityStand
from narrowgate_cases import DEFAULT_PRACTICE
from narrowgate_cases.lifecycle import Step
from narrowgate_cases.open311_turn import Manners
from narrowgate_cases.work import Asked, take_step


def test_steps_become_updates_once_each(stand: CityStand) -> None:
    """With the extension each further step is told under its name; our own are not taken for the city's."""
    stand.manners = Manners(has_updates=True)
    stand.begun(timeout_s=IMPATIENT_S)
    stand.put(raised())
    stand.send()
    stand.city.ways = ["stored, 500", "stored, no answer"]
    stand.put(cleared())
    stand.send()
    stand.poll()
    told = [(form["update_id"], form["status"]) for form in stand.posted("servicerequestupdates")]

    assert told == [("f1-2", "OPEN"), ("f1-3", "OPEN"), ("f1-4", "CLOSED")]
    assert [row["description"] for row in stand.city.updates] == [
        "resolved: recovered\n[ng-f1-2]", "verified: recovered\n[ng-f1-3]", "closed: recovered\n[ng-f1-4]",
    ]  # fmt: skip
    assert len(stand.case()[1]) == 4


def test_what_is_closed_there_is_said_to_be_mended_here(stand: CityStand) -> None:
    """A status of theirs is a step of the case by its life cycle, under the city's name, taken once."""
    stand.put(raised())
    stand.send()
    stand.city.requests[0].update(status="closed", status_notes="灯泡已更换")
    stand.poll()
    stand.poll()
    state, steps = stand.case()

    assert (state, steps[1:]) == ("resolved", [("resolved", NAME, "灯泡已更换")])


def test_what_is_open_again_there_is_worked_again_here(stand: CityStand) -> None:
    """A request that was closed and is open sends the case back."""
    stand.put(raised())
    stand.send()
    for status in ("closed", "open"):
        stand.city.requests[0].update(status=status)
        stand.poll()
    state, steps = stand.case()

    assert (state, [step for step, _, _ in steps[1:]]) == ("in_progress", ["resolved", "reworked"])


def test_what_is_over_is_not_asked_after(stand: CityStand) -> None:
    """A request that is closed there, its case closed here, is polled no more until the case takes a step."""
    stand.put(raised())
    stand.send()
    stand.city.requests[0].update(status="closed")
    stand.put(cleared())
    stand.send()
    stand.poll()
    asked = len(stand.city.asked)
    stand.poll()
    silent = len(stand.city.asked) - asked
    remark = Asked(Step.COMMENTED, "look again")
    take_step(stand.desk, "C-000001", remark, "user:li", int(stand.at_s * 1e6), DEFAULT_PRACTICE)
    stand.send()
    stand.poll()

    assert (silent, len(stand.city.asked) - asked) == (0, 1)


def test_a_note_that_moves_nothing_is_a_remark(stand: CityStand) -> None:
    """New words on a request whose status stays are kept in the case's history."""
    stand.put(raised())
    stand.send()
    stand.city.requests[0].update(status_notes="备件在途\x07")
    stand.poll()
    stand.poll()

    assert stand.case() == ("reported", [("reported", "device", "raised"), ("commented", NAME, "备件在途")])


def test_updates_of_theirs_are_steps_and_remarks(stand: CityStand) -> None:
    """FixMyStreet's states lead on where the life cycle lets them; each is taken once, and never echoed."""
    stand.manners = Manners(has_updates=True)
    stand.begun()
    stand.put(raised())
    stand.send()
    request_id = stand.city.requests[0]["service_request_id"]
    for status, words in (
        ("investigating", "on it"),
        ("investigating", "still"),
        ("fixed", "done"),
        ("open", ""),
    ):
        stand.city.update(request_id, status, words)
    stand.city.update("999", "closed", "not ours")
    stand.poll()
    stand.poll()
    stand.send()
    state, steps = stand.case()

    assert (state, [(step, reason) for step, _, reason in steps[1:]]) == (
        "in_progress",
        [("accepted", "on it"), ("commented", "still"), ("resolved", "done"), ("reworked", "open there")],
    )
    assert stand.posted("servicerequestupdates") == []


def test_what_people_do_is_told_too(stand: CityStand) -> None:
    """A step that somebody takes goes out with their words."""
    stand.manners = Manners(has_updates=True)
    stand.begun()
    stand.put(raised())
    stand.send()
    asked = Asked(Step.COMMENTED, "已联系产权单位")
    take_step(stand.desk, "C-000001", asked, "user:li", int(stand.at_s * 1e6), DEFAULT_PRACTICE)
    stand.send()

    assert stand.city.updates[0]["description"] == "commented: 已联系产权单位\n[ng-f1-2]"


def test_a_server_that_is_down_is_told_in_words(stand: CityStand) -> None:
    """What cannot be asked makes trouble in words, and letters go on when it is back."""
    stand.put(raised())
    stand.send()
    stand.city.lists = False
    stand.poll()
    trouble = stand.life.trouble
    stand.city.lists = True
    stand.poll()

    assert trouble.endswith(": 404 Not Found: requests was not found")
    assert stand.life.trouble == ""
