"""Figures of estimates. matplotlib is loaded on first use."""

from __future__ import annotations

from typing import Any

import numpy as np

from eqsolve.plotting import COLOURS, GREY, axes, colour


def plot_estimate(estimate: Any, ax: Any = None, level: float = 0.95) -> Any:
    """The effect with its CLT and its anytime interval, one group a contrast; returns the axes."""
    ax = axes(ax, size=(6.0, 1.4 + 0.7 * len(estimate.contrast)))
    names = [row[0] for row in estimate.table().rows[estimate.counts.arms :]]
    effects = np.atleast_1d(estimate.effect)
    places = np.arange(effects.size)[::-1]
    for shift, (kind, style) in enumerate(
        (("clt", "one look"), ("anytime", "any number of looks"))
    ):
        interval = estimate.interval(level, kind)
        lows, highs = np.atleast_1d(interval.low), np.atleast_1d(interval.high)
        label = f"{100 * level:.6g} %, {style}"
        height = places + 0.12 - 0.24 * shift
        ax.hlines(height, lows, highs, color=colour(shift), linewidth=3, label=label)
        ax.plot(effects, height, "o", color=colour(shift), markersize=5)
    ax.axvline(0.0, color=GREY, linewidth=0.8)
    ax.set_yticks(places, names)
    ax.set_ylim(-0.6, effects.size - 0.4)
    ax.set_xlabel("effect on the long-run mean reward")
    ax.legend(frameon=False, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)
    return ax


def plot_comparison(comparison: Any, ax: Any = None, level: float = 0.95) -> Any:
    """Estimators side by side, with what each tends to where that is known; returns the axes."""
    from eqsolve.design.estimation.intervals import normal_quantile

    rows = comparison.rows
    ax = axes(ax, size=(6.0, 1.4 + 0.5 * len(rows)))
    places = np.arange(len(rows))[::-1]
    values = np.array([row.estimate for row in rows])
    errors = np.nan_to_num(np.array([row.standard_error for row in rows]))
    reach = normal_quantile(level) * errors
    ax.hlines(places, values - reach, values + reach, color=COLOURS[0], linewidth=3)
    ax.plot(values, places, "o", color=COLOURS[0], label="estimate")
    limits = np.array([row.limit for row in rows], dtype=float)
    if not np.isnan(limits).all():
        ax.plot(limits, places, "D", color=COLOURS[1], label="tends to")
    if comparison.truth is not None:
        ax.axvline(comparison.truth, color=GREY, linewidth=1, linestyle="--", label="true effect")
    ax.set_yticks(places, [row.name for row in rows])
    ax.set_xlabel("effect on the long-run mean reward")
    ax.set_ylim(-0.5, len(rows) - 0.5)
    ax.legend(frameon=False, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3)
    return ax
