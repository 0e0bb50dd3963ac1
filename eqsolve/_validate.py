"""Validate learning code: compare a run with the equilibrium it should find."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from eqsolve._predict_rate import point_of
from eqsolve._validate_finite import validate_play
from eqsolve.design.simulation.runs import ExperimentRuns
from eqsolve.dynamics.repeated_play import RepeatedPlay
from eqsolve.dynamics.trajectory import Trajectory
from eqsolve.errors import EqsolveError
from eqsolve.rates.learning_report import LeaderOptimum, LearningReport, learning_report
from eqsolve.rates.measurement import measure
from eqsolve.rates.play_report import PlayReport
from eqsolve.rates.prediction import predict
from eqsolve.rates.report import ConvergenceReport

Array = NDArray[np.float64]


@overload
def validate(
    trajectory: RepeatedPlay,
    equilibrium: Any = ...,
    dynamics: None = ...,
    distance: None = ...,
    *,
    game: Any = ...,
    concept: str = ...,
) -> PlayReport: ...
@overload
def validate(
    trajectory: Any,
    equilibrium: LeaderOptimum,
    dynamics: None = ...,
    distance: None = ...,
    *,
    game: Any = ...,
    concept: str = ...,
) -> LearningReport: ...
@overload
def validate(
    trajectory: Any,
    equilibrium: Any,
    dynamics: Any = ...,
    distance: Callable[[Array], Array] | None = ...,
    *,
    game: Any = ...,
    concept: str = ...,
) -> ConvergenceReport: ...
def validate(
    trajectory: Any,
    equilibrium: Any = None,
    dynamics: Any = None,
    distance: Callable[[Array], Array] | None = None,
    *,
    game: Any = None,
    concept: str = "coarse correlated",
) -> ConvergenceReport | PlayReport:
    """Does a run converge to an equilibrium, how fast, and how fast should it?

    Parameters
    ----------
    trajectory : Trajectory, array (T, n) or (T, replications, n), or path to .npz or .csv
        Or `ExperimentRuns`: the occupancies that were recorded. Or what `eq.train_leader` gives:
        its learning curve.
    equilibrium : Equilibrium, dict, array (n,), or a list of them
        With several, distances are to the nearest. For `ExperimentRuns` a `SamplingDesign`; for
        a learning curve the `CommitmentOptimum`, whose values are compared.
        Optional for repeated play of a finite
        game, which is compared with the set of (coarse) correlated equilibria; then also
        which of several is reached, and distributions over profiles are taken.
    dynamics : Dynamics or callable, optional
        Adds the predicted rate, and whether the equilibrium is a fixed point and stable.
    distance : callable, optional
        (T, replications, n) to (T, replications); default the Euclidean norm. For sets of
        equilibria, or another norm.
    game : Game, optional
        For `dynamics`; default the game the equilibrium was solved for.
    concept : "coarse correlated" or "correlated"
        The set that repeated play is compared with.

    Returns
    -------
    ConvergenceReport
        Or, for repeated play of a finite game without `dynamics` or `distance`, a
        `PlayReport`: the gap to the set with its rate and bound, and the band of payoffs. For a
        learning curve a `LearningReport`: also the share of the optimum that was reached.

    Raises
    ------
    EqsolveError
        When shapes disagree (both are named) or there are fewer than five records.

    Examples
    --------
    >>> path = np.stack([0.9**k * np.array([1.0, -2.0]) for k in range(100)])
    >>> report = validate(path, np.zeros(2), dynamics=lambda x: 0.9 * x)
    >>> report.kind, report.agrees
    ('linear', True)
    """
    run = as_trajectory(trajectory)
    if isinstance(equilibrium, LeaderOptimum):
        if dynamics is not None or distance is not None:
            raise EqsolveError(
                "A learning curve is compared with the optimum by its values; leave out dynamics "
                "and distance."
            )
        return learning_report(run, equilibrium)
    if isinstance(run, RepeatedPlay) and dynamics is None and distance is None:
        return validate_play(run, equilibrium, concept=concept)
    if equilibrium is None:
        raise EqsolveError("validate() needs an equilibrium to compare the run with.")
    targets = equilibrium if _is_list(equilibrium) else [equilibrium]
    game = getattr(targets[0], "game", None) if game is None else game
    points = [point_of(target, game) for target in targets]
    for point in points:
        if point.size != run.iterates.shape[2]:
            raise EqsolveError(
                f"The run has {run.iterates.shape[2]} coordinates and the equilibrium "
                f"{point.size}; they must be in the same order and number."
            )
    distances = _distances(run.iterates, points, distance)
    prediction = None
    if dynamics is not None:
        prediction = predict(dynamics, points[0], game, distance=distance)
    measured = measure(run.steps, distances, run.iterates)
    return ConvergenceReport(run.steps, distances, measured, prediction)


def as_trajectory(run: Any) -> Trajectory:
    """A trajectory from an object, an array or a file."""
    if isinstance(run, Trajectory):
        return run
    if isinstance(run, ExperimentRuns):
        return run.trajectory
    if isinstance(getattr(run, "curve", None), Trajectory):
        return run.curve  # type: ignore[no-any-return]
    if isinstance(run, (str, Path)):
        path = Path(run)
        if not path.exists():
            raise EqsolveError(f"There is no file {str(path)!r}.")
        if path.suffix == ".npz":
            return Trajectory.load(path)
        if path.suffix == ".csv":
            return Trajectory.from_csv(path)
        raise EqsolveError(f"{path.name}: trajectories are read from .npz and .csv files.")
    return Trajectory.from_array(run)


def _is_list(equilibrium: Any) -> bool:
    return isinstance(equilibrium, Sequence) and not np.isscalar(equilibrium[0])


def _distances(
    iterates: Array, points: list[Array], distance: Callable[[Array], Array] | None
) -> Array:
    if distance is not None:
        out = np.asarray(distance(iterates), dtype=float)
        if out.shape != iterates.shape[:2]:
            raise EqsolveError(
                f"distance returns shape {out.shape}; it must give one number a record and "
                f"replication, {iterates.shape[:2]}."
            )
        return out
    with np.errstate(all="ignore"):
        norms = [np.linalg.norm(iterates - point, axis=2) for point in points]
    return np.asarray(np.min(norms, axis=0))
