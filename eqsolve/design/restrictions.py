"""What a design must respect, checked at the door: steps, money, floors, forbidden arms.

The checks that need the experiment's own laws come in `eqsolve.design.occupancy`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from eqsolve.errors import BadExperiment

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from eqsolve.design.experiment import MarkovExperiment

    Array = NDArray[np.float64]
    Mask = NDArray[np.bool_]

CRITERIA = ("sum", "minimax")
POLICIES = ("exact", "aperiodic")


@dataclass(frozen=True, eq=False)
class Restrictions:
    """What a design must respect.

    Attributes
    ----------
    steps : int or None
        Steps of the run, where they are given.
    costs : ndarray (A, S) or None
        Cost of a step.
    budget : float or None
        What all steps together may cost.
    floor : ndarray (A,)
        Least probability of each arm in every state where it is allowed.
    allowed : bool ndarray (A, S)
    share : float or None
        Of coin flipping, where it is given.
    """

    steps: int | None
    costs: Array | None
    budget: float | None
    floor: Array
    allowed: Mask
    share: float | None

    @property
    def steps_are_free(self) -> bool:
        """The budget buys as many steps as the design makes of it."""
        return self.costs is not None and self.steps is None

    @property
    def average_limit(self) -> float | None:
        """Largest average cost of a step, where steps and budget are given."""
        if self.budget is None or self.steps is None:
            return None
        return self.budget / self.steps


def check_restrictions(
    experiment: MarkovExperiment,
    *,
    steps: Any = None,
    costs: Any = None,
    budget: Any = None,
    floor: Any = None,
    allowed: Any = None,
    share: Any = None,
) -> Restrictions:
    """Restrictions as arrays, or BadExperiment in one sentence; see `eq.optimal_design`.

    Examples
    --------
    >>> from eqsolve.design import MarkovExperiment
    >>> two = MarkovExperiment([[[1.0]], [[1.0]]], [[0], [1]], 1.0)
    >>> check_restrictions(two, floor=0.1).floor.tolist()
    [0.1, 0.1]
    >>> check_restrictions(two, floor=0.5)
    Traceback (most recent call last):
    ...
    eqsolve.errors.BadExperiment: The floors of the arms allowed in state 0 sum to 1; together \
they must stay below 1, or nothing is left to choose.
    """
    steps = _steps(steps)
    shares = _number(share, "share")
    if shares is not None and not 0 <= shares <= 1:
        raise BadExperiment(f"share is {shares:g}; a share of coin flipping is from 0 to 1.")
    permitted = _allowed(experiment, allowed)
    prices = None if costs is None else _costs(experiment, costs)
    money = _number(budget, "budget")
    if money is not None and prices is None:
        raise BadExperiment("budget is given without costs: say what a step costs with costs=.")
    if prices is not None and money is None and steps is not None:
        raise BadExperiment(
            "costs and steps are given without a budget, so costs would change nothing: give "
            "budget= too, or leave out steps to learn most per unit of cost."
        )
    if money is not None and not money > 0:
        raise BadExperiment(f"budget is {money:g}; it must be positive.")
    if prices is not None and steps is None and (prices[permitted] <= 0).any():
        arm, state = np.argwhere(permitted & (prices <= 0))[0]
        raise BadExperiment(
            f"A step of arm {experiment.arm_names[arm]!r} in state "
            f"{experiment.state_name(state)} costs {prices[arm, state]:g}: where the budget "
            f"alone ends the run, every step must cost something; give steps= or a positive cost."
        )
    floors = _floor(experiment, floor, permitted)
    return Restrictions(steps, prices, money, floors, permitted, shares)


def _steps(steps: Any) -> int | None:
    if steps is None:
        return None
    number = _number(steps, "steps")
    if number is None or number < 1 or number != int(number):
        raise BadExperiment(f"steps is {steps!r}; it must be a whole number of at least 1.")
    return int(number)


def _number(value: Any, what: str) -> float | None:
    if value is None:
        return None
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise BadExperiment(f"{what} is {value!r}; it must be one number.") from None
    if not np.isfinite(number):
        raise BadExperiment(f"{what} is {number}; it must be finite.")
    return number


def _numbers(value: Any, what: str, shapes: str) -> Array:
    try:
        array = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError):
        raise BadExperiment(f"{what} must be numbers: {shapes}.") from None
    return array


def _by_name(experiment: MarkovExperiment, value: Any, what: str, default: float) -> Any:
    """A mapping of arm names as numbers in the arms' order; anything else as it is."""
    if not isinstance(value, Mapping):
        return value
    names = experiment.arm_names
    unknown = [name for name in value if name not in names]
    if unknown:
        raise BadExperiment(f"{what} names arm {unknown[0]!r}, which the experiment does not have.")
    return [value.get(name, default) for name in names]


