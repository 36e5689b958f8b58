"""What in a mosquitto.conf costs messages that the broker has acknowledged.

Facts of Mosquitto 2.0: a queue for an absent client is bounded to 1000 messages by default and drops in
silence; messages live in memory and are written to disk by `persistence` only, every 1800 s by default.
"""

from pathlib import Path

from narrowgate_gateway.finding import Finding, Verdict

FAR_MESSAGES = 100_000
FAR_BYTES = 64 << 20
NEAR_SAVE = 10
_MOST_INCLUDED = 100

_DEFAULTS = {
    "max_queued_messages": "1000",
    "max_queued_bytes": "0",
    "persistence": "false",
    "autosave_interval": "1800",
    "autosave_on_changes": "false",
    "persistent_client_expiration": "",
    "message_size_limit": "0",
    "allow_anonymous": "false",
}


def read_mosquitto_conf(path: Path) -> dict[str, str]:
    """Give the settings that matter, Mosquitto's defaults where the file says nothing.

    Raises:
        OSError: the file, or one of its `include_dir`, cannot be read.
    """
    settings = dict(_DEFAULTS)
    _read(path, settings)
    return settings


def _read(path: Path, settings: dict[str, str]) -> None:
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        key, _, value = line.strip().partition(" ")
        if key == "include_dir":
            for included in sorted(Path(value.strip()).glob("*.conf"))[:_MOST_INCLUDED]:
                _read(included, settings)
        elif key in settings:
            settings[key] = value.strip()


def judge_mosquitto(settings: dict[str, str], subject: str) -> list[Finding]:
    """Give a finding for each setting that decides whether acknowledged messages are lost."""
    return [
        _queue(settings["max_queued_messages"], subject),
        _queue_bytes(settings["max_queued_bytes"], subject),
        _persistence(settings["persistence"], subject),
        *([_autosave(settings, subject)] if settings["persistence"] == "true" else []),
        _expiration(settings["persistent_client_expiration"], subject),
        _size(settings["message_size_limit"], subject),
        _anonymous(settings["allow_anonymous"], subject),
    ]


def _number(text: str) -> int | None:
    return int(text) if text.isdecimal() and text.isascii() else None


def _unreadable(subject: str, setting: str, value: str) -> Finding:
    return Finding(subject, setting, value, Verdict.UNKNOWN, "no whole number: Mosquitto would not start")


def _queue(value: str, subject: str) -> Finding:
    name, most = "max_queued_messages", _number(value)
    if most is None:
        return _unreadable(subject, name, value)
    if most == 0:
        return Finding(subject, name, value, Verdict.WELL, "the queue for an absent gateway is not bounded")
    verdict = Verdict.LOSES if most < FAR_MESSAGES else Verdict.CAREFUL
    words = f"beyond {most} queued messages Mosquitto drops what it has acknowledged; 0 sets no bound"
    return Finding(subject, name, value, verdict, words)


def _queue_bytes(value: str, subject: str) -> Finding:
    name, most = "max_queued_bytes", _number(value)
    if most is None:
        return _unreadable(subject, name, value)
    if most == 0:
        return Finding(subject, name, value, Verdict.WELL, "the queue is not bounded in bytes")
    verdict = Verdict.LOSES if most < FAR_BYTES else Verdict.CAREFUL
    words = f"beyond {most} queued bytes Mosquitto drops what it has acknowledged; 0 sets no bound"
    return Finding(subject, name, value, verdict, words)


def _persistence(value: str, subject: str) -> Finding:
    if value == "true":
        return Finding(subject, "persistence", value, Verdict.WELL, "queue and sessions outlive a restart")
    words = "a restart of Mosquitto loses every queued message and the gateway's session; set it to true"
    return Finding(subject, "persistence", value, Verdict.LOSES, words)


def _autosave(settings: dict[str, str], subject: str) -> Finding:
    value = settings["autosave_interval"]
    every = _number(value)
    if every is None:
        return _unreadable(subject, "autosave_interval", value)
    unit = "changes" if settings["autosave_on_changes"] == "true" else "s"
    if 0 < every <= NEAR_SAVE:
        words = f"a crash of Mosquitto loses what it acknowledged in the last {every} {unit}"
        return Finding(subject, "autosave_interval", f"{value} {unit}", Verdict.CAREFUL, words)
    lost = f"in the last {every} {unit}" if every else "since it started"
    words = f"a crash of Mosquitto loses what it acknowledged {lost}; at most {NEAR_SAVE} is right"
    return Finding(subject, "autosave_interval", f"{value} {unit}", Verdict.LOSES, words)


def _expiration(value: str, subject: str) -> Finding:
    name = "persistent_client_expiration"
    if not value:
        return Finding(subject, name, "never", Verdict.WELL, "an absent gateway's session is kept")
    words = f"a gateway that is away for {value} loses its session and all that is queued in it"
    return Finding(subject, name, value, Verdict.CAREFUL, words)


def _size(value: str, subject: str) -> Finding:
    if _number(value) == 0:
        words = "a publisher may send 256 MB at once; the longest frame of your devices is enough"
        return Finding(subject, "message_size_limit", value, Verdict.CAREFUL, words)
    return Finding(subject, "message_size_limit", value, Verdict.WELL, "longer messages are refused")


def _anonymous(value: str, subject: str) -> Finding:
    if value == "true":
        words = "anybody may publish as any device; set it to false, with a password_file and an acl_file"
        return Finding(subject, "allow_anonymous", value, Verdict.CAREFUL, words)
    return Finding(subject, "allow_anonymous", value, Verdict.WELL, "publishers have to say who they are")
