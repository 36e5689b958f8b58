import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from console_api import Api
from console_stand import NOW_US, Stand
from narrowgate_cases import DEFAULT_PRACTICE, Step, Wants, install_outbox
from narrowgate_cases.status_back import StatusBack
from narrowgate_cases.webhook import signature
from narrowgate_cases.work import Asked, take_step
from narrowgate_console import Access, Binding, Services
from narrowgate_console.app import create_app
from narrowgate_console.status_api import PATH

SECRET = b"what they sign with"
NEXT_SECRET = b"what they will sign with"
NOW_S = 1_780_000_000


def now_s() -> float:
    """Give the time of the tests [s]."""
    return float(NOW_S)


class Outside:
    """A case system that has the secret, on a console that listens to the world."""

    def __init__(self, api: Api, stand: Stand) -> None:
        """Speak to an API."""
        self._api = api
        self._stand = stand

    def say(
        self, *, secret: bytes = SECRET, at_s: str = str(NOW_S), raw: bytes | None = None, **told: object
    ) -> tuple[int, dict[str, object]]:
        """Post a status; give the answer's status and body."""
        body = json.dumps(told).encode() if raw is None else raw
        headers = {
            "Content-Type": "application/json",
            "Narrowgate-Timestamp": at_s,
            "Narrowgate-Signature": signature([secret], at_s, body),
        }
        return self.post(headers, body)

    def post(self, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, object]]:
        """Post bytes under headers."""
        answer = self._api.get(PATH, method="POST", headers={"Host": "desk.example", **headers}, raw=body)
        return answer.status_code, answer.json()

    def steps(self, number: str) -> list[tuple[str, str, str]]:
        """Give the steps of a case behind its first: step, actor, reason."""
        sql = (
            "SELECT step, actor, reason FROM case_steps JOIN cases ON cases.id = case_id"
            " WHERE number = ? ORDER BY case_steps.id"
        )
        with closing(self._stand.reader()) as connection:
            return connection.execute(sql, (number,)).fetchall()[1:]

    @property
    def stored(self) -> int:
        """Give how many steps there are."""
        with closing(self._stand.reader()) as connection:
            return int(connection.execute("SELECT count(*) FROM case_steps").fetchone()[0])


def told_of(stand: Stand, wants: Wants) -> None:
    """Have the webhook told of cases."""
    with closing(sqlite3.connect(stand.state_path, isolation_level=None)) as connection:
        install_outbox(connection, [("webhook", wants)])


def outside_of(stand: Stand, services: Services, access: Access, back: StatusBack | None) -> Outside:
    """Give the outside system of a console."""
    # Like on the wire, nobody is the administrator: what speaks is the signature alone.
    binding = Binding("0.0.0.0", cert_file=Path("x"), key_file=Path("x"))  # noqa: S104 - never bound
    app = create_app(services, access, binding, status_back=back)
    return Outside(Api(app), stand)


@pytest.fixture
def outside(filled: Stand, services: Services, access: Access) -> Outside:
    """A system that was told of every case."""
    told_of(filled, Wants())
    return outside_of(filled, services, access, StatusBack("webhook", [SECRET, NEXT_SECRET], now_s=now_s))


def test_a_genuine_status_is_a_step_of_the_case(outside: Outside) -> None:
    """What they say stands in the history under their name, and the answer says what may follow."""
    status, answer = outside.say(event="e1", case="C-000001", step="accepted", reason="已受理")

    assert (status, answer["number"], answer["state"]) == (200, "C-000001", "accepted")
    assert answer["possible"] == ["dispatched", "resolved", "commented"]
    assert outside.steps("C-000001") == [("accepted", "webhook", "已受理")]


def test_a_status_that_comes_again_is_taken_once(outside: Outside) -> None:
    """The same event has the same answer and no second step, even after others came between."""
    first = outside.say(event="e1", case="C-000001", step="accepted")
    outside.say(event="e2", case="C-000001", step="dispatched", unit="路灯一队")
    again = outside.say(event="e1", case="C-000001", step="accepted")

    assert (first[0], again[0]) == (200, 200)
    assert [step for step, _, _ in outside.steps("C-000001")] == ["accepted", "dispatched"]


def test_either_of_two_secrets_signs(outside: Outside) -> None:
    """While a secret is changed, messages under the old and under the new one are genuine."""
    answers = [
        outside.say(secret=secret, event=f"e{n}", case="C-000001", step="commented", reason="到场")[0]
        for n, secret in enumerate((SECRET, NEXT_SECRET))
    ]

    assert answers == [200, 200]


_BODY = json.dumps({"event": "e1", "case": "C-000001", "step": "accepted"}).encode()
_AT = str(NOW_S)
_RIGHT = signature([SECRET], _AT, _BODY)


