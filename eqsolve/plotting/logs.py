"""Figures of logs. matplotlib is loaded on first use."""

from __future__ import annotations

from typing import Any

import numpy as np

from eqsolve.plotting import COLOURS, GREY, axes, colour


def plot_effect_over_time(record: Any, ax: Any = None) -> Any:
    """The effect over steps with its CLT and its anytime interval; returns the axes."""
    ax = axes(ax)
    (low, high), (wide_low, wide_high) = record.interval("clt"), record.interval("anytime")
    percent = f"{100 * record.level:.6g} %"
    single = len(record.names) == 1
    for k, name in enumerate(record.names):
        shade = COLOURS[0] if single else colour(k)
        ax.plot(
            record.steps,
            record.effects[:, k],
            color=shade,
            marker="o",
            markersize=3.5,
            label="effect" if single else name,
        )
        ax.fill_between(
            record.steps, low[:, k], high[:, k], color=shade, alpha=0.3, linewidth=0,
            label=f"{percent}, one look" if not k else None,
        )  # fmt: skip
        ax.fill_between(
            record.steps, wide_low[:, k], wide_high[:, k], color=shade, alpha=0.12, linewidth=0,
            label=f"{percent}, any number of looks" if not k else None,
        )  # fmt: skip
    ax.axhline(0.0, color=GREY, linewidth=0.8)
    _leave_out_the_start(ax, wide_low, wide_high)
    ax.set_xlim(left=0)
    ax.set_xlabel("steps")
    ax.set_ylabel("effect on the mean reward")
    lines, names = ax.get_legend_handles_labels()
    order = sorted(range(len(names)), key=lambda place: "%" in names[place])
    ax.legend(
        [lines[place] for place in order], [names[place] for place in order], frameon=False,
        loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=3 if single else 1, columnspacing=1.2,
    )  # fmt: skip
    return ax


def _leave_out_the_start(ax: Any, low: Any, high: Any) -> None:
    """A scale in which the first, very wide intervals do not flatten all later ones."""
    known = ~np.isnan(low).any(axis=1)
    low, high = low[known], high[known]
    if len(low) < 3:
        return
    later = slice(len(low) // 4, None)
    bottom, top = min(low[later].min(), 0.0), max(high[later].max(), 0.0)
    room = 0.1 * (top - bottom)
    ax.set_ylim(bottom - room, top + room)
