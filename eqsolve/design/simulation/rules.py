"""Rules of sampling that a simulation compares: single arm, coin flip, switchback.

A rule either has a policy, a table (states, arms) of probabilities that does not change, or it
chooses an arm for a whole block of steps, as switchback experiments do.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from eqsolve.errors import BadExperiment

if TYPE_CHECKING:
    from eqsolve.design.experiment import MarkovExperiment

Array = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True)
class SingleArm:
    """One arm throughout.

    Parameters
    ----------
    arm : name, or number from 0

    Examples
    --------
    >>> from eqsolve.design import MarkovExperiment
    >>> two = MarkovExperiment([[[1.0]], [[1.0]]], [[0], [1]], 1.0, arm_names=("old", "new"))
    >>> SingleArm("new").policy(two)
    array([[0., 1.]])
    """

    arm: Hashable

    def policy(self, experiment: MarkovExperiment) -> Array:
        """Probabilities (states, arms).

        Raises
        ------
        BadExperiment
            When the experiment has no such arm.
        """
        names = experiment.arm_names
        if self.arm not in names:
            known = ", ".join(map(repr, names))
            raise BadExperiment(f"SingleArm({self.arm!r}): the experiment has the arms {known}.")
        table = np.zeros((experiment.states, experiment.arms))
        table[:, names.index(self.arm)] = 1.0
        return table


@dataclass(frozen=True)
class CoinFlip:
    """An arm drawn afresh at every step, all alike.

    Examples
    --------
    >>> from eqsolve.design import MarkovExperiment
    >>> CoinFlip().policy(MarkovExperiment([[[1.0]], [[1.0]]], [[0], [1]], 1.0))
    array([[0.5, 0.5]])
    """

    def policy(self, experiment: MarkovExperiment) -> Array:
        """Probabilities (states, arms)."""
        return np.full((experiment.states, experiment.arms), 1 / experiment.arms)


@dataclass(frozen=True)
class Switchback:
    """One arm for a whole block of steps, then perhaps another.

    Parameters
    ----------
    block_length : int
        Steps a block.
    randomised : bool
        Draw each block's arm afresh, all alike; else the arms take turns.

    Raises
    ------
    BadExperiment
        When the block length is no whole number of one or more.

    References
    ----------
    Bojinov, Simchi-Levi and Zhao (2023), "Design and analysis of switchback experiments",
    Management Science 69.

    Examples
    --------
    >>> Switchback(2, randomised=False).arms(2, 7).tolist()
    [0, 0, 1, 1, 0, 0, 1]
    """

    block_length: int
    randomised: bool = True

    def __post_init__(self) -> None:
        length: Any = self.block_length
        if not isinstance(length, (int, np.integer)) or isinstance(length, bool) or length < 1:
            raise BadExperiment(
                f"Switchback: block_length must be a whole number of one or more, not {length!r}."
            )

    def blocks(self, arms: int, count: int, rng: np.random.Generator | None = None) -> Integers:
        """Arms of `count` blocks (count,)."""
        if self.randomised:
            return np.random.default_rng(rng).integers(arms, size=count)
        return np.arange(count) % arms

    def arms(self, arms: int, steps: int, rng: np.random.Generator | None = None) -> Integers:
        """Arms of `steps` steps (steps,)."""
        count = -(-steps // self.block_length)
        return np.repeat(self.blocks(arms, count, rng), self.block_length)[:steps]
