"""Steps in their order: what counts forget.

The estimate and its CLT interval need counts alone. The bootstrap, the tests of the Markov
assumption and the switchback estimator need to know what came after what.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from eqsolve.design.estimation.columns import (
    Array,
    Integers,
    Names,
    check_lengths,
    check_names,
    check_range,
    codes,
    how_many,
    numbers,
)
from eqsolve.design.estimation.counts import TransitionCounts
from eqsolve.errors import BadLog

if TYPE_CHECKING:
    from eqsolve.design.estimation.estimate import EffectEstimate

_COLUMNS = ("arms", "states", "next_states")


@dataclass(frozen=True, eq=False, init=False, repr=False)
class RecordedSteps:
    """One or several runs, step by step.

    Parameters
    ----------
    arms, states : array_like of int, shape (n,)
        Arm played and state met, from 0, in the order of time.
    rewards : array_like, shape (n,)
    next_states : array_like of int, shape (n,), optional
        Default: the state of the next step; a run's last step then has none and is left out.
    new_run : array_like of bool, shape (n,), optional
        Where a run starts. Default: at the first step, and wherever the state is not the one
        that the step before led to.
    number_of_arms, number_of_states : int, optional
        Default: the number of names, or one more than the largest code.
    arm_names, state_names : sequence, optional

    Raises
    ------
    BadLog
        Naming the row: unequal lengths, codes or rewards that are none, or a step within a run
        that does not start where the one before it ended.

    Examples
    --------
    >>> steps = RecordedSteps([0, 1, 0, 1], [0, 1, 1, 0], [1.0, 2.0, 3.0, 4.0], [1, 1, 0, 0])
    >>> steps
    RecordedSteps: 4 steps of 2 arms on 2 states, in 1 run
    >>> steps.counts.total
    4
    """

    arms: Integers
    states: Integers
    rewards: Array
    next_states: Integers
    new_run: NDArray[np.bool_]
    number_of_arms: int
    number_of_states: int
    arm_names: Names
    state_names: Names

    def __init__(
        self,
        arms: Any,
        states: Any,
        rewards: Any,
        next_states: Any = None,
        *,
        new_run: Any = None,
        number_of_arms: int | None = None,
        number_of_states: int | None = None,
        arm_names: Sequence[Hashable] | None = None,
        state_names: Sequence[Hashable] | None = None,
    ) -> None:
        columns: dict[str, NDArray[Any]] = {
            "arms": codes(arms, "arm"),
            "states": codes(states, "state"),
            "rewards": numbers(rewards, "reward"),
        }
        if new_run is not None:
            columns["new_run"] = np.array(new_run, dtype=bool)
            columns["new_run"][:1] = True
        if next_states is not None:
            columns["next_states"] = codes(next_states, "next_state")
        check_lengths(columns)
        if next_states is None:
            columns = _with_next_states(columns)
        _check_runs(columns)
        entered = np.concatenate([columns["states"], columns["next_states"]])
        arm_count = how_many(columns["arms"], number_of_arms, arm_names)
        state_count = how_many(entered, number_of_states, state_names)
        check_range(columns["arms"], "arm", arm_count)
        check_range(columns["states"], "state", state_count)
        check_range(columns["next_states"], "next_state", state_count)
        fields = columns | {
            "number_of_arms": arm_count,
            "number_of_states": state_count,
            "arm_names": check_names(arm_names, arm_count, "arm"),
            "state_names": check_names(state_names, state_count, "state"),
        }
        for name, value in fields.items():
            object.__setattr__(self, name, value)

    @property
    def total(self) -> int:
        """Steps in all."""
        return int(self.arms.size)

    @property
    def runs(self) -> int:
        """How many runs."""
        return int(self.new_run.sum())

    @cached_property
    def counts(self) -> TransitionCounts:
        """The same steps, counted."""
        return TransitionCounts.from_steps(
            self.arms,
            self.states,
            self.rewards,
            self.next_states,
            number_of_arms=self.number_of_arms,
            number_of_states=self.number_of_states,
            arm_names=self.arm_names,
            state_names=self.state_names,
        )

    def estimate(self, contrast: Any = None, *, prior: float = 0.0) -> EffectEstimate:
        """The maximum-likelihood estimate of a contrast; see `estimate`."""
        from eqsolve.design.estimation.estimate import estimate

        return estimate(self, contrast, prior=prior)

    def __repr__(self) -> str:
        plural = "" if self.runs == 1 else "s"
        return (
            f"RecordedSteps: {self.total} steps of {self.number_of_arms} arms on "
            f"{self.number_of_states} states, in {self.runs} run{plural}"
        )


def _with_next_states(columns: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """The next row's state is the next state; a run's last row, which has none, is left out."""
    after = np.append(columns["states"][1:], 0)[: columns["states"].size]
    kept = np.arange(after.size) < after.size - 1
    if "new_run" in columns:
        kept &= ~np.append(columns["new_run"][1:], False)
    return {name: column[kept] for name, column in (columns | {"next_states": after}).items()}


def _check_runs(columns: dict[str, NDArray[Any]]) -> None:
    """Find where runs start, or check what was said of it."""
    broken = np.ones(columns["states"].size, dtype=bool)
    broken[1:] = columns["states"][1:] != columns["next_states"][:-1]
    wrong = np.flatnonzero(broken & ~columns.setdefault("new_run", broken))
    if wrong.size:
        row = int(wrong[0])
        raise BadLog(
            f"Column 'state', row {row}: the run goes on from state {columns['states'][row]}, but "
            f"the step before led to state {columns['next_states'][row - 1]}."
        )
