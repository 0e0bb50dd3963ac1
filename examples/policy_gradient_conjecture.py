"""Does policy gradient converge in Cournot games whose price is not linear?

Shi and Zhang (2020) prove convergence for linear prices and for two firms, and conjecture
it more generally. This study takes the concave prices 1 - Q^k, N = 2 to 10 firms and
three kinds of exploration, and tabulates where exact policy gradient converges, at what
rate, against the prediction from the Jacobian at its fixed point.

Run: python examples/policy_gradient_conjecture.py [--full]
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

import eqsolve as eq
from eqsolve.plotting import COLOURS, axes, save
from eqsolve.results import Table

TOLERANCE = 0.02
SIGMA = 0.02


def study(firms: int, power: float, noise: str, nodes: int) -> tuple[str, float, float]:
    """Kind of convergence, measured and predicted exponents of contraction a step."""
    demand = eq.models.ConcavePowerDemand(intercept=1.0, slope=1.0, power=power)
    costs = list(0.02 * np.arange(firms) / firms)
    game = eq.models.cournot(costs=costs, demand=demand)
    nash = eq.solve(game)
    step = 0.5 / float(
        np.abs(np.linalg.eigvals(game.numbers.jacobian(nash.vector).toarray())).max()
    )
    learner = eq.dynamics.PolicyGradient(step=step, sigma=SIGMA, noise=noise, nodes=nodes)
    fixed = learner.fixed_point(game, nash.vector)
    start = nash.vector * (1 + 0.2 * np.cos(np.arange(firms)))
    path = eq.simulate(game, learner, start=start, steps=400)
    report = eq.validate(path, fixed, learner, game=game)
    rate = np.nan if report.rate is None else report.rate
    return report.kind, float(np.log(rate)), float(np.log(report.predicted_rate))


def run(folder: Path, full: bool = False) -> tuple[list[float], list[float]]:
    """Tabulate and draw; returns measured and predicted exponents."""
    many = range(2, 11) if full else (2, 3, 10)
    powers = (1.0, 1.5, 2.0, 3.0) if full else (1.0, 2.0)
    noises = ("gaussian", "uniform", "logistic") if full else ("gaussian", "uniform")
    nodes = 1024 if full else 256
    rows, ax = [], axes()
    for place, power in enumerate(powers):
        for noise in noises:
            found = [study(firms, power, noise, nodes) for firms in many]
            rows += [
                (f"1 - Q^{power:g}", noise, firms, kind, np.exp(measured), np.exp(predicted))
                for firms, (kind, measured, predicted) in zip(many, found, strict=True)
            ]
            if noise == noises[0]:
                lines = np.exp(np.array([exponents for _, *exponents in found]))
                ax.plot(many, lines[:, 1], color=COLOURS[place], label=f"price 1 - Q^{power:g}")
                ax.plot(many, lines[:, 0], "o", color=COLOURS[place])
    ax.set_xlabel("firms")
    ax.set_ylabel("contraction per step")
    ax.set_title("policy gradient: measured (dots), predicted (lines)", loc="left")
    ax.legend(frameon=False)
    headers = ("price", "noise", "firms", "kind", "measured rate", "predicted rate")
    print(Table(headers, tuple(rows)))
    save(ax, folder / "policy_gradient_conjecture.png")
    return [np.log(row[4]) for row in rows], [np.log(row[5]) for row in rows]


if __name__ == "__main__":
    run(Path(), full="--full" in sys.argv)
