"""Two dispatch rules act on one fleet: which is better, and how should they be tried?

Each rule leaves the streets in a state the other then meets, so the difference of mean rewards
under each is wrong. The chains are estimated from a log, put together to the long-run effect, and
the next sampling policy is made from them.

Run: python examples/two_dispatch_rules.py
"""

from __future__ import annotations

from pathlib import Path

import eqsolve as eq
from eqsolve import plotting
from eqsolve.design import compare_estimators

TOLERANCE = 0.2  # two standard errors of the effect after this many steps
STEPS = 200_000


def run(folder: Path) -> tuple[tuple[float, float], tuple[float, float]]:
    """Effect from a log, and n Var of the policy it suggests; the true effect and optimum."""
    market = eq.models.ride_hailing_pair()
    runs = eq.simulate_experiment(market, eq.CoinFlip(), STEPS, seed=3, keep_log=True)
    steps = runs.log()
    found = steps.estimate()
    suggested = eq.optimal_design(steps.counts.experiment(prior=1.0), steps=STEPS)
    best = eq.optimal_design(market, steps=STEPS)
    computed = found.effect, market.variance(suggested.policy)
    print(compare_estimators(steps, experiment=market, policy=runs.policy))
    print(best.compare(block_length=20))
    plotting.save(best.compare(block_length=20).plot(), folder / "two_dispatch_rules.png")
    return computed, (market.effect(), best.variance)


if __name__ == "__main__":
    run(Path())
