"""Transition counts: everything that estimation needs to know about a log.

Along one trajectory (X_0, L_0, R_0, X_1, ...) where arm L_t is played in state X_t,

    N(l, x, y)   steps from x to y under arm l
    S1(l, x, y)  sum of the rewards of those steps
    S2(l, x, y)  sum of their squares

are sufficient for the maximum likelihood estimates

    P_l(x, y) = N(l, x, y) / N(l, x),    r(l, x) = sum_y S1(l, x, y) / N(l, x),
    s2(l, x) = sum_y S2(l, x, y) / N(l, x) - r(l, x)^2,    N(l, x) = sum_y N(l, x, y)

and for their asymptotic variance, also where the reward depends on the next state (Glynn,
Johari, Rasouli, NeurIPS 2020). A log of any length comes down to at most
arms x states x successors rows, which one grouped query gives; counts of parts of a log add.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from eqsolve.design.estimation.columns import (
    check_lengths,
    check_names,
    check_range,
    codes,
    how_many,
    numbers,
)
from eqsolve.errors import BadLog
from eqsolve.results import Table

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from eqsolve.design.estimation.estimate import EffectEstimate
    from eqsolve.design.experiment import MarkovExperiment

Array = NDArray[np.float64]
Integers = NDArray[np.int64]

_ROUNDING = 1e-9  # of the sum of squares, before it is said to contradict the sum
_DENSE_CELLS = 1 << 24  # cells that are counted by address; more of them are sorted
COLUMNS = ("arm", "state", "next_state", "count", "reward_sum", "reward_squares")


@dataclass(frozen=True, eq=False, repr=False)
class TransitionCounts:
    """How often each arm led from each state to each other, and with what rewards.

    Rows are kept in the order of (arm, state, next_state), equal ones added up, and those
    of count zero left out.

    Parameters
    ----------
    arm, state, next_state : array_like of int, shape (rows,)
        From 0.
    count : array_like of int or float, shape (rows,)
        Steps; floats where steps carry weights.
    reward_sum, reward_squares : array_like, shape (rows,)
        Sum of the rewards of those steps, and of their squares. Rewards that are large
        beside their spread (a million times) lose digits in the squares: take off a constant
        from all first; the effect does not change.
    arms, states : int
        How many there are, those that never occur included.
    arm_names, state_names : sequence, optional
        What to call them in tables and errors.

    Raises
    ------
    BadLog
        For unequal lengths, codes out of range, negative or infinite numbers, squares that
        contradict sums: the row is named.

    Examples
    --------
    >>> counts = TransitionCounts.from_steps([0, 0, 1], [0, 1, 1], [1.0, 2.0, 4.0], [1, 1, 0])
    >>> counts
    TransitionCounts: 3 steps of 2 arms on 2 states, 3 different transitions
    >>> print(counts.table())
    arm  state  next state  steps  mean reward
    0    0      1           1      1
    0    1      1           1      2
    1    1      0           1      4
    >>> counts.total, counts.visits.tolist()
    (3, [[1, 1], [0, 1]])
    >>> (counts + counts).total
    6
    """

    arm: Integers
    state: Integers
    next_state: Integers
    count: NDArray[Any]
    reward_sum: Array
    reward_squares: Array
    arms: int
    states: int
    arm_names: tuple[Hashable, ...] | None = None
    state_names: tuple[Hashable, ...] | None = None

    def __post_init__(self) -> None:
        given = _checked({name: getattr(self, name) for name in COLUMNS}, self.arms, self.states)
        for name, value in _grouped(given, self.states).items():
            value.setflags(write=False)
            object.__setattr__(self, name, value)
        object.__setattr__(self, "arm_names", check_names(self.arm_names, self.arms, "arm"))
        names = check_names(self.state_names, self.states, "state")
        object.__setattr__(self, "state_names", names)

    @classmethod
    def from_steps(
        cls,
        arms: Any,
        states: Any,
        rewards: Any,
        next_states: Any = None,
        *,
        number_of_arms: int | None = None,
        number_of_states: int | None = None,
        arm_names: Sequence[Hashable] | None = None,
        state_names: Sequence[Hashable] | None = None,
    ) -> TransitionCounts:
        """Count steps given one by one.

        Parameters
        ----------
        arms, states : array_like of int, shape (n,)
            Arm played and state met, from 0.
        rewards : array_like, shape (n,)
        next_states : array_like of int, shape (n,), optional
            Default: the state of the next step; the last step then has none and is left out.
        number_of_arms, number_of_states : int, optional
            Default: the number of names, or one more than the largest code.
        arm_names, state_names : sequence, optional

        Raises
        ------
        BadLog
            For unequal lengths, codes that are negative, out of range or no whole numbers,
            and rewards that are no finite numbers: the row is named.

        Examples
        --------
        >>> TransitionCounts.from_steps([0, 1, 0], [0, 1, 0], [1.0, 2.0, 9.0]).total
        2
        """
        arm, state = codes(arms, "arm"), codes(states, "state")
        reward = numbers(rewards, "reward")
        check_lengths({"arm": arm, "state": state, "reward": reward})
        if next_states is None:
            arm, state, reward, after = arm[:-1], state[:-1], reward[:-1], state[1:]
        else:
            after = codes(next_states, "next_state")
            check_lengths({"state": state, "next_state": after})
        arm_size = how_many(arm, number_of_arms, arm_names)
        state_size = max(how_many(x, number_of_states, state_names) for x in (state, after))
        check_range(arm, "arm", arm_size)
        check_range(state, "state", state_size)
        check_range(after, "next_state", state_size)
        rows = _count_steps(arm, state, after, reward, arm_size, state_size)
        return cls(
            **rows,
            arms=arm_size,
            states=state_size,
            arm_names=None if arm_names is None else tuple(arm_names),
            state_names=None if state_names is None else tuple(state_names),
        )

    @classmethod
    def empty(
        cls,
        arms: int,
        states: int,
        *,
        arm_names: Sequence[Hashable] | None = None,
        state_names: Sequence[Hashable] | None = None,
    ) -> TransitionCounts:
        """Before the first step.

        >>> TransitionCounts.empty(2, 3).total
        0
        """
        none, nothing = np.zeros(0, dtype=np.int64), np.zeros(0)
        return cls(
            *(none, none, none, none, nothing, nothing),
            arms=arms,
            states=states,
            arm_names=None if arm_names is None else tuple(arm_names),
            state_names=None if state_names is None else tuple(state_names),
        )

    @property
    def total(self) -> int | float:
        """Steps in all."""
        total = self.count.sum()
        return int(total) if self.count.dtype.kind == "i" else float(total)

    @cached_property
    def visits(self) -> NDArray[Any]:
        """(arms, states): steps taken from each state under each arm."""
        return self.summed(self.count)

    @cached_property
    def rewards(self) -> Array:
        """(arms, states): mean reward; nan where the arm was never played."""
        with np.errstate(invalid="ignore"):
            return np.asarray(self.summed(self.reward_sum) / self.visits)

    @cached_property
    def reward_variances(self) -> Array:
        """(arms, states): variance of the reward (maximum likelihood); nan where never played."""
        with np.errstate(invalid="ignore"):
            squares = self.summed(self.reward_squares) / self.visits
        return np.asarray(np.maximum(squares - self.rewards**2, 0.0))

    @cached_property
    def transitions(self) -> tuple[sparse.csr_array, ...]:
        """One (states, states) matrix per arm of transition frequencies.

        The row of a state where the arm was never played is empty.
        """
        frequency = self.count / self.visits[self.arm, self.state]
        return tuple(self.matrix(arm, frequency) for arm in range(self.arms))

    def matrix(self, arm: int, values: NDArray[Any]) -> sparse.csr_array:
        """(states, states): one value a row of the counts, laid out for one arm.

        >>> counts = TransitionCounts.from_steps([0, 0], [0, 1], [1.0, 2.0], [1, 0])
        >>> counts.matrix(0, counts.reward_sum).toarray().tolist()
        [[0.0, 1.0], [2.0, 0.0]]
        """
        first, last = np.searchsorted(self.arm, (arm, arm + 1))
        starts = np.searchsorted(self.state[first:last], np.arange(self.states + 1))
        parts = (values[first:last].copy(), self.next_state[first:last].copy(), starts)
        return sparse.csr_array(parts, shape=(self.states, self.states))

    def summed(self, values: NDArray[Any]) -> NDArray[Any]:
        """(arms, states): one value a row of the counts, summed over next states.

        >>> counts = TransitionCounts.from_steps([0, 0], [0, 0], [1.0, 2.0], [1, 0])
        >>> counts.summed(counts.reward_sum).tolist()
        [[3.0, 0.0]]
        """
        place = self.arm * self.states + self.state
        summed = np.zeros(self.arms * self.states, dtype=values.dtype)
        starts = np.flatnonzero(np.diff(place, prepend=-1))
        if starts.size:
            summed[place[starts]] = np.add.reduceat(values, starts)
        return summed.reshape(self.arms, self.states)

    def __add__(self, other: TransitionCounts) -> TransitionCounts:
        """Counts of both logs together."""
        if not isinstance(other, TransitionCounts):
            return NotImplemented
        for name in ("arms", "states", "arm_names", "state_names"):
            mine, theirs = getattr(self, name), getattr(other, name)
            if mine != theirs:
                raise BadLog(
                    f"Only counts of the same arms and states can be added; {name} differ: "
                    f"{_short(mine)} and {_short(theirs)}."
                )
        columns: dict[str, Any] = {
            name: np.concatenate([getattr(self, name), getattr(other, name)]) for name in COLUMNS
        }
        return replace(self, **columns)

    def arm_name(self, arm: int) -> str:
        """What to call an arm: its name, or its number.

        >>> TransitionCounts.empty(2, 3, arm_names=("old", "new")).arm_name(1)
        'new'
        """
        return str(arm if self.arm_names is None else self.arm_names[arm])

    def arm_label(self, arm: int) -> str:
        """An arm in a sentence: its name in quotes, or its number."""
        return repr(arm if self.arm_names is None else self.arm_names[arm])

    def state_name(self, state: int) -> str:
        """What to call a state: its name, or its number."""
        return str(state if self.state_names is None else self.state_names[state])

    def experiment(self, **options: Any) -> MarkovExperiment:
        """The experiment whose chains and rewards are those estimated; see `plug_in`."""
        from eqsolve.design.estimation.plug_in import plug_in

        return plug_in(self, **options)

    def estimate(self, contrast: Any = None, *, prior: float = 0.0) -> EffectEstimate:
        """The maximum-likelihood estimate of a contrast; see `estimate`."""
        from eqsolve.design.estimation.estimate import estimate

        return estimate(self, contrast, prior=prior)

    def table(self) -> Table:
        """One row a transition that occurred."""
        rows = tuple(
            (self.arm_name(arm), self.state_name(state), self.state_name(after), count, mean)
            for arm, state, after, count, mean in zip(
                self.arm,
                self.state,
                self.next_state,
                self.count,
                self.reward_sum / self.count,
                strict=True,
            )
        )
        return Table(("arm", "state", "next state", "steps", "mean reward"), rows)

    def __repr__(self) -> str:
        return (
            f"TransitionCounts: {self.total} steps of {self.arms} arms on {self.states} states, "
            f"{self.arm.size} different transitions"
        )


def _checked(given: dict[str, Any], arms: int, states: int) -> dict[str, NDArray[Any]]:
    """The columns of counts as arrays, checked."""
    columns: dict[str, NDArray[Any]] = {
        name: codes(given[name], name) for name in ("arm", "state", "next_state")
    }
    for name, limit in (("arm", arms), ("state", states), ("next_state", states)):
        check_range(columns[name], name, limit)
    columns |= {name: numbers(given[name], name) for name in ("reward_sum", "reward_squares")}
    columns["count"] = numbers(given["count"], "count")
    if np.asarray(given["count"]).dtype.kind in "iub":
        columns["count"] = columns["count"].astype(np.int64)
    check_lengths({name: columns[name] for name in COLUMNS})
    _check_sums(columns)
    return columns


def _check_sums(given: dict[str, NDArray[Any]]) -> None:
    """Counts and squares not negative, squares not smaller than sums allow."""
    for name in ("count", "reward_squares"):
        if (given[name] < 0).any():
            row = int(np.argmax(given[name] < 0))
            raise BadLog(f"Column '{name}', row {row}: {given[name][row]} is negative.")
    least = given["reward_sum"] ** 2
    most = given["count"] * given["reward_squares"]
    wrong = least > most * (1 + _ROUNDING)
    if wrong.any():
        row = int(np.argmax(wrong))
        raise BadLog(
            f"Column 'reward_squares', row {row}: {given['reward_squares'][row]:.6g} times the "
            f"count is less than reward_sum^2 = {least[row]:.6g}; it should be the sum of the "
            "squared rewards."
        )


def _grouped(given: dict[str, NDArray[Any]], states: int) -> dict[str, NDArray[Any]]:
    """Rows in order, equal ones added, those of count zero left out."""
    kept = given["count"] > 0
    rows = given if kept.all() else {name: column[kept] for name, column in given.items()}
    key = (rows["arm"] * states + rows["state"]) * states + rows["next_state"]
    if (np.diff(key) > 0).all():
        return {name: column.copy() for name, column in rows.items()}
    order = np.argsort(key, kind="stable")
    starts = np.flatnonzero(np.diff(key[order], prepend=-1))
    first = {name: rows[name][order[starts]] for name in COLUMNS[:3]}
    added = {name: np.add.reduceat(rows[name][order], starts) for name in COLUMNS[3:]}
    return first | added


def _count_steps(
    arm: Integers, state: Integers, after: Integers, reward: Array, arms: int, states: int
) -> dict[str, NDArray[Any]]:
    """Counts by address where the cells are few, by sorting where they are many."""
    key = (arm * states + state) * states + after
    cells = arms * states * states
    if cells <= max(_DENSE_CELLS, key.size):
        steps = np.bincount(key, minlength=cells)
        found = np.flatnonzero(steps)
        columns = [
            steps[found],
            np.bincount(key, weights=reward, minlength=cells)[found],
            np.bincount(key, weights=reward**2, minlength=cells)[found],
        ]
    else:
        order = np.argsort(key)
        key, reward = key[order], reward[order]
        starts = np.flatnonzero(np.diff(key, prepend=-1))
        found = key[starts]
        columns = [
            np.diff(starts, append=key.size),
            np.add.reduceat(reward, starts),
            np.add.reduceat(reward**2, starts),
        ]
    rest, after = np.divmod(found, states)
    arm, state = np.divmod(rest, states)
    return dict(zip(COLUMNS, (arm, state, after, *columns), strict=True))


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 60 else text[:57] + "..."
