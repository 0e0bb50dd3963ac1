"""Figures of the design report: estimates, growth over time, occupancies, the policy."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqsolve.design.logs.log import TransitionLog
from eqsolve.plotting import COLOURS, GREY, colour
from eqsolve.report._design_findings import DesignFindings, state_title
from eqsolve.report._figures import as_svg, canvas, on_page

Array = NDArray[np.float64]

NAMED = 16  # states whose names stand along an axis
DRAWN = 400  # states drawn one by one; beyond, neighbours are taken together
LONG = 14  # letters of a name


@on_page
def estimators_figure(findings: DesignFindings, which: int) -> str:
    """Estimates of one contrast with their intervals."""
    from eqsolve.design.estimation.intervals import normal_quantile

    rows = [row for row in findings.estimators[which].rows if np.isfinite(row.estimate)]
    figure, grid = canvas(height=0.9 + 0.42 * len(rows))
    axes = grid[0, 0]
    places = np.arange(len(rows))[::-1]
    reach = normal_quantile(findings.level)
    for place, row in zip(places, rows, strict=True):
        shade = COLOURS[0] if row is findings.estimators[which].rows[0] else COLOURS[1]
        half = reach * row.standard_error if np.isfinite(row.standard_error) else 0.0
        axes.hlines(place, row.estimate - half, row.estimate + half, color=shade, linewidth=3)
        axes.plot([row.estimate], [place], "o", color=shade, markersize=6)
    axes.axvline(0.0, color=GREY, linewidth=0.9)
    axes.set_yticks(places, [row.name for row in rows])
    axes.set_ylim(-0.6, len(rows) - 0.4)
    axes.locator_params(axis="x", nbins=6)
    axes.set_xlabel(f"{findings.names[which]}, with {100 * findings.level:.6g} % intervals")
    told = "; ".join(f"{row.name} {row.estimate:.4g}" for row in rows)
    return as_svg(figure, f"estimators{which}", f"Estimates side by side: {told}")


@on_page
def over_time_figure(findings: DesignFindings) -> str:
    """The effect as the log grew."""
    from eqsolve.plotting.logs import plot_effect_over_time

    figure, grid = canvas(height=3.4)
    axes = plot_effect_over_time(findings.over_time, ax=grid[0, 0])
    axes.ticklabel_format(axis="x", style="plain")
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    axes.locator_params(axis="x", nbins=5)
    return as_svg(figure, "time", "The effect and its intervals as the log grew")


@on_page
def occupancy_figure(findings: DesignFindings) -> str:
    """Where the run has been, and where the designed one will be, arm by arm."""
    arms = [str(arm) for arm in findings.log.arms]
    now, then = findings.logged, findings.design.occupancy
    square = _map(findings.log)
    if square is not None:
        return _occupancy_maps(findings, square)
    figure, grid = canvas(height=1.2 + 1.45 * len(arms), rows=len(arms))
    for arm, axes in enumerate(grid[:, 0]):
        places, before = _drawn(now[arm])
        _, after = _drawn(then[arm])
        _steps(axes, places, before, COLOURS[0], "log so far")
        _steps(axes, places, after, COLOURS[1], "next run")
        axes.set_ylabel(f"share, {_cut(arms[arm])}")
        axes.set_ylim(bottom=0)
        axes.sharex(grid[0, 0])
        if arm < len(arms) - 1:
            axes.tick_params(labelbottom=False)
    grid[0, 0].legend(frameon=False, loc="lower right", bbox_to_anchor=(1.0, 0.98), ncols=2)
    _name_states(grid[-1, 0], findings.log)
    return as_svg(figure, "occupancy", "Share of the run in each state, arm by arm, now and next")


@on_page
def policy_figure(findings: DesignFindings) -> str:
    """Probability of each arm by state."""
    log = findings.log
    square = _map(log)
    if square is not None:
        return _policy_map(findings, square)
    drawn = _policy_bars(findings) if len(log.states) <= NAMED else _policy_lines(findings)
    return as_svg(drawn, "policy", "Probability of each arm in each state of the next run")


def _policy_bars(findings: DesignFindings) -> Any:
    """One bar a state, shared out among the arms."""
    log, policy = findings.log, findings.design.policy
    size = len(log.states)
    figure, grid = canvas(height=1.1 + 0.3 * size)
    axes = grid[0, 0]
    start = np.zeros(size)
    for arm, name in enumerate(log.arms):
        axes.barh(
            range(size), policy[:, arm], left=start, height=0.7, color=colour(arm),
            label=_cut(str(name)),
        )  # fmt: skip
        start = start + policy[:, arm]
    axes.set_yticks(range(size), [_cut(state_title(log, state), 2 * LONG) for state in range(size)])
    axes.invert_yaxis()
    axes.set_xlim(0, 1)
    axes.set_xlabel("probability")
    axes.set_ylabel(", ".join(log.state_columns))
    axes.legend(frameon=False, loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=3)
    return figure


def _policy_lines(findings: DesignFindings) -> Any:
    """Probabilities over states in their order; of two arms the second's."""
    log, design = findings.log, findings.design
    figure, grid = canvas(height=3.2)
    axes = grid[0, 0]
    weight = np.maximum(design.occupancy.sum(axis=0), 1e-300)
    shown = range(1, 2) if len(log.arms) == 2 else range(len(log.arms))
    for arm in shown:
        places, mean = _drawn(design.policy[:, arm], weight)
        marker = "o" if len(log.states) <= 4 * NAMED else None
        shade = COLOURS[1] if len(log.arms) == 2 else colour(arm)
        name = _cut(str(log.arms[arm]))
        axes.plot(places, mean, color=shade, marker=marker, markersize=4, linewidth=1.3, label=name)
    axes.axhline(1 / len(log.arms), color=GREY, linewidth=0.9, linestyle=":")
    axes.set_ylim(-0.03, 1.03)
    axes.set_ylabel(
        f"probability of {_cut(str(log.arms[1]))}" if len(shown) == 1 else "probability"
    )
    if len(shown) > 1:
        axes.legend(frameon=False, loc="lower right", bbox_to_anchor=(1.0, 0.98), ncols=3)
    _name_states(axes, log)
    return figure


