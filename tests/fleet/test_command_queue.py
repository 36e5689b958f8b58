"""What becomes of commands that wait, leave, are answered and are not."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from commands_waiting import S, Stand, framed, wish
from narrowgate_fleet import CommandFilters, CommandQueue, CommandReason, Frame, Ready
from narrowgate_fleet.command_queue import MOST_OPEN, open_counts
from narrowgate_schema.commands import (
    ClockStep,
    Command,
    CommandKind,
    LampLevel,
    LampProgramme,
    Reboot,
    ReportInterval,
    Valve,
)

HOUR = 3600 * S


@pytest.fixture
def stand(tmp_path: Path) -> Iterator[Stand]:
    """Give both ends of a queue."""
    made = Stand.at(tmp_path)
    yield made
    made.close()


def unanswerable(number: int) -> Frame:
    """Give bytes that no device answers."""
    return framed(number, is_answered=False)


def test_a_command_is_sent_answered_and_told_step_by_step(stand: Stand) -> None:
    """Each step is kept with its instant, its reason and who took it."""
    command = stand.put(now_us=1)
    stand.sent(now_us=5)
    stand.hear(True, 7)

    steps = [(step.at_us, step.state, step.reason, step.actor) for step in stand.queue.history(command)]
    assert steps == [
        (1, "PENDING", "put", "user:ann"),
        (5, "SENT", "on_answer", "edge"),
        (7, "SUCCESSFUL", "carried_out", "device"),
    ]


def test_a_device_that_says_no_has_failed(stand: Stand) -> None:
    """An answer that it was not carried out ends a command as FAILED."""
    command = stand.put()
    stand.sent(now_us=5)
    stand.hear(False, 7)

    assert stand.stands(command) == ("FAILED", "not_carried_out")


def test_a_word_older_than_the_sending_answers_nothing(stand: Stand) -> None:
    """The uplink that a command rides behind, decoded later, is not taken for its answer."""
    command = stand.put()
    stand.sent(now_us=5)
    stand.hear(True, 5)

    assert stand.stands(command) == ("SENT", "on_answer")


def test_one_command_of_a_device_is_on_its_way(stand: Stand) -> None:
    """The next command of a device waits for the outcome of the one before."""
    stand.put(LampLevel(50))
    stand.put(ReportInterval(60))
    stand.sent(now_us=1)

    assert stand.claim(now_us=2) is None


def test_the_next_word_delivers_what_no_answer_follows(stand: Stand) -> None:
    """Where a layout has no answer the device's going on is the last that is known."""
    command = stand.put(framing=unanswerable)
    stand.sent(now_us=1)
    stand.hear(None, 2)

    assert (stand.stands(command), stand.row(command).settled_at_us) == (("DELIVERED", "next_word"), 2)


def test_what_may_not_have_left_is_not_called_delivered(stand: Stand) -> None:
    """After a crash between claim and sending a device's next word says nothing of the command."""
    command = stand.put(framing=unanswerable)
    stand.claim(now_us=1)
    stand.hear(None, 2)

    assert stand.stands(command) == ("SENT", "on_answer")


def test_a_device_that_speaks_and_does_not_answer_is_sent_it_again(stand: Stand) -> None:
    """Only a word of the device after the time for answers has a command sent once more."""
    command = stand.put()
    stand.sent(now_us=1)
    stand.hear(None, 181 * S)

    again = stand.sent(now_us=182 * S)
    assert (again.id, again.attempt, again.payload) == (command, 2, b"#1")


def test_an_answer_that_comes_late_is_heard_while_it_waits_again(stand: Stand) -> None:
    """A command that was answered after all is not sent once more."""
    command = stand.put()
    stand.sent(now_us=1)
    stand.hear(None, 181 * S)
    stand.hear(True, 190 * S)

    assert (stand.stands(command)[0], stand.claim(now_us=200 * S)) == ("SUCCESSFUL", None)


