"""Households and their meters: a day-shaped draw, a sleep without a drop, and leaks that never sleep.

Each meter reports its register every hour at its own minute, in a CJ/T 188 frame with the city's local clock.
"""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from narrowgate_codecs import encode
from narrowgate_simulators.emission import Emission
from narrowgate_simulators.faults import SLACK_US, Fault, faulty_count
from narrowgate_simulators.noise import chance, ranked, uniform
from narrowgate_simulators.places import Places
from narrowgate_simulators.radio import Radio
from narrowgate_simulators.span import HOUR_US, SECOND_US, Span, whole_seconds_us

PROFILE = "cjt188_water_v2004"
STEP_ML = 1_000
"""One litre: CJ/T 188's unit 29."""
STEPS_PER_M3 = 1_000
_UNIT = 0x29
FLOOR_SHARE = 0.005
"""Share of Q3 below which a flow is no leak."""
SLEEP_H = 3.0
"""Longer than two report intervals, so that one whole interval is always dry."""
_SHAPE = np.array(
    (
        (0.2, 0.2, 0.2, 0.2, 0.3, 0.8, 1.8, 2.0, 1.4, 0.9, 0.8, 1.1),
        (1.3, 0.9, 0.6, 0.6, 0.8, 1.3, 2.0, 1.9, 1.6, 1.4, 0.9, 0.4),
    )
).ravel()
"""Draw by the local hour, mean about 1."""
_EVIDENCE_H = 24.0
_MENDED_AFTER_H = 25.5
_NOTICED_WITHIN_H = 26.0
_AWAY_AFTER_H = 2.75
_MARGIN_H = 0.1
REVERSE_FLOW = "reverse_flow"
_FORTH_ML = 150_000
"""Drawn in the hour after a reversal: more than ever ran back [mL]."""


@dataclass(frozen=True)
class _Leak:
    meter: int
    report: int
    """The report that still reads the sound register."""
    mended: bool


