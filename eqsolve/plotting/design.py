"""Figures of sampling designs, in the house style."""

from __future__ import annotations

from typing import Any

import numpy as np

from eqsolve.plotting import COLOURS, GREY, axes, colour

NAMED = 12  # states whose names are written along the axis


def plot_design(design: Any, ax: Any = None) -> Any:
    """Probability of each arm by state, with the share of the run spent there; the axes."""
    ax = axes(ax)
    experiment = design.experiment
    edges = np.arange(experiment.states + 1) - 0.5
    visits = design.occupancy.sum(axis=0)
    ax.stairs(
        visits / max(float(visits.max()), 1e-300),
        edges,
        fill=True,
        color=GREY,
        alpha=0.25,
        label="share of run (largest = 1)",
    )
    for arm in range(experiment.arms):
        # The last arm's is one less the others'.
        if experiment.arms == 2 and arm == 0:
            continue
        ax.stairs(
            design.policy[:, arm],
            edges,
            baseline=None,
            color=colour(arm),
            linewidth=1.4,
            label=f"probability of {experiment.arm_name(arm)}",
        )
    if experiment.states <= NAMED:
        names = [experiment.state_title(state) for state in range(experiment.states)]
        ax.set_xticks(range(experiment.states), names)
    ax.set_xlabel("state")
    ax.set_ylim(-0.02, 1.02)
    ax.set_ylabel("probability")
    ax.set_title(f"Sampling design, variance x steps {design.variance:.5g}", loc="left")
    ax.legend(frameon=False, loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=2)
    return ax


def plot_comparison(comparison: Any, ax: Any = None) -> Any:
    """Bars of each rule's variance beside the optimal one's; the axes."""
    ax = axes(ax)
    rules = comparison.rules
    finite = [rule.ratio if np.isfinite(rule.ratio) else 0.0 for rule in rules]
    shades = [COLOURS[1] if rule is rules[-1] else COLOURS[0] for rule in rules]
    places = np.arange(len(rules))
    ax.barh(places, finite, color=shades)
    for place, rule in zip(places, rules, strict=True):
        text = f"{rule.ratio:.3g}" if np.isfinite(rule.ratio) else "never sees what it needs"
        ax.text(finite[int(place)], place, f" {text}", va="center")
    ax.set_yticks(places, [rule.name for rule in rules])
    ax.invert_yaxis()
    positive = [value for value in finite if value > 0]
    if positive and max(positive) > 50 * min(positive):
        ax.set_xscale("log")
    ax.margins(x=0.15)
    ax.set_xlabel("steps for the same interval, optimal = 1")
    return ax
