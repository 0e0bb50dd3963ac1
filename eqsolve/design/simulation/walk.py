"""Long runs of an experiment: ten million steps in seconds, without a compiler.

Under a policy p(l | x) the arm and the next state are drawn together, from the joint kernel

    q_x(l, y) = p(l | x) P_l(x, y).

One run, by stacks: every state x carries a stack of draws from q_x, made many at a time, and the
run takes the top of the stack of the state it is in. As the draws of a stack are independent and
each is used once, this has the law of the chain exactly (the "cycle-popping" representation of a
Markov chain; Diaconis and Fulton 1991, Propp and Wilson 1998). The inner loop is then one call of
an iterator a step, and counting the steps is counting how much of each stack has been used.

Many runs of a small chain: all take their step at once, by Walker's alias tables (Walker 1977).

Rewards depend on the past only through the move (l, x, y), so their sums are drawn given the
counts of the moves: for normal rewards the sum and the sum of squares of k of them at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, repeat
from operator import length_hint
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from eqsolve.design.estimation.counts import TransitionCounts

if TYPE_CHECKING:
    from eqsolve.design.experiment import MarkovExperiment

Array = NDArray[np.float64]
Integers = NDArray[np.int64]

BLOCK = 1_000_000  # steps between two times of counting
FIRST_DRAWS = 16  # of a stack when its state is first met; each refill is twice as large
HELD = 4_000_000  # draws in all stacks together, about


@dataclass(frozen=True, eq=False)
class Moves:
    """Every step that an experiment can make, numbered by (arm, state, next state).

    Attributes
    ----------
    arm, state, next_state : ndarray of int (moves,)
    probability : ndarray (moves,)
        P_l(x, y).
    mean, variance : ndarray (moves,)
        Of the reward.
    arms, states : int
    arm_names, state_names : tuple or None

    Examples
    --------
    >>> from eqsolve.design import MarkovExperiment
    >>> two = MarkovExperiment([[[0, 1], [1, 0]], [[1, 0], [1, 0]]], [[0, 1], [2, 3]], 1.0)
    >>> moves = Moves.of(two)
    >>> moves.arm.tolist(), moves.state.tolist(), moves.next_state.tolist()
    ([0, 0, 1, 1], [0, 1, 0, 1], [1, 0, 0, 0])
    """

    arm: Integers
    state: Integers
    next_state: Integers
    probability: Array
    mean: Array
    variance: Array
    arms: int
    states: int
    arm_names: tuple[Any, ...] | None
    state_names: tuple[Any, ...] | None

    @classmethod
    def of(cls, experiment: MarkovExperiment) -> Moves:
        """The moves of an experiment."""
        kernels = experiment.transitions
        sizes = [kernel.nnz for kernel in kernels]
        arm = np.repeat(np.arange(experiment.arms), sizes)
        here = np.arange(experiment.states)
        state = np.concatenate([np.repeat(here, np.diff(kernel.indptr)) for kernel in kernels])
        by_next = experiment.next_state_rewards
        mean = experiment.rewards[arm, state] if by_next is None else np.concatenate(by_next)
        return cls(
            arm=arm,
            state=state,
            next_state=np.concatenate([kernel.indices for kernel in kernels]).astype(np.int64),
            probability=np.concatenate([kernel.data for kernel in kernels]),
            mean=mean,
            variance=experiment.reward_variances[arm, state],
            arms=experiment.arms,
            states=experiment.states,
            arm_names=experiment.arm_names,
            state_names=experiment.state_names,
        )

    def __len__(self) -> int:
        return int(self.arm.size)

    @cached_property
    def pair(self) -> Integers:
        """Number of each move's (arm, state), arm x states + state."""
        return np.asarray(self.arm * self.states + self.state)

    @cached_property
    def by_state(self) -> tuple[Integers, Integers]:
        """Moves in the order of their state, and where each state's begin (states + 1,)."""
        order = np.argsort(self.state, kind="stable")
        return order, np.searchsorted(self.state[order], np.arange(self.states + 1))

    def shares(self, counts: NDArray[Any]) -> Array:
        """Occupancies (..., arms, states) from counts of moves (..., moves)."""
        flat = counts.reshape(-1, len(self))
        cells = self.arms * self.states
        each = [np.bincount(self.pair, weights=row, minlength=cells) / row.sum() for row in flat]
        return np.array(each).reshape(*counts.shape[:-1], self.arms, self.states)

    def counts(self, count: Integers, sums: Array, squares: Array) -> TransitionCounts:
        """The statistics of one run, each (moves,), as a log would give them."""
        made = np.flatnonzero(count)
        return TransitionCounts(
            self.arm[made],
            self.state[made],
            self.next_state[made],
            count[made],
            sums[made],
            squares[made],
            self.arms,
            self.states,
            self.arm_names,
            self.state_names,
        )


