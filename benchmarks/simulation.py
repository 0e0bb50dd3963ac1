"""Simulated experiments: speed, and Monte Carlo against theory.

1. Steps a second of one run on random sparse chains, against a plain loop over steps, with the
   occupancies of both compared with the stationary law before any time counts.
2. n times the variance of the maximum-likelihood estimate on twenty random pairs, in standard
   errors from the formula.
3. The finite-sample trap: opposite drifts, designed with and without the number of steps.
4. The online design on three states: its variance against the optimum, and its rate.

Run: python benchmarks/simulation.py [--steps 10000000] [--replications 1000] [--online 200]
"""

from __future__ import annotations

import argparse
import time
import warnings

import numpy as np

import eqsolve as eq
from eqsolve.results import Table


def plain_loop(experiment: eq.MarkovExperiment, steps: int) -> np.ndarray:
    """What one would write without eqsolve: two searches a step. Visits (states,)."""
    rng = np.random.default_rng(0)
    kernels = experiment.transitions
    upto = [np.cumsum(kernel.data) for kernel in kernels]
    starts = [kernel.indptr for kernel in kernels]
    visits = np.zeros(experiment.states)
    state = 0
    for _ in range(steps):
        arm = int(rng.random() < 0.5)
        first, last = starts[arm][state], starts[arm][state + 1]
        base = upto[arm][first - 1] if first else 0.0
        place = first + np.searchsorted(upto[arm][first:last], base + rng.random())
        visits[state] += 1
        state = int(kernels[arm].indices[min(place, last - 1)])
    return visits


def settled(experiment: eq.MarkovExperiment) -> np.ndarray:
    """Law of a coin-flipping run after many steps; these chains forget within a few."""
    backward = sum(kernel.T for kernel in experiment.transitions) / experiment.arms
    law = np.full(experiment.states, 1 / experiment.states)
    for _ in range(200):
        law = backward @ law
    return law


def speed(steps: int) -> Table:
    """Processor seconds of one run."""
    rows = []
    for states in (10, 1_000, 100_000):
        experiment = eq.models.random_sparse_pair(states, min(10, states), seed=0)
        begun = time.process_time()
        runs = eq.simulate_experiment(experiment, eq.CoinFlip(), steps, seed=0)
        ours = time.process_time() - begun
        few = max(1, steps // 100)
        begun = time.process_time()
        visits = plain_loop(experiment, few)
        plain = (time.process_time() - begun) * steps / few
        law = settled(experiment)
        noise = 0.5 * np.sqrt(2 * law / np.pi / steps).sum()
        apart = 0.5 * np.abs(runs.occupancy[-1, 0].sum(axis=0) - law).sum()
        loop = 0.5 * np.abs(visits / few - law).sum()
        if apart > 5 * noise or loop > 5 * noise * 10:
            raise SystemExit(f"Occupancies are off by {apart:.1e}; no times are given.")
        rows.append((states, steps, ours, 1e9 * ours / steps, plain, plain / ours))
    headers = ("states", "steps", "processor seconds", "ns a step", "plain loop", "ratio")
    return Table(headers, tuple(rows), title="One run of random sparse chains, ten successors")


def theory(replications: int) -> Table:
    """The formula on twenty random pairs."""
    gaps = []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        kernels = rng.dirichlet(np.ones(6), size=(2, 6))
        experiment = eq.MarkovExperiment(
            list(kernels), rng.normal(size=(2, 6)), rng.uniform(0.2, 2.0, (2, 6))
        )
        policy = 0.1 + 0.8 * rng.dirichlet(np.ones(2), size=6)
        runs = eq.simulate_experiment(experiment, policy, 20_000, replications, seed=seed)
        made = runs["maximum likelihood"]
        gaps.append(np.log(made.scaled_variance / made.theory) / made.variance_error)
    inside = int((np.abs(gaps) <= 2).sum())
    rows = (
        ("within two standard errors", f"{inside} of 20"),
        ("largest, in standard errors", float(np.abs(gaps).max())),
        ("mean, in standard errors", float(np.mean(gaps))),
    )
    title = f"n Var of maximum likelihood, {replications} replications of 20,000 steps, 20 pairs"
    return Table(("", "value"), rows, title=title)


def trap(replications: int) -> Table:
    """Opposite drifts on eighty states, 10^5 steps."""
    walks = eq.models.birth_death_pair(80).transitions
    experiment = eq.MarkovExperiment(walks, [np.arange(80) / 79] * 2, 1.0)
    rows = []
    for steps in (None, 100_000):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            design = eq.optimal_design(experiment, steps=steps)
        runs = eq.simulate_experiment(experiment, design, 100_000, replications, seed=0)
        made = runs["maximum likelihood"]
        rows.append(
            (
                "not told" if steps is None else steps,
                design.variance,
                design.relaxation_time,
                made.scaled_variance if made.identified.size > 1 else "",
                str(made.variance_interval()) if made.identified.size > 3 else "",
                made.missing,
                "yes" if caught else "no",
            )
        )
    headers = (
        "steps", "stated n Var", "relaxation time", "simulated n Var", "95 % interval",
        "runs without an estimate", "warns",
    )  # fmt: skip
    title = f"Opposite drifts on 80 states, {replications} replications of 100,000 steps"
    return Table(headers, tuple(rows), title=title)


def online(replications: int) -> tuple[Table, eq.ConvergenceReport]:
    """An online design of 10^5 steps on three states."""
    experiment = eq.models.three_state_pair()
    best = eq.optimal_design(experiment)
    design = eq.OnlineDesign(experiment.state_names, experiment.arm_names, steps=100_000, seed=0)
    begun = time.process_time()
    runs = eq.simulate_experiment(experiment, design, 100_000, replications, seed=0)
    taken = time.process_time() - begun
    made = runs["maximum likelihood"]
    low, high = made.variance_interval()
    rows = (
        ("n Var, simulated / optimum", made.scaled_variance / best.variance),
        ("its 95 % interval", f"[{low / best.variance:.3f}, {high / best.variance:.3f}]"),
        ("formula at the mean occupancy / optimum", runs.expected_variance / best.variance),
        (
            "formula at each run's occupancy / optimum, mean",
            float(np.mean([experiment.variance(s) for s in runs.occupancy[-1]])) / best.variance,
        ),
        ("CLT intervals that hold the effect", runs.coverage()),
        ("bias", made.bias),
        ("its 95 % interval", str(made.bias_interval())),
        ("processor seconds a replication", taken / replications),
    )
    title = f"Online design, {replications} replications of 100,000 steps"
    return Table(("", "value"), rows, title=title), runs.validate(best)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=10_000_000)
    parser.add_argument("--replications", type=int, default=1_000)
    parser.add_argument("--trap", type=int, default=200)
    parser.add_argument("--online", type=int, default=200)
    asked = parser.parse_args()
    print(speed(asked.steps), theory(asked.replications), trap(asked.trap), sep="\n\n")
    print("", *online(asked.online), sep="\n\n")


if __name__ == "__main__":
    main()
