"""What of the host and of the configuration decides whether data is lost."""

import ipaddress
import os
from pathlib import Path

from narrowgate_gateway.finding import Finding, Verdict
from narrowgate_gateway.keeping_checks import keeping_findings
from narrowgate_gateway.settings import Home, Settings

WANTED_RECEIVE_BYTES = 4 << 20
_RMEM = Path("/proc/sys/net/core/rmem_max")
_MOUNTS = Path("/proc/self/mounts")
_VOLATILE = ("tmpfs", "ramfs")
_FAR = ("nfs", "nfs4", "cifs", "smb3", "9p", "fuse.sshfs", "ceph")


def host_findings(settings: Settings, home: Home) -> list[Finding]:
    """Look at the volumes, the kernel's buffers, how long data is kept, and the ports that answer nobody."""
    mounts = _MOUNTS.read_text(encoding="utf-8", errors="replace")
    return [
        _space(settings, home.journal),
        *(_volume(path, mounts) for path in _places(home)),
        *keeping_findings(settings),
        *([_buffer(int(_RMEM.read_text()))] if settings.coap or settings.udp else []),
        *_replyless(settings),
        *_believed(settings),
    ]


def _believed(settings: Settings) -> list[Finding]:
    """Tell of listeners that believe whoever sends from a network that others may send from, too."""
    coap = [(f"coap {each.name}", each.allow) for each in settings.coap if each.trusted]
    udp = [(f"udp {each.name}", each.allow) for each in settings.udp if each.trusted]
    words = "whoever can send from there as a device is sent that device's commands"
    found = []
    for where, allow in coap + udp:
        public = [name for name in allow if not ipaddress.ip_network(name).is_private]
        if public:
            found.append(Finding(where, "trusted", ", ".join(public), Verdict.CAREFUL, words))
    return found


def _space(settings: Settings, journal: Path) -> Finding:
    volume = os.statvfs(_standing(journal))
    free = volume.f_bavail * volume.f_frsize
    least = settings.journal.min_free_bytes
    name, value = "free bytes", str(free)
    if free < least:
        words = f"less than journal.min_free_bytes = {least}: devices are told to come again later"
        return Finding("journal", name, value, Verdict.CAREFUL, words)
    return Finding("journal", name, value, Verdict.WELL, f"{free - least} more than must stay free")


def _standing(path: Path) -> Path:
    """Give the path, or the nearest directory above it that is there."""
    path = path.absolute()
    while not path.exists():
        path = path.parent
    return path


def _places(home: Home) -> list[Path]:
    """Give the journal, and what of the home lies on another volume."""
    device = os.stat(_standing(home.journal)).st_dev
    others = (home.state, home.telemetry, home.quarantine, home.archive, home.registry)
    return [home.journal, *(path for path in others if os.stat(_standing(path)).st_dev != device)]


def _volume(journal: Path, mounts: str) -> Finding:
    """Judge the file system that holds the journal, or another part; `mounts` is the kernel's table."""
    where, name = str(_standing(journal)), journal.name
    best, kind = "", ""
    for line in mounts.splitlines():
        _, point, its_kind, *_ = line.split(" ")
        point = point.replace("\\040", " ")
        inside = where == point or where.startswith(point.rstrip("/") + "/")
        if inside and len(point) >= len(best):
            best, kind = point, its_kind
    if kind in _VOLATILE:
        words = f"{journal} lies in memory: a restart of the host loses what is acknowledged"
        return Finding(name, "file system", kind, Verdict.LOSES, words)
    if kind in _FAR:
        words = "it lies on another machine: a sync is worth what that one's is, an outage stops us"
        return Finding(name, "file system", kind, Verdict.CAREFUL, words)
    return Finding(name, "file system", kind, Verdict.WELL, "what is synced there outlives a restart")


def _buffer(most: int) -> Finding:
    value = str(most)
    if most >= WANTED_RECEIVE_BYTES:
        return Finding("host", "net.core.rmem_max", value, Verdict.WELL, "bursts of datagrams find room")
    words = (
        f"the kernel drops datagrams of a burst sooner than with {WANTED_RECEIVE_BYTES}; those that are "
        "confirmed come again"
    )
    return Finding("host", "net.core.rmem_max", value, Verdict.CAREFUL, words)


def _replyless(settings: Settings) -> list[Finding]:
    words = "a device is not told that its frame is kept, nor that it was lost on its way"
    return [
        Finding(f"udp {port.name}", "reply", "none", Verdict.CAREFUL, words)
        for port in settings.udp
        if port.reply == "none"
    ]
