"""Figure of simulated experiments: how estimators scatter. matplotlib is loaded on first use."""

from __future__ import annotations

from typing import Any

import numpy as np

from eqsolve.plotting import GREY, axes, colour


def plot_runs(runs: Any, ax: Any = None) -> Any:
    """Each estimator's values over the replications, and the effect; returns the axes."""
    ax = axes(ax)
    names = runs.estimators
    for place, name in enumerate(names):
        values = runs[name].identified
        spots = len(names) - 1 - place + _spread(values.size)
        ax.plot(values, spots, ".", color=colour(place), alpha=0.35, markersize=3)
        if values.size > 1:
            low, high = runs[name].bias_interval()
            centre = runs.effect + np.array([low, high])
            ax.plot(centre, [len(names) - 1 - place] * 2, color="black", linewidth=2.5)
    ax.axvline(runs.effect, color=GREY, linestyle="--", linewidth=1)
    ax.set_yticks(range(len(names)), list(reversed(names)))
    ax.set_xlabel("estimate; dashed: the effect; bars: mean with its 95 % interval")
    ax.set_title(f"{runs.rule}, {runs.steps} steps", loc="left")
    return ax


def _spread(count: int) -> np.ndarray:
    """Heights in (-0.3, 0.3) that do not clump: a low-discrepancy sequence."""
    golden = (np.sqrt(5) - 1) / 2
    return np.asarray(0.6 * (np.arange(count) * golden % 1.0 - 0.5))
