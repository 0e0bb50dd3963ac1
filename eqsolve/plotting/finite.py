"""Figures of learning in finite games, in the style of `eqsolve.plotting`."""

from __future__ import annotations

from typing import Any

import numpy as np

from eqsolve.plotting import COLOURS, GREY, axes, colour


def plot_regret(play: Any, bound: Any = None, ax: Any = None) -> Any:
    """Each player's regret, as a share of its spread, with the proven bound; returns the axes.

    Parameters
    ----------
    play : RepeatedPlay
    bound : object with regret_bound(rounds, actions), optional
    ax : matplotlib axes, optional
    """
    ax = axes(ax)
    steps, shares = play.steps, play.relative_regrets()
    for place, name in enumerate(play.game.player_names):
        runs = np.maximum(shares[..., place], 0.0)
        ax.plot(steps, runs.mean(axis=1), color=colour(place), label=f"player {name}")
        if runs.shape[1] > 1:
            low, high = np.quantile(runs, (0.05, 0.95), axis=1)
            ax.fill_between(steps, low, high, color=colour(place), alpha=0.2, lw=0)
    proven = play.regret_bound(bound)
    if proven is not None:
        for place in range(proven.shape[1]):
            same = (proven[:, place] == proven[:, :place].T).all(axis=1) if place else np.array([])
            if not same.any():
                label = "bound" if place == 0 else None
                ax.plot(steps, proven[:, place], color=GREY, linestyle="--", label=label)
    _logarithmic(ax, steps, shares)
    ax.set_ylabel("average regret, share of payoff spread")
    ax.set_title("regret", loc="left")
    ax.legend(frameon=False)
    return ax


def plot_gap(report: Any, ax: Any = None) -> Any:
    """The gap to the set of equilibria over rounds, its order and its bound; returns the axes."""
    ax = axes(ax)
    steps, gaps = report.play.steps, report.gaps
    ax.plot(steps, gaps.mean(axis=1), color=COLOURS[0], label=f"{report.concept} gap")
    if gaps.shape[1] > 1:
        low, high = np.quantile(gaps, (0.05, 0.95), axis=1)
        ax.fill_between(steps, low, high, color=COLOURS[0], alpha=0.2, lw=0)
    if report.bound is not None:
        ax.plot(steps, report.bound, color=GREY, linestyle="--", label="regret bound")
    if report.order is not None:
        span = steps[report.window]
        fit = np.exp(report.intercept) * span.astype(float) ** -report.order
        label = f"order {report.order:.2f}"
        ax.plot(span, fit, color=COLOURS[1], linestyle=":", label=label)
    _logarithmic(ax, steps, gaps)
    ax.set_ylabel("largest gain from deviating")
    ax.set_title(f"average joint play and the {report.concept} equilibria", loc="left")
    ax.legend(frameon=False)
    return ax


def plot_joint(play: Any, ax: Any = None) -> Any:
    """Average joint play of two players at the end, mean over replications; returns the axes."""
    ax = axes(ax, size=(4.4, 3.8))
    joint = play.average_joint[-1].mean(axis=0)
    ax.grid(visible=False)
    shown = ax.imshow(joint, cmap="Blues", vmin=0.0)
    ax.get_figure().colorbar(shown, ax=ax, label="share of rounds")
    for axis, names in zip((ax.yaxis, ax.xaxis), play.game.action_names, strict=True):
        if len(names) <= 12:
            axis.set_ticks(range(len(names)), labels=names)
    ax.set_ylabel(f"player {play.game.player_names[0]}")
    ax.set_xlabel(f"player {play.game.player_names[1]}")
    ax.set_title("average joint play", loc="left")
    return ax


def _logarithmic(ax: Any, steps: Any, values: Any) -> None:
    """Both axes logarithmic, the lower one no deeper than the smallest positive mean."""
    ax.set_xscale("log")
    positive = values[values > 0]
    if positive.size:
        ax.set_yscale("log")
        ax.set_ylim(bottom=max(float(positive.min()) / 2, 1e-12))
    ax.set_xlim(left=max(1, int(steps[steps > 0].min(initial=1))))
    ax.set_xlabel("round")