_FORGED = [
    (_AT, ""),
    (_AT, "v1="),
    (_AT, _RIGHT.upper()),
    (_AT, _RIGHT[:-1]),
    (_AT, _RIGHT.removeprefix("v1=")),
    (_AT, signature([b"somebody else's secret"], _AT, _BODY)),
    (_AT, signature([SECRET], _AT, _BODY + b" ")),
    (str(NOW_S + 1), _RIGHT),
    (str(NOW_S - 301), signature([SECRET], str(NOW_S - 301), _BODY)),
    (str(NOW_S + 301), signature([SECRET], str(NOW_S + 301), _BODY)),
    ("", signature([SECRET], "", _BODY)),
    ("-1", signature([SECRET], "-1", _BODY)),
    ("1e9", signature([SECRET], "1e9", _BODY)),
    ("9" * 400, signature([SECRET], "9" * 400, _BODY)),
    (_AT, ", ".join(["v1=0"] * 50 + [_RIGHT])),
]


def test_what_is_not_genuine_changes_nothing(outside: Outside) -> None:
    """No signature, a wrong or an old one: 401, the right one is not told, and nothing is stored."""
    before = outside.stored
    answers = [
        outside.post({"Narrowgate-Timestamp": at, "Narrowgate-Signature": given}, _BODY)
        for at, given in _FORGED
    ]

    assert [(status, answer["code"]) for status, answer in answers] == [(401, "unauthenticated")] * len(
        _FORGED
    )
    assert _RIGHT.removeprefix("v1=") not in json.dumps(answers)
    assert outside.stored == before


def _told(**wrong: object) -> bytes:
    told = {"event": "e", "case": "C-000001", "step": "commented", "reason": "x"} | wrong
    return json.dumps(told).encode()


_WRONG = [
    (b"", 422),
    (b"{", 422),
    (b"[]", 422),
    (b"null", 422),
    (b"\xff\xfe{}", 422),
    (b"[" * 100_000, 422),
    (b'{"case": "C-000001", "step": "accepted"}', 422),
    (_told(event="e 1"), 422),
    (_told(event="e" * 101), 422),
    (_told(step="vanished"), 422),
    (_told(state="closed"), 422),
    (_told(case=["C-000001"]), 422),
    (_told(reason="x" * 2001), 422),
    (_told(reason="a\0b"), 409),
    (_told(reason="\u200b"), 409),
    (_told().replace(b'"x"', b'"\\ud800"'), 422),
    (_told(step="closed"), 409),
    (_told(step="started"), 409),
    (_told(case="C-000001' OR 1=1 --"), 404),
    (_told(case="C-999999"), 404),
    (b" " * (2 << 20), 413),
]


def test_a_signed_message_that_is_wrong_changes_nothing(outside: Outside) -> None:
    """Whoever has the secret can still be wrong: one line says how, and nothing is stored."""
    before = outside.stored
    answers = [(raw[:60], outside.say(raw=raw)) for raw, _ in _WRONG]

    assert [(raw, status) for raw, (status, _) in answers] == [(raw[:60], wanted) for raw, wanted in _WRONG]
    assert [answer for _, (_, answer) in answers if "\n" in str(answer["message"])] == []
    assert outside.stored == before


def test_it_may_speak_of_cases_that_it_was_told_of_only(
    filled: Stand, services: Services, access: Access
) -> None:
    """A system that hears of leaks cannot close a lamp's case, nor find out that there is one."""
    told_of(filled, Wants(services=("continuous_leak",)))
    with filled.working() as connection:
        for number in ("C-000001", "C-000002"):
            take_step(connection, number, Asked(Step.COMMENTED, "seen"), "user:ann", NOW_US, DEFAULT_PRACTICE)
    outside = outside_of(filled, services, access, StatusBack("webhook", [SECRET], now_s=now_s))

    lamps, leaks = (
        outside.say(event=f"e{number}", case=number, step="accepted") for number in ("C-000001", "C-000002")
    )

    assert (lamps[0], leaks[0]) == (404, 200)


def test_what_is_said_of_a_merged_case_goes_to_the_one_that_tells_of_it(
    outside: Outside, filled: Stand
) -> None:
    """Their number stays good after the desk merged two cases."""
    with filled.working() as connection:
        asked = Asked(Step.MERGED, into="C-000004")
        take_step(connection, "C-000001", asked, "user:ann", NOW_US, DEFAULT_PRACTICE)

    status, answer = outside.say(event="e1", case="C-000001", step="accepted")

    assert (status, answer["number"]) == (200, "C-000004")


def test_nobody_may_where_nothing_is_configured(filled: Stand, services: Services, access: Access) -> None:
    """Without a secret of its own the way back is closed."""
    told_of(filled, Wants())

    outside = outside_of(filled, services, access, None)

    assert outside.say(event="e", case="C-000001", step="accepted")[0] == 404