def _drawn(values: Array, weight: Array | None = None) -> tuple[Array, Array]:
    """Places and values of states; means of neighbours (by weight), or sums, where many."""
    size = values.size
    if size <= DRAWN:
        return np.arange(size, dtype=np.float64), np.asarray(values)
    group = np.arange(size) * DRAWN // size

    def summed(numbers: Array) -> Array:
        return np.bincount(group, numbers).astype(np.float64)

    middles = summed(np.arange(size, dtype=np.float64)) / summed(np.ones(size))
    if weight is None:
        return middles, summed(values)
    return middles, summed(values * weight) / summed(weight)


def _steps(axes: Any, places: Array, values: Array, shade: str, label: str) -> None:
    if places.size <= 4 * NAMED:
        shift = -0.2 if shade == COLOURS[0] else 0.2
        axes.bar(places + shift, values, width=0.4, color=shade, label=label)
    else:
        axes.fill_between(places, values, step="mid", color=shade, alpha=0.25, linewidth=0)
        axes.step(places, values, where="mid", color=shade, linewidth=1.1, label=label)


def _name_states(axes: Any, log: TransitionLog) -> None:
    """States' names along an axis where they are few, a number scale where there are many."""
    size = len(log.states)
    axes.set_xlabel(", ".join(log.state_columns))
    if size <= NAMED:
        names = [_cut(state_title(log, state)) for state in range(size)]
        turned = sum(map(len, names)) > 46
        axes.set_xticks(
            range(size),
            names,
            rotation=40 if turned else 0,
            ha="right" if turned else "center",
            rotation_mode="anchor" if turned else None,
        )
        return
    places = np.unique(np.linspace(0, size - 1, 6).astype(int))
    names = [_cut(state_title(log, int(state))) for state in places]
    turned = sum(map(len, names)) > 46
    axes.set_xticks(places, names, rotation=25 if turned else 0, ha="right" if turned else "center")