class WaterMeters:
    """All meters of a city as arrays (n,) and (n, reports)."""

    family = "water"

    def __init__(
        self,
        seed: int,
        span: Span,
        count: int,
        path: Callable[[str], str],
        more_faults: Collection[str] = (),
        radio: Radio | None = None,
    ) -> None:
        self._seed, self._span, self._path, self._radio = seed, span, path, radio
        index = np.arange(count, dtype=np.int64)
        self.devices = [f"00202600{row:06d}" for row in range(count)]
        self._places = Places.along(seed, self.family, count)
        self.q3_m3_per_h = np.where(uniform(seed, "q3", index) < 0.8, 2.5, 4.0)
        self.first_us = span.start_us + whole_seconds_us(1 + uniform(seed, "minute", index) * 3600)
        self.start_ml = (20e6 + uniform(seed, "register", index) * 2e9).astype(np.int64)
        self._use_ml = self._household_ml(index)
        self.truth = tuple(self._spring(leak) for leak in self._leaks(count))
        if REVERSE_FLOW in more_faults:
            self.truth += tuple(self._reversals(count))
        self.drawn_ml = np.cumsum(self._use_ml, axis=1, dtype=np.int64)
        """Water since report 0, at each report (n, reports) [mL]."""

    def _household_ml(self, index: NDArray[np.int64]) -> NDArray[np.int64]:
        reports = np.arange(int(self._span.hours) + 2, dtype=np.int64)
        row = index[:, np.newaxis]
        middle_us = self.first_us[:, np.newaxis] + reports * HOUR_US - HOUR_US // 2
        hour = self._span.local_hours(middle_us)
        typical_ml = 6_000 + 16_000 * uniform(self._seed, "household", row)
        burst = -np.log1p(-uniform(self._seed, "draw", row, reports))
        use_ml = np.minimum(typical_ml * _SHAPE[hour.astype(np.int64)] * burst, 400_000)
        asleep_h = (hour - 2.5 * uniform(self._seed, "bedtime", row)) % 24
        away = uniform(self._seed, "away", row, reports) < 0.15
        use_ml[(asleep_h < SLEEP_H) | away] = 0
        use_ml[:, 0] = 0
        return np.asarray(use_ml.astype(np.int64))

    def _leaks(self, count: int) -> Iterator[_Leak]:
        left = faulty_count(count)
        for meter in ranked(self._seed, "leaking", count).tolist():
            if left == 0:
                return
            after_first_h = (self._span.end_us - int(self.first_us[meter])) / HOUR_US - _MARGIN_H
            mended = left % 2 == 1 and after_first_h >= _MENDED_AFTER_H + _AWAY_AFTER_H
            room_h = after_first_h - (_MENDED_AFTER_H + _AWAY_AFTER_H if mended else _NOTICED_WITHIN_H)
            if room_h < 0:
                continue
            left -= 1
            yield _Leak(meter, int(chance(self._seed, "leak at", meter) * (int(room_h) + 1)), mended)

    def _spring(self, leak: _Leak) -> Fault:
        """Let a meter leak from a report on, and give the truth of it.

        Nobody draws water in the two hours before, nor after the repair: beginning and end are sharp.
        """
        use_ml = self._use_ml[leak.meter]
        floor_ml = FLOOR_SHARE * float(self.q3_m3_per_h[leak.meter]) * 1e6
        rate_ml = floor_ml * (1.0 + 3.0 * chance(self._seed, "leak rate", leak.meter))
        use_ml[max(leak.report - 1, 0) : leak.report + 1] = 0
        hours = np.arange(len(use_ml), dtype=np.float64) - leak.report
        leaking_h = np.clip(hours, 0.0, 1.0)
        if leak.mended:
            leaking_h = np.clip(np.minimum(leaking_h, _MENDED_AFTER_H + 1 - hours), 0.0, 1.0)
            use_ml[(hours > _MENDED_AFTER_H) & (hours < _MENDED_AFTER_H + _AWAY_AFTER_H)] = 0
        use_ml += (rate_ml * leaking_h).astype(np.int64)
        at_us = int(self.first_us[leak.meter]) + leak.report * HOUR_US
        return Fault(
            "continuous_leak",
            self.devices[leak.meter],
            at_us,
            at_us + int(_EVIDENCE_H * HOUR_US),
            at_us + int(_NOTICED_WITHIN_H * HOUR_US),
            at_us + int(_MENDED_AFTER_H * HOUR_US) if leak.mended else None,
        )

    def _reversals(self, count: int) -> Iterator[Fault]:
        """Let some sound meters run backwards for an hour, and give the truth of it."""
        leaking = {fault.device for fault in self.truth}
        sound = [
            row for row in ranked(self._seed, "reversing", count).tolist() if self.devices[row] not in leaking
        ]
        for meter in sound[: faulty_count(count)]:
            reports = (self._span.end_us - SLACK_US - int(self.first_us[meter])) // HOUR_US - 2
            if reports < 1:
                continue
            report = 1 + int(chance(self._seed, "reversed at", meter) * reports)
            back_l = 20 + int(81 * chance(self._seed, "reversed", meter))
            self._use_ml[meter, report + 1 : report + 3] = -back_l * STEP_ML, _FORTH_ML
            at_us = int(self.first_us[meter]) + report * HOUR_US
            noticed_us = at_us + HOUR_US + SLACK_US
            yield Fault(REVERSE_FLOW, self.devices[meter], at_us, at_us, noticed_us, at_us + HOUR_US)

    def emissions(self, after_us: int, until_us: int) -> Iterator[Emission]:
        """Give what the meters send in (after, until] [us], in no special order."""
        passed = np.maximum((after_us - self.first_us) // HOUR_US + 1, 0)
        coming = np.maximum((until_us - self.first_us) // HOUR_US + 1, 0)
        for meter in np.flatnonzero(coming > passed).tolist():
            for report in range(int(passed[meter]), int(coming[meter])):
                yield self._emission(meter, report)

    def _emission(self, meter: int, report: int) -> Emission:
        device = self.devices[meter]
        due_us = int(self.first_us[meter]) + report * HOUR_US
        time_us = due_us + self._clock_error_us(device, due_us)
        start_ml = int(self.start_ml[meter])
        steps = (start_ml + int(self.drawn_ml[meter, report])) // STEP_ML
        values = {
            "address": device,
            "volume_m3": steps / STEPS_PER_M3,
            "volume_unit": _UNIT,
            "settlement_volume_m3": (start_ml // STEP_ML - 5 * STEPS_PER_M3) / STEPS_PER_M3,
            "settlement_unit": _UNIT,
            "clock": self._span.local_clock(time_us),
            "valve": "open",
            "battery_low": False,
        }
        payload = encode(PROFILE, "current_data", values)
        return Emission(device, self._path(device), payload, report + 1, time_us, due_us)

    def _clock_error_us(self, device: str, time_us: int) -> int:
        """Give how far a meter's clock has drifted since the span began, in whole seconds [us]."""
        if self._radio is None:
            return 0
        error_us = self._radio.clock_error_us(device, time_us - self._span.start_us)
        return round(error_us / SECOND_US) * SECOND_US

    def report_every_us(self, row: int) -> int:
        """Give how often a meter reports [us]."""
        return HOUR_US

    def last_words_us(self, row: int) -> NDArray[np.int64]:
        """Give all reports of one meter, (n,) [us]."""
        return np.arange(self.first_us[row], self._span.end_us + 1, HOUR_US, dtype=np.int64)

    def rows(self) -> Iterator[dict[str, str]]:
        """Give the registry's rows of the meters."""
        for meter, device in enumerate(self.devices):
            yield {
                "device": device,
                "profile": PROFILE,
                "asset": f"connection-{meter:06d}",
                "role": "customer",
                "zone": f"dma-{int(self._places.road[meter]) // 2 + 1}",
                "q3_m3_per_h": f"{self.q3_m3_per_h[meter]:g}",
                "register_step_m3": f"{1 / STEPS_PER_M3:g}",
                "register_start_m3": f"{int(self.start_ml[meter]) // STEP_ML / STEPS_PER_M3:.3f}",
                "report_interval_s": "3600",
                **self._places.columns(meter),
            }
