"""Learning in Cournot games (Shi and Zhang 2020), and the markets with known equilibria.

For each setting: the Nash equilibrium with its certificate, the fixed point of policy
gradient (exploration biases the learned mean), exact learning with predicted and
measured rate, and learning from realised payoffs alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from eqsolve import models, plotting
from eqsolve._predict_rate import predict_rate
from eqsolve._simulate import simulate
from eqsolve._solve import solve
from eqsolve._validate import validate
from eqsolve.dynamics import GradientPlay, PolicyGradient
from eqsolve.models.demand import LinearDemand
from eqsolve.results import Table, format_number

Say = Callable[[Any], None]


@dataclass(frozen=True)
class Setting:
    """One published run: unit costs and standard deviation of exploration."""

    name: str
    costs: tuple[float, ...]
    sigma: float


SETTINGS = (
    Setting("two firms", (0.0, 0.0), 0.1),
    Setting("three firms, symmetric", (0.0, 0.0, 0.0), 0.1),
    Setting("three firms, symmetric, more noise", (0.0, 0.0, 0.0), 0.2),
    Setting("three firms, asymmetric", (0.0, 0.1, 0.2), 0.05),
)


def run(folder: Path, say: Say) -> list[Path]:
    """Reproduce the system into `folder`; returns the figures drawn."""
    say(_known_markets())
    learned, figures = [], []
    for number, setting in enumerate(SETTINGS):
        rows, figure = _learn(setting, folder / f"cournot_{number + 1}.png")
        learned.append(rows)
        figures.append(figure)
    headers = (
        "setting", "sigma", "Nash q", "gain from deviating", "theta*", "E a*",
        "predicted rate", "measured rate", "95 % interval", "score feedback: mean theta",
        "standard error",
    )  # fmt: skip
    turned = tuple(zip(*learned, strict=True))
    rows = tuple((header, *cells) for header, cells in zip(headers[1:], turned[1:], strict=True))
    title = "Policy gradient in Cournot games (Shi and Zhang 2020); price 1 - Q"
    say(Table(("", *turned[0]), rows, title=title))
    say(_best_step())
    return figures


def _known_markets() -> Table:
    """Instances with a known answer, solved and compared."""
    rows = []
    for name in models.instances("game"):
        answer = models.published(name)
        if not answer.strategies or answer.others or answer.concept == "Stackelberg":
            continue
        game = models.load(name)
        equilibrium = solve(game, answer.asked)
        gap = np.abs(equilibrium.vector - game.pack(answer.strategies)).max()
        sure = equilibrium.certificate
        rows.append(
            (name, answer.status, sure.kind, sure.scope, sure.relative_gain, gap, answer.tolerance)
        )
    headers = (
        "instance", "answer", "kind", "scope", "relative gain", "distance to answer", "its digits",
    )  # fmt: skip
    return Table(headers, tuple(rows), title="Markets and games with known equilibria")


def _learn(setting: Setting, path: Path) -> tuple[tuple[Any, ...], Path]:
    game = models.cournot(costs=list(setting.costs), demand=LinearDemand(1.0, 1.0))
    nash = solve(game)
    exact = PolicyGradient(step=0.05, sigma=setting.sigma)
    fixed = exact.fixed_point(game, nash.vector)
    firms = len(setting.costs)
    start = nash.vector + 0.1 * np.linspace(-1, 1, firms)
    path_exact = simulate(game, exact, start=start, steps=400)
    report = validate(path_exact, fixed, exact, game=game)
    score = PolicyGradient(step=2e-4, sigma=setting.sigma, feedback="score", baseline=0.05)
    runs = simulate(
        game, score, start=start, steps=60_000, replications=400, seed=0, record_every=500
    )
    mean = runs.final.mean(axis=0)
    error = runs.final.std(axis=0, ddof=1) / np.sqrt(runs.replications)
    low, high = report.rate_interval or (np.nan, np.nan)
    row = (
        setting.name, setting.sigma, nash.vector, nash.certificate.max_gain, fixed.theta,
        fixed.mean_action, predict_rate(exact, fixed, game).rate, report.rate,
        f"[{format_number(low)}, {format_number(high)}]", mean, error,
    )  # fmt: skip
    ax = runs.plot(fixed)
    for j, quantity in enumerate(nash.vector):
        ax.axhline(quantity, color=plotting.colour(j), linestyle=":", linewidth=1)
    ax.set_title(
        f"{setting.name}: learning from realised payoffs (bands: 90 % of runs),\n"
        "fixed point (dashed) and Nash equilibrium (dotted)",
        loc="left",
        fontsize=9,
    )
    return row, plotting.save(ax, path)


def _best_step() -> Table:
    """Gradient play at its best step contracts by N / (N + 2), the flow by e^(-bt)."""
    rows = []
    for firms in (2, 3, 5, 10):
        game = models.cournot(costs=[0.0] * firms, demand=LinearDemand(1.0, 1.0))
        nash = solve(game)
        best, slow = GradientPlay(step=2 / (firms + 2)), GradientPlay(step=1e-3)
        start = nash.vector + 0.3 / firms * np.cos(np.arange(firms))
        fast_report = validate(simulate(game, best, start=start, steps=150), nash, best)
        flow = validate(simulate(game, slow, start=start, steps=8000), nash, slow)
        rate = fast_report.rate or np.nan
        decay = -np.log(flow.rate or np.nan) / 1e-3
        limit = fast_report.largest_stable_step
        rows.append((firms, firms / (firms + 2), rate, 1.0, decay, 2 / (firms + 1), limit))
    headers = (
        "firms", "N/(N+2)", "measured rate", "b", "measured flow exponent", "2/(b(N+1))",
        "largest stable step",
    )  # fmt: skip
    return Table(headers, tuple(rows), title="Gradient play: best step, flow and stability limit")