def _cut(name: str, most: int = LONG) -> str:
    return name if len(name) <= most else name[: most - 1] + "…"


def _map(log: TransitionLog) -> tuple[list[Any], list[Any], NDArray[np.intp]] | None:
    """Values of two state columns and each state's place in their grid, where that is a map."""
    if len(log.state_columns) != 2:
        return None
    rows, columns = log.axes
    if min(len(rows), len(columns)) < 3 or len(rows) * len(columns) > 4 * len(log.states):
        return None
    by_row = {value: place for place, value in enumerate(rows)}
    by_column = {value: place for place, value in enumerate(columns)}
    pairs: tuple[Any, ...] = log.states
    places = [(by_row[first], by_column[second]) for first, second in pairs]
    return rows, columns, np.array(places, dtype=np.intp).T


def _on_map(values: Array, square: tuple[list[Any], list[Any], NDArray[np.intp]]) -> Array:
    rows, columns, places = square
    laid = np.full((len(columns), len(rows)), np.nan)
    laid[places[1], places[0]] = values
    return laid


def _policy_map(findings: DesignFindings, square: Any) -> str:
    from matplotlib.colors import Normalize

    log, policy = findings.log, findings.design.policy
    arms = range(1, 2) if len(log.arms) == 2 else range(min(len(log.arms), 4))
    figure, grid = canvas(height=3.6 if len(arms) == 1 else 3.0 * len(arms), rows=len(arms))
    for arm, axes in zip(arms, grid[:, 0], strict=True):
        low, high = (
            np.floor(10 * policy[:, arm].min()) / 10,
            np.ceil(10 * policy[:, arm].max()) / 10,
        )
        scale = Normalize(low, high)
        drawn = _draw_map(axes, _on_map(policy[:, arm], square), square, log, scale)
        figure.colorbar(drawn, ax=axes, label=f"probability of {_cut(str(log.arms[arm]))}")
    return as_svg(figure, "policy", "Probability of each arm in each state of the next run")


def _occupancy_maps(findings: DesignFindings, square: Any) -> str:
    from matplotlib.colors import PowerNorm

    log = findings.log
    now, then = findings.logged, findings.design.occupancy
    arms = range(min(len(log.arms), 4))
    figure, grid = canvas(width=6.4, height=0.5 + 2.2 * len(arms), rows=len(arms), columns=2)
    for arm in arms:
        # Most of a long run is in few states: even steps of colour would show nothing else.
        scale = PowerNorm(0.5, 0.0, float(max(now[arm].max(), then[arm].max())))
        for axes, values, when in zip(grid[arm], (now, then), ("so far", "next run"), strict=True):
            drawn = _draw_map(axes, _on_map(values[arm], square), square, log, scale)
            axes.set_title(f"{_cut(str(log.arms[arm]))}, {when}", loc="left")
        grid[arm, 1].tick_params(labelleft=False)
        grid[arm, 1].set_ylabel("")
        if arm < arms[-1]:
            for axes in grid[arm]:
                axes.tick_params(labelbottom=False)
                axes.set_xlabel("")
        bar = figure.colorbar(drawn, ax=list(grid[arm]), label="share of run")
        bar.formatter.set_powerlimits((-2, 3))
    return as_svg(figure, "occupancy", "Share of the run in each state, arm by arm, now and next")


def _draw_map(axes: Any, laid: Array, square: Any, log: TransitionLog, scale: Any) -> Any:
    rows, columns, _ = square
    axes.grid(False)
    drawn = axes.imshow(
        laid, origin="lower", aspect="auto", norm=scale, cmap="cividis",
        interpolation="nearest",
    )  # fmt: skip
    for names, axis, name in (
        (rows, axes.xaxis, log.state_columns[0]),
        (columns, axes.yaxis, log.state_columns[1]),
    ):
        places = (
            np.arange(len(names))
            if len(names) <= 6
            else np.unique(np.linspace(0, len(names) - 1, 5).astype(int))
        )
        axis.set_ticks(places, [_cut(str(names[place])) for place in places])
        axis.set_label_text(_cut(name))
    return drawn