class Walk:
    """One run after another under one policy, by stacks.

    Parameters
    ----------
    moves : Moves
    policy : ndarray (states, arms)
    rng : numpy.random.Generator

    Examples
    --------
    >>> from eqsolve.design import MarkovExperiment
    >>> ring = MarkovExperiment([[[0, 1], [1, 0]]], [[0, 1]], 1.0)
    >>> walk = Walk(Moves.of(ring), np.ones((2, 1)), np.random.default_rng(0))
    >>> walk.advance(0, 5)
    1
    >>> walk.collect().tolist()
    [3, 2]
    """

    def __init__(self, moves: Moves, policy: Array, rng: np.random.Generator) -> None:
        self._moves, self._policy, self._rng = moves, policy, rng
        self._largest = max(64, min(1 << 16, HELD // moves.states))
        self._stacks: dict[int, _Stack] = {}
        self._spent: list[Integers] = []
        # One iterator a state that never ends: C code all the way until a stack is empty.
        draws = [chain.from_iterable(self._refills(x)).__next__ for x in range(moves.states)]
        self._from = draws
        self._after = [draws[y] for y in moves.next_state.tolist()]

    def advance(self, state: int, steps: int) -> int:
        """Walk `steps` steps from `state`; returns the state reached."""
        if steps == 0:
            return state
        after = self._after
        move = self._from[state]()
        for _ in repeat(None, steps - 1):
            move = after[move]()
        return self.state_after(move)

    def path(self, state: int, steps: int) -> list[int]:
        """The same steps as `advance`, one by one: their moves, in order."""
        if steps == 0:
            return []
        after = self._after
        move = self._from[state]()
        made = [move]
        keep = made.append
        for _ in repeat(None, steps - 1):
            move = after[move]()
            keep(move)
        return made

    def state_after(self, move: int) -> int:
        """Where a move leads."""
        return int(self._moves.next_state[move])

    def collect(self) -> Integers:
        """How often each move was made since the last call (moves,)."""
        used = [*self._spent, *(stack.used() for stack in self._stacks.values())]
        self._spent.clear()
        size = len(self._moves)
        made = np.concatenate(used) if used else np.zeros(0, dtype=np.int64)
        return np.bincount(made, minlength=size).astype(np.int64, copy=False)

    def _refills(self, state: int) -> Iterator[Iterator[int]]:
        """Draws of the moves from a state, in ever larger batches."""
        order, starts = self._moves.by_state
        own = order[starts[state] : starts[state + 1]]
        weights = self._moves.probability[own] * self._policy[state, self._moves.arm[own]]
        possible = weights > 0
        own, upto = own[possible], np.cumsum(weights[possible])
        upto /= upto[-1]
        size = FIRST_DRAWS
        while True:
            drawn = own[np.searchsorted(upto, self._rng.random(size), side="right")]
            stack = _Stack(drawn)
            self._stacks[state] = stack
            yield stack.left
            self._spent.append(stack.used())
            size = min(2 * size, self._largest)


class _Stack:
    """Draws made for one state, and how many of them have been used and counted."""

    __slots__ = ("counted", "drawn", "left")

    def __init__(self, drawn: Integers) -> None:
        self.drawn = drawn
        self.left = iter(drawn.tolist())
        self.counted = 0

    def used(self) -> Integers:
        """Those used since the last call."""
        first, last = self.counted, self.drawn.size - length_hint(self.left)
        self.counted = last
        return self.drawn[first:last]


class Crowd:
    """Many runs of a small chain at once, by alias tables.

    Parameters
    ----------
    moves : Moves
    policy : ndarray (states, arms), or None
        None: the arms are told at each step.
    rng : numpy.random.Generator

    Examples
    --------
    >>> from eqsolve.design import MarkovExperiment
    >>> ring = MarkovExperiment([[[0, 1], [1, 0]]], [[0, 1]], 1.0)
    >>> crowd = Crowd(Moves.of(ring), np.ones((2, 1)), np.random.default_rng(0))
    >>> crowd.path(np.array([0, 1]), 3).tolist()
    [[0, 1], [1, 0], [0, 1]]
    """

    def __init__(self, moves: Moves, policy: Array | None, rng: np.random.Generator) -> None:
        self._moves, self._rng = moves, rng
        self._by_arm = policy is None
        if policy is None:
            rows, weights, count = moves.pair, moves.probability, moves.arms * moves.states
        else:
            rows, count = moves.state, moves.states
            weights = moves.probability * policy[moves.state, moves.arm]
        self._accept, self._first, self._second = _alias_tables(rows, weights, count)

    def path(self, states: Integers, steps: int, arms: Integers | None = None) -> Integers:
        """Moves made, (steps, runs), from `states` (runs,); `arms` (steps, runs) where told."""
        width = self._accept.shape[1]
        accept, first, second = (
            table.ravel() for table in (self._accept, self._first, self._second)
        )
        made = np.empty((steps, states.size), dtype=np.int64)
        row = states
        for step in range(steps):
            if arms is not None:
                row = row + arms[step] * self._moves.states
            spot = self._rng.random(states.size) * width
            column = spot.astype(np.int64)
            spot -= column
            cell = row * width + column
            made[step] = np.where(spot < accept[cell], first[cell], second[cell])
            row = self._moves.next_state[made[step]]
        return made


def _alias_tables(rows: Integers, weights: Array, count: int) -> tuple[Array, Integers, Integers]:
    """Walker's tables (count, width): accept the first move of a cell, or take the second.

    All rows have the same width, so that one uniform number finds cell and remainder.
    """
    possible = np.flatnonzero(weights > 0)
    possible = possible[np.argsort(rows[possible], kind="stable")]
    starts = np.searchsorted(rows[possible], np.arange(count + 1))
    width = int(np.diff(starts).max())
    accept = np.ones((count, width))
    first = np.zeros((count, width), dtype=np.int64)
    second = np.zeros((count, width), dtype=np.int64)
    for row in range(count):
        own = possible[starts[row] : starts[row + 1]]
        if not own.size:  # an arm's row that no policy reaches
            continue
        mass = np.zeros(width)
        mass[: own.size] = weights[own] / weights[own].sum() * width
        names = np.append(own, np.full(width - own.size, own[0]))
        first[row] = second[row] = names
        small = [cell for cell in range(width) if mass[cell] < 1]
        large = [cell for cell in range(width) if mass[cell] >= 1]
        while small and large:
            cell, giver = small.pop(), large[-1]
            accept[row, cell], second[row, cell] = mass[cell], names[giver]
            mass[giver] -= 1 - mass[cell]
            if mass[giver] < 1:
                small.append(large.pop())
    return accept, first, second
