"""Watch equity against its peak and its day's start. No clock, no I/O."""

from __future__ import annotations

from decimal import Decimal

from genesis.domain.limits import Breach, Limits, over, percent, under
from genesis.domain.money import EXACT, exact
from genesis.domain.state import TradingState

DAY_NS = 86_400_000_000_000


class EquityWatch:
    """The highest equity and the equity at midnight UTC; both outlive restarts by way of the
    journal's ``EquityMarked``. ``peak`` and ``day_start`` are None before the first note, and so is
    ``floor``: the equity at which a limit is reached."""

    def __init__(self, limits: Limits, state: TradingState) -> None:
        self._limits = limits
        self.peak: Decimal | None = state.peak_equity
        self.day = state.day
        self.day_start: Decimal | None = state.day_start_equity
        self._resumed = state.resumed
        self.floor = self._floor()

    def resumed(self) -> None:
        """The operator lifted a halt, having seen the loss."""
        self._resumed = True

    def note(self, equity: Decimal, now_ns: int) -> bool:
        """True where this is a new peak or the start of a day."""
        peak, day = self.peak, now_ns // DAY_NS
        if peak is not None and equity <= peak and day == self.day and not self._resumed:
            return False
        # A drawdown halt could never be left if the old peak stayed; a resume from any other
        # halt keeps it, or halting by hand would wear the limit out.
        new_peak = (
            peak is None
            or equity > peak
            or (self._resumed and self._drawdown_reached(equity, peak))
        )
        self._resumed = False
        new_day = day != self.day or self.day_start is None
        if new_peak:
            self.peak = equity
        if new_day:
            self.day, self.day_start = day, equity
        if new_peak or new_day:
            self.floor = self._floor()
        return new_peak or new_day

    @exact
    def breach(self, equity: Decimal, quote: str) -> Breach | None:
        """The limit that ``equity`` reaches, the graver one first."""
        limits = self._limits
        if self.peak is not None and self._drawdown_reached(equity, self.peak):
            most = limits.drawdown_fraction * self.peak
            return Breach(
                "drawdown",
                f"{over(self.peak - equity, quote)} below the peak of {under(self.peak, quote)}",
                f"{under(most, quote)} = {percent(limits.drawdown_fraction)}",
                halts=True,
            )
        if self.day_start is not None:
            most = limits.daily_loss_fraction * self.day_start
            if self.day_start - equity >= most:
                return Breach(
                    "daily_loss",
                    f"{over(self.day_start - equity, quote)} lost since midnight UTC",
                    f"{under(most, quote)} = {percent(limits.daily_loss_fraction)} of "
                    f"{under(self.day_start, quote)}",
                    halts=False,
                )
        return None

    @exact
    def _floor(self) -> Decimal | None:
        if self.peak is None or self.day_start is None:
            return None
        return max(
            self.peak - self._limits.drawdown_fraction * self.peak,
            self.day_start - self._limits.daily_loss_fraction * self.day_start,
        )

    def _drawdown_reached(self, equity: Decimal, peak: Decimal) -> bool:
        most = EXACT.multiply(self._limits.drawdown_fraction, peak)
        return EXACT.subtract(peak, equity) >= most
