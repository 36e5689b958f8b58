"""Causes as their definition reads, one arrival and one tick at a time, over plain lists."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from causes_city import Arrival, Heard, Places, Said, Told
from narrowgate_rules.causes import GROUP_RULES, GroupRule
from narrowgate_rules.episodes import identity
from rules_rows import HOUR_US, MINUTE_US, Tick

WINDOW_US, SHARE, LEAST = 5 * MINUTE_US, 0.6, 3
GAP_US, FLAP_RAISES, FLAP_US = 10 * MINUTE_US, 3, HOUR_US


@dataclass(eq=False)
class _Episode:
    row: dict[str, Any]
    low_us: int = 0
    high_us: int = 0
    every_us: int = 0
    release_us: int = 0
    quiet_us: int | None = None
    let_go_us: int = 0
    standing: str = "held"
    known: bool = False
    group: "_Group | None" = None
    waits: bool = False

    @property
    def is_open(self) -> bool:
        return self.row["cleared_at"] is None


@dataclass(eq=False)
class _Group:
    rule: GroupRule
    name: str
    since_us: int
    row: dict[str, Any]
    release_us: int
    told: set[str] = field(default_factory=set)
    version_us: int | None = None
    standing: str = "held"
    known: bool = False
    own: list[_Episode] = field(default_factory=list)


class CausesTwin:
    """The episodes and groups of a city."""

    def __init__(self, places: Places) -> None:
        self.places = places
        self.episodes: list[_Episode] = []
        self.groups: list[_Group] = []
        self.heard: dict[str, int] = {}
        self.said = Told()
        self.stirred = False
        self.wake_us: int | None = None

    def hear(self, arrivals: Sequence[Arrival]) -> Told:
        """Give what the definition says."""
        for arrival in arrivals:
            if isinstance(arrival, Heard):
                self.heard[arrival.device] = max(self.heard.get(arrival.device, 0), arrival.time_us)
            elif isinstance(arrival, Said):
                self._enter(arrival)
            else:
                self._tick(arrival)
        return self.said

    def _group_of(self, rule: GroupRule, device: str) -> str | None:
        if device not in self.places.devices or rule.level.value not in self.places.groups:
            return None
        return self.places.groups[rule.level.value][self.places.devices.index(device)]

    def _every_us(self, said: Said) -> int:
        every_s = 0.0
        if self.places.every_s and said.device in self.places.devices:
            every_s = self.places.every_s[self.places.devices.index(said.device)]
        return round(every_s * 1e6) if every_s >= 1 else 0

    def _enter(self, said: Said) -> None:
        self.stirred = True
        known = [each for each in self.episodes if each.row["finding"] == said.finding]
        if known:
            self._follow(known[-1], said)
            return
        episode = _Episode(said.row(), every_us=self._every_us(said))
        self._lay(episode, said)
        levels = [rule for rule in GROUP_RULES if said.rule in (*rule.symptoms, *rule.explains)]
        may_be = any(self._group_of(rule, said.device) is not None for rule in levels)
        same = [
            each
            for each in self.episodes
            if (each.row["rule"], each.row["device"]) == (said.rule, said.device)
            and each.row["cleared_at"] != each.row["raised_at"]
        ]
        lately = [each for each in same if said.raised_us - FLAP_US < each.row["raised_at"] <= said.raised_us]
        own = said.cleared_us != said.raised_us
        if len(lately) + own >= FLAP_RAISES:
            episode.quiet_us = said.raised_us + FLAP_US
        ends = [each.row["cleared_at"] for each in same if not each.is_open]
        symptom = may_be and any(said.rule in rule.symptoms for rule in GROUP_RULES)
        episode.release_us = max(
            said.raised_us + (WINDOW_US if symptom else 0),
            max(ends) + GAP_US if ends else said.raised_us,
        )
        at_once = episode.release_us <= said.raised_us and episode.quiet_us is None and not may_be
        if at_once or said.version > 1 or said.severity == "safety":
            episode.standing, episode.known = "told", True
            self.said.causes.append(dict(episode.row))
        if episode.is_open or said.version == 1:
            self.episodes.append(episode)

    def _follow(self, episode: _Episode, said: Said) -> None:
        episode.row = said.row()
        if episode.is_open and said.severity == "safety":
            episode.standing, episode.known = "told", True
        if episode.known:
            self.said.causes.append(dict(episode.row))

    def _lay(self, episode: _Episode, said: Said) -> None:
        if said.silent_us:
            episode.low_us = said.raised_us - said.silent_us
            episode.high_us = min(episode.low_us + episode.every_us, said.raised_us)
        else:
            episode.low_us, episode.high_us = said.raised_us - episode.every_us, said.raised_us

    def _tick(self, tick: Tick) -> None:
        waiting = any(e.is_open and e.standing == "held" and e.group is None for e in self.episodes)
        pending = any(
            (g.row["cleared_at"] is None) and (g.standing == "held" or set(g.row["members"]) - g.told)
            for g in self.groups
        )
        woken = self.wake_us is not None and self.wake_us <= tick.time_us
        if not (self.stirred or waiting or pending or woken):
            return
        self.stirred, self.wake_us = False, None
        self._decide(tick)

    def _decide(self, tick: Tick) -> None:
        before = {episode: episode.group for episode in self.episodes}
        owner: dict[_Episode, _Group] = {}
        away: set[str] = set()
        for episode in self.episodes:
            episode.waits = False
        for rule in GROUP_RULES:
            self._explain(rule, owner, away, tick)
        rows = self._settle(owner, before, tick)
        for episode in self.episodes:
            if episode.is_open:
                self._regroup(episode, owner.get(episode), before[episode], tick)
        self._release(rows, tick)

    def _explain(self, rule: GroupRule, owner: dict[_Episode, _Group], away: set[str], tick: Tick) -> None:
        fails = [
            e
            for e in self.episodes
            if e.is_open and e.row["rule"] in rule.symptoms and self._group_of(rule, e.row["device"])
        ]
        names = sorted({str(self._group_of(rule, e.row["device"])) for e in fails if e not in owner})
        members: dict[str, _Group] = {}
        for name in names:
            own = [e for e in fails if e not in owner and self._group_of(rule, e.row["device"]) == name]
            standing = [g for g in self._standing() if (g.rule, g.name) == (rule, name)]
            group = standing[0] if standing else self._form(rule, name, own, fails, away, tick)
            for each in own:
                if group is not None and each.high_us >= group.since_us - WINDOW_US:
                    owner[each] = group
                    members[each.row["device"]] = group
            if group is None:
                continue
            self._wait(rule, name, [e for e in own if e not in owner], fails, away)
        away |= set(members)
        for each in self.episodes:
            taken = each.is_open and each not in owner and each.row["rule"] in rule.explains
            if taken and each.row["device"] in members:
                owner[each] = members[each.row["device"]]

    def _standing(self) -> Iterable[_Group]:
        return (group for group in self.groups if group.row["cleared_at"] is None)

    def _evidence(
        self, rule: GroupRule, name: str, fails: Sequence[_Episode], away: set[str]
    ) -> tuple[list[int], int]:
        """Give when the sound devices of a group were heard, and how many of it are known."""
        failing = {each.row["device"] for each in fails}
        known = [d for d in self.heard if self._group_of(rule, d) == name and d not in away]
        return [self.heard[d] for d in known if d not in failing], len(known)

    def _wait(
        self, rule: GroupRule, name: str, own: Sequence[_Episode], fails: Sequence[_Episode], away: set[str]
    ) -> None:
        heard, known = self._evidence(rule, name, fails, away)
        for each in own:
            left = known - sum(at > each.high_us for at in heard)
            if each.standing == "held" and left >= max(SHARE * known, LEAST):
                each.waits = True

    def _form(
        self,
        rule: GroupRule,
        name: str,
        own: Sequence[_Episode],
        fails: Sequence[_Episode],
        away: set[str],
        tick: Tick,
    ) -> _Group | None:
        self._wait(rule, name, own, fails, away)
        first: dict[str, _Episode] = {}
        for each in sorted(own, key=lambda e: (e.row["raised_at"], e.row["rule"])):
            if each.quiet_us is None or each.quiet_us <= tick.time_us:
                first.setdefault(each.row["device"], each)
        heard, known = self._evidence(rule, name, fails, away)
        spans = list(first.values())
        wait_us = max([max(e.every_us, WINDOW_US) for e in spans], default=0)
        best: tuple[int, int] | None = None
        for x in sorted({each.high_us for each in spans}):
            count = sum(e.low_us <= x and e.high_us >= x - WINDOW_US for e in spans)
            after = sum(at > x for at in heard)
            if count < LEAST or count < SHARE * (count + after):
                continue
            if count < SHARE * known and x + wait_us > tick.time_us:
                self.wake_us = min(x + wait_us, self.wake_us or x + wait_us)
            elif best is None or count > best[0]:
                best = (count, x)
        return None if best is None else self._opened(rule, name, best[1], tick)

    def _opened(self, rule: GroupRule, name: str, since_us: int, tick: Tick) -> _Group:
        row = {
            **Said(0, rule.name, name, 0, 0, since_us, None, rule.severity.value).row(),
            "finding": identity(rule.name, name, "", tick.time_us),
        }
        group = _Group(rule, name, since_us, row, tick.time_us + WINDOW_US)
        self.groups.append(group)
        return group

    def _settle(
        self, owner: dict[_Episode, _Group], before: dict[_Episode, _Group | None], tick: Tick
    ) -> list[_Group]:
        moved = []
        levels = [rule.name for rule in GROUP_RULES]
        for group in sorted(self._standing(), key=lambda g: (levels.index(g.rule.name), g.name)):
            own = [e for e, g in owner.items() if g is group and e.row["rule"] in group.rule.symptoms]
            failing = {e.row["device"] for e in own}
            group.row["members"] = sorted(failing | set(group.row["members"]))
            is_over = len(failing) < (1 - SHARE) * len(group.row["members"])
            more = set(group.row["members"]) - group.told
            due = more and (group.version_us is None or tick.time_us - group.version_us >= MINUTE_US)
            if not (is_over or due):
                continue
            if is_over:
                self._end(group, owner, before, tick)
            group.row |= {"version": group.row["version"] + 1, "frame": tick.frame}
            group.told, group.version_us = set(group.row["members"]), tick.time_us
            self.said.groups.append(dict(group.row))
            moved.append(group)
        return moved

    def _end(
        self,
        group: _Group,
        owner: dict[_Episode, _Group],
        before: dict[_Episode, _Group | None],
        tick: Tick,
    ) -> None:
        was_own = [e for e, g in before.items() if g is group]
        ends = [e.row["cleared_at"] for e in was_own if not e.is_open]
        taken = [owner[e] for e in was_own if e in owner and owner[e] is not group]
        levels = [rule.name for rule in GROUP_RULES]
        if taken:
            larger = min(taken, key=lambda g: (levels.index(g.rule.name), g.name))
            ends.append(larger.since_us)
        ended_us = max(ends) if ends else tick.time_us
        group.row |= {"state": "cleared", "cleared_at": max(ended_us, group.row["raised_at"] + 1)}
        for each in [e for e, g in owner.items() if g is group]:
            del owner[each]

    def _regroup(self, episode: _Episode, group: _Group | None, was: _Group | None, tick: Tick) -> None:
        episode.group = group
        if was is None or group is not None:
            return
        ended_us = was.row["cleared_at"] or tick.time_us
        window_us = WINDOW_US if any(episode.row["rule"] in rule.symptoms for rule in GROUP_RULES) else 0
        episode.let_go_us = ended_us
        episode.release_us = max(episode.release_us, ended_us + max(window_us, episode.every_us))
        if episode.standing == "joined":
            episode.standing = "held"

    def _release(self, moved: Sequence[_Group], tick: Tick) -> None:
        now_us = tick.time_us
        tells = []
        for group in self.groups:
            is_due = (
                group.row["cleared_at"] is None and group.standing == "held" and group.release_us <= now_us
            )
            if is_due:
                group.standing = "told"
            if is_due or (group in moved and group.known):
                tells.append(group)
            group.known |= is_due
        levels = [rule.name for rule in GROUP_RULES]
        tells.sort(key=lambda g: (levels.index(g.rule.name), g.name))
        self.said.causes += [{**group.row, "frame": tick.frame} for group in tells]
        joins = [e for e in self.episodes if e.is_open and e.standing == "told" and e.group and e.group.known]
        for each in sorted(joins, key=_key):
            each.standing = "joined"
            self.said.causes.append({**each.row, "frame": tick.frame, "state": "inhibited"})
        alone = [e for e in self.episodes if self._is_due(e, now_us)]
        for each in sorted(alone, key=_key):
            each.standing, each.known = "told", True
            self.said.causes.append({**each.row, "frame": tick.frame})

    def _is_due(self, episode: _Episode, now_us: int) -> bool:
        if not episode.is_open or episode.standing != "held" or episode.group is not None:
            return False
        if episode.release_us > now_us or (episode.quiet_us or 0) > now_us:
            return False
        since_us = max(episode.row["raised_at"], episode.let_go_us)
        return not episode.waits or since_us + episode.every_us <= now_us


def _key(episode: _Episode) -> tuple[Any, ...]:
    row = episode.row
    return (row["rule"], row["device"], row["series"], row["raised_at"])
