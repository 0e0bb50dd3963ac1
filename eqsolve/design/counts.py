"""Transition counts: everything that estimation needs to know about a log.

Along one trajectory (X_0, L_0, R_0, X_1, ...) where arm L_t is played in state X_t,

    N(l, x, y)   steps from x to y under arm l
    S1(l, x, y)  sum of the rewards of those steps
    S2(l, x, y)  sum of their squares

are sufficient for the maximum likelihood estimates

    P_l(x, y) = N(l, x, y) / N(l, x),    r(l, x) = sum_y S1(l, x, y) / N(l, x),
    s2(l, x) = sum_y S2(l, x, y) / N(l, x) - r(l, x)^2,    N(l, x) = sum_y N(l, x, y)

and for their asymptotic variance, also where the reward depends on the next state (Glynn,
Johari, Rasouli, NeurIPS 2020, section 3). A log of any length comes down to at most
arms x states x successors rows, which one grouped query gives; counts of parts of a log add.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from eqsolve.errors import BadLog
from eqsolve.results import Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eqsolve.design.experiment import MarkovExperiment

Array = NDArray[np.float64]
Integers = NDArray[np.int64]

_ROUNDING = 1e-9  # of the sum of squares, before it is said to contradict the sum
_DENSE_CELLS = 1 << 24  # cells that are counted by address; more of them are sorted
_COLUMNS = ("arm", "state", "next_state", "count", "reward_sum", "reward_squares")


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
    arm_names, state_names : sequence of str, optional
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
    arm_names: tuple[str, ...] | None = None
    state_names: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        given = {name: np.asarray(getattr(self, name)) for name in _COLUMNS}
        _check_shapes(given)
        _check_codes(given, self.arms, self.states)
        given["count"] = _whole_or_float(given["count"])
        _check_numbers(given)
        for name, value in _grouped(given, self.states).items():
            value.setflags(write=False)
            object.__setattr__(self, name, value)
        for name, size in (("arm_names", self.arms), ("state_names", self.states)):
            names = getattr(self, name)
            if names is not None:
                names = tuple(map(str, names))
                if len(names) != size:
                    raise BadLog(f"{name} has {len(names)} names for {size} of them.")
            object.__setattr__(self, name, names)

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
        arm_names: Sequence[str] | None = None,
        state_names: Sequence[str] | None = None,
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
        arm_names, state_names : sequence of str, optional

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
        reward = _finite(rewards, "reward")
        if next_states is None:
            arm, state, reward, after = arm[:-1], state[:-1], reward[:-1], state[1:]
        else:
            after = codes(next_states, "next_state")
        sizes = {"arm": arm, "state": state, "reward": reward, "next_state": after}
        if len({column.size for column in sizes.values()}) > 1:
            lengths = ", ".join(f"{name} {column.size}" for name, column in sizes.items())
            raise BadLog(f"Columns differ in length: {lengths}.")
        count_arms = _size(arm, number_of_arms, arm_names)
        count_states = max(
            _size(state, number_of_states, state_names), _size(after, number_of_states, state_names)
        )
        _check_codes({"arm": arm, "state": state, "next_state": after}, count_arms, count_states)
        rows = _count_steps(arm, state, after, reward, count_arms, count_states)
        return cls(
            **rows,
            arms=count_arms,
            states=count_states,
            arm_names=None if arm_names is None else tuple(arm_names),
            state_names=None if state_names is None else tuple(state_names),
        )

    @classmethod
    def empty(
        cls,
        arms: int,
        states: int,
        *,
        arm_names: Sequence[str] | None = None,
        state_names: Sequence[str] | None = None,
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
        return self._summed(self.count)

    @cached_property
    def rewards(self) -> Array:
        """(arms, states): mean reward; nan where the arm was never played."""
        with np.errstate(invalid="ignore"):
            return np.asarray(self._summed(self.reward_sum) / self.visits)

    @cached_property
    def reward_variances(self) -> Array:
        """(arms, states): variance of the reward (maximum likelihood); nan where never played."""
        with np.errstate(invalid="ignore"):
            squares = self._summed(self.reward_squares) / self.visits
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
        columns = (np.concatenate([getattr(self, name), getattr(other, name)]) for name in _COLUMNS)
        return TransitionCounts(*columns, self.arms, self.states, self.arm_names, self.state_names)

    def arm_name(self, arm: int) -> str:
        """What to call an arm: its name, or its number.

        >>> TransitionCounts.empty(2, 3, arm_names=("old", "new")).arm_name(1)
        'new'
        """
        return str(arm) if self.arm_names is None else self.arm_names[arm]

    def state_name(self, state: int) -> str:
        """What to call a state: its name, or its number."""
        return str(state) if self.state_names is None else self.state_names[state]

    def experiment(self, **options: Any) -> MarkovExperiment:
        """The experiment whose chains and rewards are those estimated; see `plug_in`."""
        from eqsolve.design.plug_in import plug_in

        return plug_in(self, **options)

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
        return str(self.table())

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()

    def _summed(self, values: NDArray[Any]) -> NDArray[Any]:
        """(arms, states): values of rows summed over next states."""
        place = self.arm * self.states + self.state
        summed = np.zeros(self.arms * self.states, dtype=values.dtype)
        starts = np.flatnonzero(np.diff(place, prepend=-1))
        if starts.size:
            summed[place[starts]] = np.add.reduceat(values, starts)
        return summed.reshape(self.arms, self.states)


def codes(values: Any, name: str) -> Integers:
    """One column of whole numbers from 0.

    Raises
    ------
    BadLog
        Naming the column and its first row that is no such number.

    Examples
    --------
    >>> codes([0.0, 2.0], "state").tolist()
    [0, 2]
    """
    given = np.asarray(values)
    if given.ndim != 1:
        raise BadLog(f"Column '{name}' has shape {given.shape}; it should be one number a step.")
    if given.size == 0:
        return np.zeros(0, dtype=np.int64)
    if given.dtype.kind not in "iufb":
        raise BadLog(f"Column '{name}' holds {given.dtype}; it should hold codes 0, 1, 2, ...")
    if given.dtype.kind == "f":
        whole = np.isfinite(given) & (given == np.floor(given))
        if not whole.all():
            row = int(np.argmin(whole))
            raise BadLog(f"Column '{name}', row {row}: {given[row]} is no code 0, 1, 2, ...")
    return given.astype(np.int64, copy=False)


def _finite(values: Any, name: str) -> Array:
    given = np.asarray(values)
    if given.ndim != 1:
        raise BadLog(f"Column '{name}' has shape {given.shape}; it should be one number a step.")
    if given.size and given.dtype.kind not in "iufb":
        raise BadLog(f"Column '{name}' holds {given.dtype}; it should hold numbers.")
    numbers = given.astype(np.float64, copy=False)
    fine = np.isfinite(numbers)
    if not fine.all():
        row = int(np.argmin(fine))
        raise BadLog(f"Column '{name}', row {row}: {numbers[row]} is no finite number.")
    return numbers


def _size(column: Integers, stated: int | None, names: Sequence[str] | None) -> int:
    if stated is not None:
        return int(stated)
    return len(names) if names is not None else int(column.max(initial=-1)) + 1


def _check_shapes(given: dict[str, NDArray[Any]]) -> None:
    shapes = {name: column.shape for name, column in given.items()}
    if len(set(shapes.values())) > 1 or given["arm"].ndim != 1:
        listed = ", ".join(f"{name} {shape}" for name, shape in shapes.items())
        raise BadLog(f"Columns of counts should all have shape (rows,), not {listed}.")


def _check_codes(given: dict[str, NDArray[Any]], arms: int, states: int) -> None:
    for name, limit in (("arm", arms), ("state", states), ("next_state", states)):
        given[name] = codes(given[name], name)
        column = given[name]
        if column.size and (column.min() < 0 or column.max() >= limit):
            row = int(np.argmax((column < 0) | (column >= limit)))
            raise BadLog(
                f"Column '{name}', row {row}: {column[row]} is not among the codes "
                f"0 to {limit - 1}."
            )


def _whole_or_float(count: NDArray[Any]) -> NDArray[Any]:
    return count.astype(np.int64 if count.dtype.kind in "iub" else np.float64)


def _check_numbers(given: dict[str, NDArray[Any]]) -> None:
    for name in ("count", "reward_sum", "reward_squares"):
        column = given[name]
        given[name] = column if name == "count" else _finite(column, name)
        wrong = ~np.isfinite(given[name])
        if name != "reward_sum":
            wrong |= given[name] < 0
        if wrong.any():
            row = int(np.argmax(wrong))
            raise BadLog(f"Column '{name}', row {row}: {column[row]} cannot be.")
    least = given["reward_sum"] ** 2
    most = given["count"] * given["reward_squares"]
    wrong = least > most * (1 + _ROUNDING)
    if wrong.any():
        row = int(np.argmax(wrong))
        raise BadLog(
            f"Column 'reward_squares', row {row}: {given['reward_squares'][row]:.6g} is less than "
            f"reward_sum^2 / count = {least[row] / max(given['count'][row], 1e-300):.6g}; "
            "it should be the sum of the squared rewards."
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
    first = {name: rows[name][order[starts]] for name in _COLUMNS[:3]}
    added = {name: np.add.reduceat(rows[name][order], starts) for name in _COLUMNS[3:]}
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
    return dict(zip(_COLUMNS, (arm, state, after, *columns), strict=True))


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 60 else text[:57] + "..."
