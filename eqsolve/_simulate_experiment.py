"""Simulate an experiment: what each estimator would have said, run after run."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqsolve._simulate_runs import Progress
from eqsolve.design.experiment import MarkovExperiment
from eqsolve.design.online.online import OnlineDesign
from eqsolve.design.sampling_design import SamplingDesign
from eqsolve.design.simulation.reward_laws import reward_law
from eqsolve.design.simulation.rules import CoinFlip, SingleArm, Switchback
from eqsolve.design.simulation.running import Orders, run_online, run_policy, run_switchback
from eqsolve.design.simulation.runs import ExperimentRuns
from eqsolve.design.simulation.walk import Moves
from eqsolve.errors import BadExperiment

Array = NDArray[np.float64]
Integers = NDArray[np.int64]

RECORDS = 40  # of an online design, at steps that grow geometrically


def simulate_experiment(
    experiment: MarkovExperiment,
    policy: Any,
    steps: int,
    replications: int = 1,
    seed: Any = None,
    *,
    start: Any = None,
    contrast: Any = None,
    rewards: Any = "normal",
    record_every: int | None = None,
    keep_log: bool = False,
    progress: bool = False,
) -> ExperimentRuns:
    """Run an experiment many times, and compare estimators with the truth.

    Parameters
    ----------
    experiment : MarkovExperiment
    policy : array_like (S, A), SamplingDesign, OnlineDesign, CoinFlip, SingleArm or Switchback
        How arms are chosen. An online design is copied for each replication, and goes on from
        what it knows.
    steps : int
        Of each replication.
    replications : int
        Independent runs.
    seed : int, numpy.random.Generator or None
        The same int gives the same numbers.
    start : state by name, or array_like of int (replications,), optional
        Default: the first state.
    contrast : array_like (A,) or mapping of arm name to weight, optional
        One contrast; default that of an online design or a sampling design, else the second arm
        minus the first.
    rewards : "normal", "bernoulli" or callable
        Law of the rewards given their means and variances; or a function
        ``(rng, arm, state, next_state) -> rewards`` of integer arrays of equal length.
    record_every : int, optional
        Record occupancies every so many steps. Default: at the end; for an online design at
        forty steps that grow geometrically.
    keep_log : bool
        Keep every step, for `.log()`; else only counts are kept, and memory does not grow with
        the steps. The paths are the same, the rewards are drawn otherwise.
    progress : bool
        Show a progress bar on standard error.

    Returns
    -------
    ExperimentRuns

    Raises
    ------
    BadExperiment
        Naming the argument that does not fit the experiment.

    Examples
    --------
    >>> import eqsolve as eq
    >>> ring = eq.models.opposite_cycles(10, probabilities=(0.2, 0.6))
    >>> runs = eq.simulate_experiment(ring, eq.CoinFlip(), 10_000, 200, seed=0)
    >>> low, high = runs["maximum likelihood"].bias_interval(0.999)
    >>> bool(low < 0 < high)
    True
    """
    if not isinstance(experiment, MarkovExperiment):
        raise BadExperiment(
            f"simulate_experiment needs a MarkovExperiment, not {type(experiment).__name__}."
        )
    steps, replications = _whole(steps, "steps"), _whole(replications, "replications")
    weights = _one_contrast(experiment, policy, contrast)
    online = isinstance(policy, OnlineDesign)
    moves = Moves.of(experiment)
    walking, paying = _streams(seed)
    with Progress(progress, steps, replications) as report:
        orders = Orders(
            moves=moves,
            law=reward_law(rewards, moves),
            starts=_starts(experiment, start, replications),
            steps=steps,
            recorded=_recorded(steps, record_every, online),
            keep_log=keep_log,
            walking=walking,
            paying=paying,
            report=report,
        )
        return _run(experiment, policy, orders, weights)


def _run(
    experiment: MarkovExperiment, policy: Any, orders: Orders, weights: Array
) -> ExperimentRuns:
    if isinstance(policy, OnlineDesign):
        _check_online(experiment, policy)
        tallies = run_online(orders, policy)
        return ExperimentRuns(experiment, "Online design", orders.steps, weights, tallies)
    if isinstance(policy, Switchback):
        tallies = run_switchback(orders, policy)
        return ExperimentRuns(
            experiment, str(policy), orders.steps, weights, tallies, switchback=policy
        )
    table, rule = _policy(experiment, policy)
    tallies = run_policy(orders, table)
    return ExperimentRuns(experiment, rule, orders.steps, weights, tallies, table)


def _policy(experiment: MarkovExperiment, policy: Any) -> tuple[Array, str]:
    if isinstance(policy, (SingleArm, CoinFlip)):
        return policy.policy(experiment), str(policy)
    if isinstance(policy, SamplingDesign):
        return experiment.check_policy(policy.policy), "Sampling design"
    return experiment.check_policy(policy), "Policy"


def _check_online(experiment: MarkovExperiment, online: OnlineDesign) -> None:
    """The online design must speak of the same states and arms."""
    for what in ("arm", "state"):
        labels = getattr(online, f"{what}s")
        names = getattr(experiment, f"{what}_names") or tuple(range(experiment.states))
        if labels != tuple(names):
            raise BadExperiment(
                f"The {what}s of the online design are {_few(labels)}, those of the "
                f"experiment {_few(names)}; they must be the same in the same order."
            )


def _few(names: Any) -> str:
    shown = ", ".join(map(repr, names[:4]))
    return f"({shown}{', ...' if len(names) > 4 else ''})"


def _one_contrast(experiment: MarkovExperiment, policy: Any, contrast: Any) -> Array:
    if contrast is None and isinstance(policy, (OnlineDesign, SamplingDesign)):
        contrast = policy.contrast
    weights = experiment.contrast(contrast)
    if len(weights) > 1:
        raise BadExperiment(
            f"A simulation compares estimates of one contrast; {len(weights)} were given: choose "
            f"one with contrast=."
        )
    return np.asarray(weights[0])


def _streams(seed: Any) -> tuple[np.random.Generator, np.random.Generator]:
    """For paths, and for rewards."""
    if isinstance(seed, np.random.Generator):
        seed = int(seed.integers(2**63))
    first, second = np.random.SeedSequence(seed).spawn(2)
    return np.random.default_rng(first), np.random.default_rng(second)


def _whole(value: Any, what: str) -> int:
    if not isinstance(value, (int, np.integer)) or isinstance(value, bool) or value < 1:
        raise BadExperiment(f"{what} must be a whole number of one or more, not {value!r}.")
    return int(value)


def _starts(experiment: MarkovExperiment, start: Any, replications: int) -> Integers:
    names = experiment.state_names or range(experiment.states)
    if start is None:
        return np.zeros(replications, dtype=np.int64)
    if not isinstance(start, (np.ndarray, list)):
        if start not in names:
            raise BadExperiment(f"start={start!r} is no state of the experiment.")
        return np.full(replications, list(names).index(start), dtype=np.int64)
    places = np.asarray(start)
    if places.shape != (replications,) or places.dtype.kind not in "iu":
        raise BadExperiment(
            f"start must be a state, or one number of a state a replication, ({replications},); "
            f"its shape is {places.shape}."
        )
    if (places < 0).any() or (places >= experiment.states).any():
        raise BadExperiment(f"start must hold numbers from 0 to {experiment.states - 1}.")
    return places.astype(np.int64)


def _recorded(steps: int, every: int | None, online: bool) -> Integers:
    if every is not None:
        every = _whole(every, "record_every")
        return np.unique(np.append(np.arange(every, steps + 1, every), steps))
    if online:
        first = min(10, steps)
        return np.unique(np.ceil(np.geomspace(first, steps, RECORDS)).astype(np.int64))
    return np.array([steps], dtype=np.int64)