def test_a_command_is_given_up_after_its_attempts(stand: Stand) -> None:
    """So many attempts without an answer end as TIMEOUT."""
    command = stand.put(most_attempts=2)
    for at_us in (HOUR, 2 * HOUR):
        stand.sent(now_us=at_us)
        stand.hear(None, at_us + 200 * S)

    assert stand.stands(command) == ("TIMEOUT", "attempts_spent")


@pytest.mark.parametrize("command", [Valve(is_open=False), Reboot()])
def test_what_must_never_be_repeated_leaves_once(stand: Stand, command: Command) -> None:
    """A valve or a reboot whose answer is lost ends as TIMEOUT in honest words, and is never sent again."""
    number = stand.put(command, most_attempts=9)
    stand.sent(now_us=1)
    stand.hear(None, 181 * S)

    last = stand.queue.history(number)[-1]
    assert (last.state, last.detail, stand.claim(now_us=HOUR)) == (
        "TIMEOUT",
        "sent once; whether it was carried out is not known, and it is not sent again",
        None,
    )


def test_what_surely_did_not_leave_waits_again(stand: Stand) -> None:
    """A claim that is given back does not count as an attempt, also where only one is allowed."""
    command = stand.put(Reboot())
    claim = stand.claim(now_us=1)
    assert claim is not None
    stand.sending.give_back([claim], now_us=2, detail="the session was closed")

    assert stand.sent(now_us=3).id == command


def test_an_attempt_that_did_not_leave_takes_nothing_from_the_one_before(stand: Stand) -> None:
    """The answer to an attempt that left still ends the command when the next one was given back."""
    command = stand.put()
    stand.sent(now_us=1)
    stand.hear(None, 181 * S)
    again = stand.claim(now_us=190 * S)
    assert again is not None
    stand.sending.give_back([again], now_us=191 * S, detail="the broker was away")
    stand.hear(True, 192 * S)

    assert (stand.stands(command)[0], stand.row(command).attempts) == ("SUCCESSFUL", 1)


def test_what_was_given_back_gives_way_to_what_was_put_meanwhile(stand: Stand) -> None:
    """A command that did not leave is not sent once a newer one says what it said."""
    older = stand.put(LampLevel(20))
    claim = stand.claim(now_us=1)
    newer = stand.put(LampLevel(80))
    assert claim is not None
    stand.sending.give_back([claim], now_us=2, detail="the session was closed")

    assert (stand.stands(older), stand.sent(now_us=3).id) == (("CANCELED", "superseded"), newer)


def test_a_newer_command_of_a_kind_takes_the_place_of_one_that_waits(stand: Stand) -> None:
    """The older one is canceled, and says by which."""
    older, newer = stand.put(LampLevel(20)), stand.put(LampLevel(80))

    assert stand.stands(older) == ("CANCELED", "superseded")
    assert stand.queue.history(older)[-1].detail == f"by command {newer}"


def test_a_newer_command_leaves_one_on_its_way_alone(stand: Stand) -> None:
    """What is on its way is not called canceled."""
    older = stand.put(LampLevel(20))
    stand.sent(now_us=1)
    stand.put(LampLevel(80))

    assert stand.stands(older)[0] == "SENT"


@pytest.mark.parametrize(
    ("older", "newer", "holds"),
    [
        (LampLevel(20, "a"), LampLevel(30, "b"), True),
        (LampLevel(20, "a"), LampLevel(30), False),
        (LampLevel(20), LampLevel(30, "b"), True),
        (LampLevel(20), ReportInterval(60), True),
        (LampProgramme((ClockStep(0, 1),), ("mon",)), LampProgramme((ClockStep(0, 2),), ("tue",)), True),
        (LampProgramme((ClockStep(0, 1),), number=1), LampProgramme((ClockStep(0, 2),), number=2), True),
        (LampProgramme((ClockStep(0, 1),)), LampProgramme((ClockStep(0, 2),)), False),
    ],
)
def test_what_a_newer_command_covers(stand: Stand, older: Command, newer: Command, holds: bool) -> None:
    """A level for a device covers its lamps; other lamps, programmes and days are left alone."""
    command = stand.put(older)
    stand.put(newer)

    assert (stand.stands(command)[0] == "PENDING") is holds


