"""Adaptive experiments under temporal interference (Glynn, Johari and Rasouli 2020).

Known designs computed again; the variance against the number of states, for each arm on its own,
for switchbacks and for joint sampling, by formula and by simulation; an online design on its way
to the optimum; and the trap of an optimum that no run is long enough for.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqsolve import models, plotting
from eqsolve._optimal_design import optimal_design
from eqsolve._simulate_experiment import simulate_experiment
from eqsolve.design.experiment import MarkovExperiment
from eqsolve.design.online.online import OnlineDesign
from eqsolve.design.simulation.estimator_runs import EstimatorRuns
from eqsolve.design.simulation.rules import CoinFlip, SingleArm, Switchback
from eqsolve.errors import SlowMixing
from eqsolve.results import Table

Array = NDArray[np.float64]
Say = Callable[[Any], None]

PROBABILITIES = (0.3, 0.5)  # of a reward on the ring, arm by arm
SIZES = (3, 5, 8, 12, 20, 30, 50, 80, 120, 200)  # states of the ring, by formula
SIMULATED = (3, 8, 20)  # the same by simulation
BLOCK = 10  # steps of a switchback block
RING_STEPS = 20_000
REPLICATIONS = 400
ONLINE_STEPS = 100_000
ONLINE_REPLICATIONS = 100
DRIFT_STATES = 80
DRIFT_STEPS = 100_000
DRIFT_REPLICATIONS = 100
LIKELIHOOD = "maximum likelihood"


def run(folder: Path, say: Say) -> list[Path]:
    """Reproduce the system into `folder`; returns the figures drawn."""
    say(_known_designs())
    table, first = _growth(folder / "experiment_states.png")
    say(table)
    tables, second = _online(folder / "experiment_online.png")
    for table in tables:
        say(table)
    say(_trap())
    return [first, second]


def _known_designs() -> Table:
    """Instances with a known optimum, solved and compared."""
    rows = []
    for name in models.instances("experiment"):
        answer, experiment = models.published(name), models.load(name)
        design = _design(experiment)
        alone = 2 * float(experiment.own_variances.sum())
        gap = abs(design.variance / answer.variance - 1) if answer.variance else None
        rows.append(
            (name, answer.status, experiment.states, alone, design.variance, gap,
             design.relative_gap, design.relaxation_time)
        )  # fmt: skip
    headers = (
        "instance", "answer", "states", "n Var, half and half", "n Var, optimal",
        "off the answer", "proven gap", "relaxation time",
    )  # fmt: skip
    return Table(headers, tuple(rows), title="Sampling designs with known answers")


def _growth(path: Path) -> tuple[Table, Path]:
    """s^2 n Var on the ring against s: what each arm alone costs, and joint sampling does not."""
    first, second = (q * (1 - q) for q in PROBABILITIES)
    closed = 2 * (np.sqrt(first) + np.sqrt(second)) ** 2
    lines: dict[str, list[float]] = {"each arm alone": [], "switchback": [], "joint sampling": []}
    rows = []
    drawn: dict[str, list[Any]] = {name: [] for name in lines}
    for states in SIZES:
        ring = models.opposite_cycles(states, probabilities=PROBABILITIES)
        design = _design(ring, policy="aperiodic")
        compared = design.compare(block_length=BLOCK)
        switchback = compared[f"switchback, blocks of {BLOCK}"].variance
        alone = compared["each arm alone"].variance
        for name, value in zip(lines, (alone, switchback, design.variance), strict=True):
            lines[name].append(states**2 * value)
        shown: list[Any] = ["", "", ""]
        if states in SIMULATED:
            for place, (name, made) in enumerate(_simulated(ring).items()):
                drawn[name].append((states, made))
                shown[place] = _with_interval(made, states**2)
        rows.append(
            (states, 2 * states * (first + second), lines["each arm alone"][-1], shown[0],
             lines["switchback"][-1], shown[1], closed, lines["joint sampling"][-1], shown[2])
        )  # fmt: skip
    _draw_growth(path, lines, drawn)
    headers = (
        "states s", "alone: closed form", "computed", "simulated", f"switchback of {BLOCK}",
        "simulated", "joint: closed form", "computed", "simulated",
    )  # fmt: skip
    title = "s^2 n Var on two opposite cycles: joint sampling does not grow with s"
    return Table(headers, tuple(rows), title=title), path


def _simulated(ring: MarkovExperiment) -> dict[str, EstimatorRuns]:
    """Monte Carlo of the three ways; arms alone have half of the steps each."""
    alone = [
        _runs(ring, SingleArm(arm), contrast=np.eye(2)[place], seed=place)
        for place, arm in enumerate(ring.arm_names)
    ]
    # Two runs of n / 2 steps: n Var of the difference is twice the sum of both n Var.
    scaled = np.sqrt(2) * (alone[1].values - alone[1].effect - alone[0].values + alone[0].effect)
    joint = _design(ring, steps=RING_STEPS)
    return {
        "each arm alone": EstimatorRuns("each arm alone", scaled, 0.0, RING_STEPS),
        "switchback": _runs(ring, Switchback(BLOCK), seed=2),
        "joint sampling": _runs(ring, joint, seed=3),
    }


def _runs(experiment: MarkovExperiment, rule: Any, **how: Any) -> EstimatorRuns:
    made = simulate_experiment(
        experiment, rule, RING_STEPS, REPLICATIONS, rewards="bernoulli", **how
    )
    return made[LIKELIHOOD]


def _draw_growth(path: Path, lines: dict[str, list[float]], drawn: dict[str, list[Any]]) -> None:
    ax = plotting.axes()
    for place, (name, values) in enumerate(lines.items()):
        shade = plotting.colour(place)
        # The first two coincide on the ring: dashes leave both visible.
        style = "--" if name == "switchback" else "-"
        ax.loglog(SIZES, values, style, color=shade, label=name)
        for states, made in drawn[name]:
            low, high = made.variance_interval().low, made.variance_interval().high
            middle, scale = made.scaled_variance, states**2
            reach = [[scale * (middle - low)], [scale * (high - middle)]]
            ax.errorbar([states], [scale * middle], reach, color=shade, marker="o", ms=4, capsize=3)
    ax.set_xlabel("states s")
    ax.set_ylabel("variance of the estimate, s² n Var")
    ax.set_title("Joint sampling does not grow with s (points: simulated)", loc="left")
    ax.legend(frameon=False)
    plotting.save(ax, path)


def _online(path: Path) -> tuple[list[Table], Path]:
    """An online design on three states: estimators, and occupancies on their way."""
    experiment = models.three_state_pair()
    best = _design(experiment)
    states = experiment.state_names or experiment.states
    online = OnlineDesign(states, experiment.arm_names, steps=ONLINE_STEPS, seed=0)
    runs = simulate_experiment(experiment, online, ONLINE_STEPS, ONLINE_REPLICATIONS, seed=1)
    flips = simulate_experiment(experiment, CoinFlip(), ONLINE_STEPS, ONLINE_REPLICATIONS, seed=2)
    report = runs.validate(best)
    rows = [
        (name, made[LIKELIHOOD].scaled_variance, _interval(made[LIKELIHOOD]),
         made.expected_variance, made.expected_variance / best.variance, made.coverage())
        for name, made in (("online design", runs), ("coin flipping", flips))
    ]  # fmt: skip
    headers = ("sampling", "n Var simulated", "95 % interval", "n Var at its occupancy",
               "to optimal", "95 % intervals that cover")  # fmt: skip
    title = (
        f"Online design after {ONLINE_STEPS:,} steps ({ONLINE_REPLICATIONS} runs); "
        f"the optimum is {best.variance:.6f}"
    )
    plotting.save(report.plot(), path)
    return [Table(headers, tuple(rows), title=title), report.table(), flips.table()], path


def _trap() -> Table:
    """Two opposite drifts: the asymptotic optimum, and the design made for the run at hand."""
    pair = _opposite_drifts()
    rows = []
    for name, steps in (("without steps", None), (f"steps={DRIFT_STEPS:,}", DRIFT_STEPS)):
        design = _design(pair, steps=steps)
        runs = simulate_experiment(
            pair, design, DRIFT_STEPS, DRIFT_REPLICATIONS, start=DRIFT_STATES // 2, seed=5
        )
        made = runs[LIKELIHOOD]
        rows.append(
            (name, design.share, design.relaxation_time, design.variance, made.scaled_variance,
             made.scaled_variance / design.variance, made.missing)
        )  # fmt: skip
    headers = ("design made", "share of coin flipping", "relaxation time", "n Var stated",
               "n Var simulated", "ratio", "runs without an estimate")  # fmt: skip
    title = f"The finite-sample trap: opposite drifts, {DRIFT_STATES} states, {DRIFT_STEPS:,} steps"
    return Table(headers, tuple(rows), title=title)


def _opposite_drifts() -> MarkovExperiment:
    """Walks that drift apart; each state pays more than the one below, with noise everywhere."""
    walks = models.birth_death_pair(DRIFT_STATES, up=0.6)
    pay = np.tile(np.linspace(0.0, 1.0, DRIFT_STATES), (2, 1))
    return MarkovExperiment(walks.transitions, pay, 1.0, arm_names=walks.arm_names)


def _design(experiment: MarkovExperiment, **how: Any) -> Any:
    with warnings.catch_warnings():
        # Relaxation times stand in the tables.
        warnings.simplefilter("ignore", SlowMixing)
        return optimal_design(experiment, **how)


def _interval(made: EstimatorRuns, scale: float = 1.0) -> str:
    found = made.variance_interval()
    return f"[{scale * found.low:.4g}, {scale * found.high:.4g}]"


def _with_interval(made: EstimatorRuns, scale: float) -> str:
    return f"{scale * made.scaled_variance:.4g} {_interval(made, scale)}"
