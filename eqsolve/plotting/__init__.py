"""Figures of results, in one style. matplotlib is loaded on first use."""

from __future__ import annotations

from typing import Any

import numpy as np

# Okabe and Ito's palette, told apart by colour-blind readers.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
GREY = "#777777"
MOST = 12  # coordinates or players drawn one by one


def axes(ax: Any = None, size: tuple[float, float] = (6.0, 3.8)) -> Any:
    """The given axes, or new ones in the house style."""
    if ax is not None:
        return ax
    from matplotlib.figure import Figure

    # Not pyplot: no global state, no window, and nothing to close.
    figure = Figure(figsize=size, layout="constrained")
    return tidy(figure.add_subplot())


def tidy(ax: Any) -> Any:
    """Open frame, faint grid."""
    ax.spines[["top", "right"]].set_visible(False)
    ax.grid(alpha=0.25, linewidth=0.6)
    ax.set_axisbelow(True)
    return ax


def colour(place: int) -> str:
    """The colour of the place-th thing."""
    return COLOURS[place % len(COLOURS)]


def plot_equilibrium(equilibrium: Any, ax: Any = None) -> Any:
    """Bars of strategies, player by player; returns the axes."""
    ax = axes(ax)
    names = list(equilibrium.strategies)
    single = all(np.size(value) == 1 for value in equilibrium.strategies.values())
    if single:
        values = [float(np.ravel(value)[0]) for value in equilibrium.strategies.values()]
        ax.bar(range(len(names)), values, color=COLOURS[0])
        places: Any = range(len(names)) if len(names) <= MOST else []
        ax.set_xticks(list(places), names[: len(list(places))], rotation=30, ha="right")
        ax.set_xlabel("player")
    else:
        start = 0
        for place, (name, value) in enumerate(equilibrium.strategies.items()):
            label = name if len(names) <= MOST else None
            spots = np.arange(start, start + np.size(value))
            ax.bar(spots, np.ravel(value), color=colour(place), label=label)
            start += np.size(value) + 1
        ax.set_xlabel("coordinate")
        if len(names) <= MOST:
            ax.legend(frameon=False)
    ax.set_ylabel("strategy")
    ax.set_title(f"{equilibrium.concept} equilibrium", loc="left")
    return ax


def plot_trajectory(trajectory: Any, equilibrium: Any = None, ax: Any = None) -> Any:
    """Coordinates over steps: mean and 90 % band of replications; returns the axes."""
    ax = axes(ax)
    target = (
        None
        if equilibrium is None
        else np.asarray(getattr(equilibrium, "vector", equilibrium), dtype=float).ravel()
    )
    for j, name in enumerate(trajectory.coordinate_names[:MOST]):
        runs = trajectory.iterates[:, :, j]
        ax.plot(trajectory.steps, runs.mean(axis=1), color=colour(j), label=name)
        if runs.shape[1] > 1:
            low, high = np.quantile(runs, (0.05, 0.95), axis=1)
            ax.fill_between(trajectory.steps, low, high, color=colour(j), alpha=0.2, lw=0)
        if target is not None:
            ax.axhline(target[j], color=colour(j), linestyle="--", linewidth=1)
    ax.set_xlabel("step")
    ax.set_ylabel("strategy")
    ax.legend(frameon=False, loc="center left", bbox_to_anchor=(1.0, 0.5))
    return ax


def plot_convergence(report: Any, ax: Any = None) -> Any:
    """Distance over steps with fitted line, predicted line and floor; returns the axes."""
    ax = axes(ax)
    steps, distances = report.steps, np.maximum(report.distances, 1e-300)
    ax.semilogy(steps, np.exp(np.log(distances).mean(axis=1)), color=COLOURS[0], label="distance")
    if distances.shape[1] > 1:
        low, high = np.quantile(distances, (0.05, 0.95), axis=1)
        ax.fill_between(steps, low, high, color=COLOURS[0], alpha=0.2, lw=0)
    found = report.measured
    if report.kind == "linear" and report.rate:
        first, last = found.window
        span = steps[first : max(last, first + 2)]
        fit = np.exp(found.intercept) * report.rate ** span.astype(float)
        label = f"measured rate {report.rate:.5g}"
        ax.semilogy(span, fit, color=COLOURS[1], linestyle="--", label=label)
        if report.predicted_rate:
            line = fit[0] * report.predicted_rate ** (span - span[0]).astype(float)
            label = f"predicted rate {report.predicted_rate:.5g}"
            ax.semilogy(span, line, color=COLOURS[2], linestyle=":", label=label)
    if report.kind == "sublinear" and report.order:
        # A power of the step is a straight line where both axes are logarithmic.
        first, last = found.window
        span = steps[first:last]
        fit = np.exp(found.intercept) * np.maximum(span - steps[0], 1.0) ** -report.order
        label = f"measured order k^-{report.order:.3g}"
        ax.plot(span, fit, color=COLOURS[1], linestyle="--", label=label)
        ax.set_xscale("log")
        ax.set_xlim(left=max(float(steps[min(1, steps.size - 1)]), 1.0))
    if report.floor:
        ax.axhline(report.floor, color=GREY, linewidth=0.8, label=f"floor {report.floor:.2g}")
    positive = distances[distances > 1e-299]
    if positive.size:
        ax.set_ylim(bottom=max(float(positive.min()) / 3, 1e-18))
    ax.set_xlabel("step")
    ax.set_ylabel("distance to equilibrium")
    ax.set_title(report.kind, loc="left")
    ax.legend(frameon=False)
    return ax


def save(ax: Any, path: Any) -> Any:
    """Write the figure the axes stand in; returns the path."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    figure = ax.get_figure()
    if figure.canvas is None or not hasattr(figure.canvas, "print_png"):
        FigureCanvasAgg(figure)
    figure.savefig(path, dpi=150)
    return path