def test_the_same_key_is_the_same_command(stand: Stand) -> None:
    """A wish that is put twice with one key is kept once."""
    first, again = (
        stand.queue.put(wish(LampLevel(5), idempotency_key="k"), by="a", now_us=at) for at in (1, 2)
    )

    assert (again.id, again.is_new) == (first.id, False)


def test_a_key_of_another_command_is_refused(stand: Stand) -> None:
    """One key never stands for two commands of a principal."""
    stand.put(LampLevel(5), idempotency_key="k")

    with pytest.raises(ValueError, match="idempotency key 'k' is that of command 1, another one"):
        stand.put(LampLevel(6), idempotency_key="k")


def test_a_device_has_a_bounded_number_of_open_commands(stand: Stand) -> None:
    """Beyond the bound a command is refused in words; one that takes another's place is not."""
    numbers = [stand.put(LampLevel(5, f"lamp {n}"), idempotency_key=f"{n}") for n in range(MOST_OPEN)]

    stand.put(LampLevel(6, "lamp 0"))
    assert stand.stands(numbers[0]) == ("CANCELED", "superseded")
    with pytest.raises(ValueError, match="64 commands wait for device 'lamp-1' already"):
        stand.put(LampLevel(5, "one more"))


def test_of_many_wishes_one_that_is_refused_leaves_the_others(stand: Stand) -> None:
    """A device for whom too much waits is told of in words, and has no part in what becomes of the rest."""
    for n in range(MOST_OPEN):
        stand.put(LampLevel(5, f"lamp {n}"))

    put = stand.queue.put_each([wish(Reboot()), wish(Reboot(), "lamp-2")], by="a", now_us=0)
    rows = stand.queue.listed(CommandFilters(kind=CommandKind.REBOOT))
    assert (put[0], [row.device for row in rows]) == (
        "64 commands wait for device 'lamp-1' already: cancel some first", ["lamp-2"],
    )  # fmt: skip


def test_a_refused_frame_keeps_nothing(stand: Stand) -> None:
    """Of several wishes none is kept where one cannot be told its device."""

    def refusing(_: int) -> Frame:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        stand.queue.put_all([wish(LampLevel(5)), wish(LampLevel(5), framing=refusing)], by="a", now_us=0)
    assert stand.queue.listed() == []


def test_what_is_not_due_is_passed_over(stand: Stand) -> None:
    """A command that may go later lets the one behind it go first."""
    stand.put(LampLevel(20), not_before_us=HOUR)
    interval = stand.put(ReportInterval(60))

    assert stand.sent(now_us=1).id == interval


def test_what_never_left_in_its_time_expires(stand: Stand) -> None:
    """An expired command is never claimed, whether or not anybody called it so."""
    command = stand.put(ttl_s=60)

    assert stand.claim(now_us=60 * S) is None
    assert (stand.queue.expire(60 * S), stand.stands(command)) == (1, ("EXPIRED", "too_old"))


def test_what_left_and_was_never_answered_times_out(stand: Stand) -> None:
    """A command that left last thing is given the time for an answer, then called TIMEOUT."""
    command = stand.put(ttl_s=60)
    stand.sent(now_us=59 * S)

    assert (stand.queue.expire(61 * S), stand.queue.expire(239 * S)) == (0, 1)
    assert stand.stands(command) == ("TIMEOUT", "too_old")


def test_what_was_made_for_another_profile_is_not_sent(stand: Stand) -> None:
    """A device that got another profile meanwhile is not sent bytes it would read otherwise."""
    command = stand.put()

    assert stand.claim(profile="lamp_v2") is None
    assert stand.stands(command) == ("FAILED", "profile_changed")