def _costs(experiment: MarkovExperiment, costs: Any) -> Array:
    arms, states = experiment.arms, experiment.states
    shapes = f"one an arm, or (A, S) = ({arms}, {states})"
    if isinstance(costs, Mapping) and set(costs) != set(experiment.arm_names):
        missing = [name for name in experiment.arm_names if name not in costs]
        if missing:
            raise BadExperiment(f"costs says nothing of arm {missing[0]!r}; name every arm.")
    array = _numbers(_by_name(experiment, costs, "costs", np.nan), "costs", shapes)
    if array.shape == (arms,):
        array = np.repeat(array[:, None], states, axis=1)
    elif array.ndim == 0:
        array = np.full((arms, states), float(array))
    if array.shape != (arms, states):
        raise BadExperiment(f"costs has shape {array.shape}; it must be {shapes}.")
    wrong = ~np.isfinite(array) | (array < 0)
    if wrong.any():
        arm, state = np.argwhere(wrong)[0]
        raise BadExperiment(
            f"The cost of arm {experiment.arm_names[arm]!r} in state "
            f"{experiment.state_name(state)} is {array[arm, state]:g}; it must be finite and not "
            f"negative."
        )
    return array


def _floor(experiment: MarkovExperiment, floor: Any, allowed: Mask) -> Array:
    arms = experiment.arms
    if floor is None:
        return np.zeros(arms)
    array = _numbers(_by_name(experiment, floor, "floor", 0.0), "floor", "one, or one an arm")
    if array.ndim == 0:
        array = np.full(arms, float(array))
    if array.shape != (arms,):
        raise BadExperiment(
            f"floor has shape {array.shape}; it must be one number, or one for each of the "
            f"{arms} arms."
        )
    wrong = ~np.isfinite(array) | (array < 0)
    if wrong.any():
        arm = int(np.flatnonzero(wrong)[0])
        raise BadExperiment(
            f"The floor of arm {experiment.arm_names[arm]!r} is {array[arm]:g}; it must be a "
            f"probability, from 0 to below 1."
        )
    sums = (array[:, None] * allowed).sum(axis=0)
    # A single allowed arm runs with probability one, whatever its floor.
    sums[allowed.sum(axis=0) == 1] = 0.0
    if sums.max() >= 1 - 1e-9:
        state = int(sums.argmax())
        raise BadExperiment(
            f"The floors of the arms allowed in state {experiment.state_name(state)} sum to "
            f"{sums[state]:.6g}; together they must stay below 1, or nothing is left to choose."
        )
    return array


def _allowed(experiment: MarkovExperiment, allowed: Any) -> Mask:
    shape = (experiment.arms, experiment.states)
    if allowed is None:
        return np.ones(shape, dtype=bool)
    array = np.asarray(allowed)
    if array.shape != shape or array.dtype.kind not in "bifu" or not np.isin(array, (0, 1)).all():
        raise BadExperiment(
            f"allowed needs True or False for each arm and state, shape (A, S) = {shape}; it has "
            f"shape {array.shape} and holds {array.dtype.name}."
        )
    mask = array.astype(bool)
    if not mask.any(axis=0).all():
        state = int(np.flatnonzero(~mask.any(axis=0))[0])
        raise BadExperiment(
            f"No arm is allowed in state {experiment.state_name(state)}: allow at least one."
        )
    return mask
