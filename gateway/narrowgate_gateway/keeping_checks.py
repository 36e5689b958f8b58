"""What of the configuration decides how long data is there, and where the only copy of it lies."""

from collections.abc import Iterator

from narrowgate_gateway.finding import Finding, Verdict
from narrowgate_gateway.settings import Settings


def keeping_findings(settings: Settings) -> Iterator[Finding]:
    """Yield what becomes of what was kept, as time goes on."""
    archive = settings.archive
    if not archive.enabled:
        words = (
            "raw frames go once the journal has more than "
            f"journal.keep_bytes = {settings.journal.keep_bytes}; "
            "they cannot be replayed then, and rules that change hear no more of the past"
        )
        yield Finding("archive", "enabled", "false", Verdict.CAREFUL, words)
    else:
        yield _frames(archive.keep_frames_days)
        yield from _readings(settings)
    if days := settings.telemetry.stays_days:
        words = f"stays go {days} days behind their end, by your word: the readings behind them stay"
        yield Finding("telemetry parking", "stays_days", str(days), Verdict.CAREFUL, words)
    if settings.journal.min_free_bytes == 0:
        words = (
            "the volume may fill to the last byte: stores beside the journal fail, too, until there is room"
        )
        yield Finding("journal", "min_free_bytes", "0", Verdict.CAREFUL, words)


def _frames(days: int) -> Finding:
    if not days:
        words = "raw frames are kept for good: see to the volume"
        return Finding("archive", "keep_frames_days", "0", Verdict.WELL, words)
    words = f"raw frames go after {days} days, by your word: older ones cannot be replayed"
    return Finding("archive", "keep_frames_days", str(days), Verdict.CAREFUL, words)


def _readings(settings: Settings) -> Iterator[Finding]:
    """Yield the families whose readings are nowhere after some time."""
    kept = settings.archive.keep_readings_days
    for family, days in settings.telemetry.days().items():
        if kept and days:
            words = (
                f"readings are nowhere in the home after {max(kept, days)} days, by your word"
                f" (archive.keep_readings_days = {kept}); a backup or a further store may have them"
            )
            yield Finding(f"telemetry {family}", "keep_days", str(days), Verdict.CAREFUL, words)