def test_only_what_waits_can_be_canceled(stand: Stand) -> None:
    """A command on its way cannot be taken back, and the refusal says so."""
    command = stand.put()
    stand.sent(now_us=1)

    with pytest.raises(ValueError, match="command 1 is SENT: only one that waits can be canceled"):
        stand.queue.cancel(command, by="user:ann", now_us=2)


def test_a_cell_gets_no_more_in_a_minute_than_it_may(tmp_path: Path) -> None:
    """What is beyond a cell's rate goes on waiting; another cell's does not."""
    stand = Stand.at(tmp_path, cell_per_min=2)
    for device, cell in (("a", "c1"), ("b", "c1"), ("c", "c1"), ("d", "c2")):
        stand.put(device=device, cell=cell)
    ready = [Ready(device, "lamp_v1") for device in "abcd"]
    first, _ = stand.sending.claim(ready, CommandReason.ON_ANSWER, now_us=S)
    later, _ = stand.sending.claim(ready, CommandReason.ON_ANSWER, now_us=62 * S)
    stand.close()

    assert ([each.device for each in first], [each.device for each in later]) == (["a", "b", "d"], ["c"])


def test_a_watcher_is_told_of_devices_for_whom_something_came(stand: Stand) -> None:
    """From one mark to the next only what came to wait since is told, also what waits again."""
    stand.put(device="a")
    devices, mark = stand.sending.waiting_since(0)
    stand.put(device="b")

    assert (devices, stand.sending.waiting_since(mark)[0]) == (["a"], ["b"])


def test_a_repeat_after_a_crash_finds_what_rode_on_the_answer(stand: Stand) -> None:
    """A sender that starts anew knows which command goes with which exchange."""
    stand.put()
    claim = stand.sent(now_us=5)

    assert stand.sending.on_answers(since_us=5) == [claim]


def test_open_commands_are_counted_by_state(stand: Stand) -> None:
    """What is settled is not among them."""
    stand.queue.cancel(stand.put(device="a"), by="a", now_us=1)
    stand.put(device="b")
    stand.put(device="c")
    stand.sent("c", now_us=1)
    with stand.queue.file.looking() as connection:
        counted = {state: n for state, n in open_counts(connection).items() if n}

    assert counted == {"PENDING": 1, "SENT": 1}


def test_what_is_settled_is_forgotten_after_a_while(stand: Stand) -> None:
    """The history is bounded by age and by number; what is open stays."""
    settled = [stand.put(device=name) for name in "abc"]
    for at_us, command in enumerate(settled):
        stand.queue.cancel(command, by="a", now_us=at_us)
    waiting = stand.put(device="d")

    assert stand.queue.trim(settled_before_us=1, most_settled=1) == 2
    assert [row.id for row in stand.queue.listed()] == [waiting, settled[2]]


def test_a_device_that_is_erased_leaves_nothing(stand: Stand) -> None:
    """Commands and steps of a device go together."""
    command = stand.put()
    stand.put(device="other")

    assert (stand.queue.forget("lamp-1"), stand.queue.history(command)) == (1, [])


def test_commands_are_found_by_what_is_asked(stand: Stand) -> None:
    """Filters narrow together."""
    stand.put(group="g", device="a")
    stand.put(group="g", device="b")
    stand.put(device="a")

    found = stand.queue.listed(CommandFilters(device="a", group="g", is_open=False))
    assert [(row.device, row.group, row.state) for row in found] == [("a", "g", "CANCELED")]


def test_another_programs_file_is_refused(tmp_path: Path) -> None:
    """A file that is none of ours is left as it is."""
    path = tmp_path / "commands.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE t (x)")

    with pytest.raises(ValueError, match="is no file of commands of format 1"):
        CommandQueue(path)
