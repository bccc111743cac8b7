"""What is shown of the errors of an output: against magnitude, and in ULPs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .deviations import Deviation
from .magnitude_plot import MagnitudePlot, magnitude_plot
from .ulp_histogram import Histogram, ulp_histogram


@dataclass(frozen=True)
class ErrorFigures:
    plot: MagnitudePlot
    ulps: Histogram | None


def error_figures(name: str, deviations: Sequence[Deviation], answer: str) -> ErrorFigures | None:
    """None where every result is the answer."""
    drawn = [one for one in deviations if one.error.size]
    if not drawn:
        return None
    return ErrorFigures(magnitude_plot(drawn, name, answer), ulp_histogram(drawn))
