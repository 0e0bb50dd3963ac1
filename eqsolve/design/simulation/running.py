"""Runs of an experiment under a policy, a switchback rule or an online design.

Runs are walked by stacks, one after another; or, where there are many of a small chain, all at
once. A switchback rule walks with one arm for a block of steps. An online design changes its
policy only when it solves its program anew: in between it is walked like any policy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from eqsolve.design.estimation.recorded_steps import RecordedSteps
from eqsolve.design.simulation.reward_laws import RewardLaw
from eqsolve.design.simulation.rules import Switchback
from eqsolve.design.simulation.walk import BLOCK, Crowd, Moves, Walk

if TYPE_CHECKING:
    from eqsolve.design.online.online import OnlineDesign

Array = NDArray[np.float64]
Integers = NDArray[np.int64]

CROWD = 400  # runs from which all are walked at once ...
CELLS = 20_000  # ... where moves are this few ...
TALLIES = 20_000_000  # ... and moves x runs this few


@dataclass(frozen=True, eq=False)
class Orders:
    """What is to be run.

    Attributes
    ----------
    moves : Moves
    law : RewardLaw
    starts : ndarray of int (replications,)
    steps : int
    recorded : ndarray of int (T,)
        Steps after which occupancies are wanted.
    keep_log : bool
    walking, paying : numpy.random.Generator
        Paths and rewards have streams of their own.
    report : callable
        Told how many steps were done.
    """

    moves: Moves
    law: RewardLaw
    starts: Integers
    steps: int
    recorded: Integers
    keep_log: bool
    walking: np.random.Generator
    paying: np.random.Generator
    report: Callable[[int], None]

    @property
    def suits_a_crowd(self) -> bool:
        """Whether all runs are walked at once; part of what a seed means."""
        runs, size = self.starts.size, len(self.moves)
        return bool(runs >= CROWD and size <= CELLS and size * runs <= TALLIES)

    def stops(self, block: int, others: Iterable[int] = ()) -> list[int]:
        """Steps at which counting is due, the last included."""
        due = {*range(block, self.steps, block), *self.recorded.tolist(), *others, self.steps}
        return sorted(stop for stop in due if 0 < stop <= self.steps)


@dataclass(frozen=True, eq=False)
class Tallies:
    """What runs leave behind.

    Attributes
    ----------
    moves : Moves
    count : ndarray of int (replications, moves)
    sums, squares : ndarray (replications, moves)
        Of the rewards.
    recorded : ndarray of int (T,)
    shares : ndarray (T, replications, arms, states)
        Occupancies up to the recorded steps.
    block_arms, block_rewards : ndarray (replications, blocks), or None
        Of switchback rules: arm of each block, and the sum of its rewards.
    logs : tuple of RecordedSteps
        One a replication, where they were kept.
    """

    moves: Moves
    count: Integers
    sums: Array
    squares: Array
    recorded: Integers
    shares: Array
    block_arms: Integers | None = None
    block_rewards: Array | None = None
    logs: tuple[RecordedSteps, ...] = ()


class Walker(Protocol):
    """What takes the steps of one run."""

    def stretch(self, state: int, steps: int, keep: bool) -> tuple[int, Integers, Integers | None]:
        """Take `steps` steps: state reached, counts of moves, and the moves in order if kept."""

    def heard(self, count: Integers, sums: Array, squares: Array, rewards: Any, state: int) -> None:
        """Be told what the stretch paid."""


def run_policy(orders: Orders, policy: Array) -> Tallies:
    """Every run under one policy (states, arms)."""
    if orders.suits_a_crowd:
        return _all_at_once(orders, Crowd(orders.moves, policy, orders.walking))
    walker = _ByPolicy(Walk(orders.moves, policy, orders.walking))
    return _one_by_one(orders, lambda _: walker, orders.keep_log)


def run_switchback(orders: Orders, rule: Switchback) -> Tallies:
    """Every run under a rule that keeps an arm for a block of steps."""
    moves = orders.moves
    shape = (orders.starts.size, -(-orders.steps // rule.block_length))
    arms = np.array([rule.blocks(moves.arms, shape[1], orders.walking) for _ in range(shape[0])])
    blocks = _Blocks(arms.reshape(shape), np.zeros(shape), rule.block_length)
    if orders.suits_a_crowd:
        return _all_at_once(orders, Crowd(moves, None, orders.walking), blocks)
    tables = np.eye(moves.arms)[:, None, :].repeat(moves.states, axis=1)
    walks = [Walk(moves, table, orders.walking) for table in tables]

    def begin(replication: int) -> Walker:
        return _ByBlocks(walks, blocks, replication)

    return _one_by_one(orders, begin, True, blocks=blocks)


def run_online(orders: Orders, online: OnlineDesign) -> Tallies:
    """Every run of an online design, each going on from what the given one knows."""

    def begin(_: int) -> Walker:
        return _Online(orders, online.copy())

    times = online.resolve_times(online.steps_taken + orders.steps)
    others = [time - online.steps_taken for time in times]
    return _one_by_one(orders, begin, orders.keep_log, others)


@dataclass(frozen=True)
class _Blocks:
    """Arms of the blocks of every run, and what they earned."""

    arms: Integers
    rewards: Array
    length: int


class _ByPolicy:
    def __init__(self, walk: Walk) -> None:
        self._walk = walk

    def stretch(self, state: int, steps: int, keep: bool) -> tuple[int, Integers, Integers | None]:
        return _by_walk(self._walk, state, steps, keep)

    def heard(self, *paid: Any) -> None:
        pass


class _ByBlocks:
    def __init__(self, walks: list[Walk], blocks: _Blocks, replication: int) -> None:
        self._walks, self._length = walks, blocks.length
        self._arms = blocks.arms[replication].tolist()
        self._earned = blocks.rewards[replication]
        self._taken = 0

    def stretch(self, state: int, steps: int, keep: bool) -> tuple[int, Integers, Integers | None]:
        path: list[int] = []
        first, last = self._taken, self._taken + steps
        self._places = np.arange(first, last) // self._length
        while first < last:
            block = first // self._length
            ahead = min((block + 1) * self._length, last) - first
            walk = self._walks[self._arms[block]]
            path += walk.path(state, ahead)
            state = walk.state_after(path[-1])
            first += ahead
        self._taken = last
        counts = [walk.collect() for walk in self._walks]
        return state, np.sum(counts, axis=0), np.array(path, dtype=np.int64)

    def heard(self, count: Integers, sums: Array, squares: Array, rewards: Any, state: int) -> None:
        np.add.at(self._earned, self._places, rewards)


class _Online:
    def __init__(self, orders: Orders, design: OnlineDesign) -> None:
        self._moves, self._rng = orders.moves, orders.walking
        self._design = design
        self._policy: Array | None = None

    def stretch(self, state: int, steps: int, keep: bool) -> tuple[int, Integers, Integers | None]:
        if self._design.policy is not self._policy:
            self._policy = self._design.policy
            self._walk = Walk(self._moves, self._policy, self._rng)
        return _by_walk(self._walk, state, steps, keep)

    def heard(self, count: Integers, sums: Array, squares: Array, rewards: Any, state: int) -> None:
        self._design.absorb(self._moves.counts(count, sums, squares))


def _by_walk(
    walk: Walk, state: int, steps: int, keep: bool
) -> tuple[int, Integers, Integers | None]:
    if not keep:
        state = walk.advance(state, steps)
        return state, walk.collect(), None
    path = walk.path(state, steps)
    return walk.state_after(path[-1]), walk.collect(), np.array(path, dtype=np.int64)


def _one_by_one(
    orders: Orders,
    begin: Callable[[int], Walker],
    keep: bool,
    others: Iterable[int] = (),
    blocks: _Blocks | None = None,
) -> Tallies:
    moves, law, runs = orders.moves, orders.law, orders.starts.size
    stops, due = orders.stops(BLOCK, others), set(orders.recorded.tolist())
    count = np.zeros((runs, len(moves)), dtype=np.int64)
    sums, squares = np.zeros((2, *count.shape))
    shares = np.empty((len(due), runs, moves.arms, moves.states))
    logs = []
    for run, start in enumerate(orders.starts.tolist()):
        walker, state, taken, record = begin(run), start, 0, 0
        pieces: list[tuple[Integers, Array]] = []
        for stop in stops:
            state, made, path = walker.stretch(state, stop - taken, keep)
            rewards = None
            if path is None:
                paid = law.sums(orders.paying, made)
            else:
                rewards = law.draw(orders.paying, path)
                paid = _summed(path, rewards, len(moves))
            walker.heard(made, *paid, rewards, state)
            count[run] += made
            sums[run] += paid[0]
            squares[run] += paid[1]
            if stop in due:
                shares[record, run] = moves.shares(count[run])
                record += 1
            if orders.keep_log and path is not None and rewards is not None:
                pieces.append((path, rewards))
            orders.report(stop - taken)
            taken = stop
        if orders.keep_log:
            logs.append(_log(moves, *map(np.concatenate, zip(*pieces, strict=True))))
    return _tallies(orders, count, sums, squares, shares, blocks, logs)


def _all_at_once(orders: Orders, crowd: Crowd, blocks: _Blocks | None = None) -> Tallies:
    moves, law, runs = orders.moves, orders.law, orders.starts.size
    due = set(orders.recorded.tolist())
    count = np.zeros((runs, len(moves)), dtype=np.int64)
    sums, squares = np.zeros((2, *count.shape))
    shares, pieces = [], []
    states, taken = orders.starts, 0
    for stop in orders.stops(max(1, BLOCK // runs)):
        arms = None
        if blocks is not None:
            places = np.arange(taken, stop) // blocks.length
            arms = blocks.arms[:, places].T
        path = crowd.path(states, stop - taken, arms)
        cells = (path + np.arange(runs) * len(moves)).ravel()
        made = np.bincount(cells, minlength=count.size).reshape(count.shape)
        if blocks is not None or orders.keep_log:
            rewards = law.draw(orders.paying, path)
            paid = _summed(cells, rewards.ravel(), count.size)
            if blocks is not None:
                np.add.at(blocks.rewards.T, places, rewards)
            if orders.keep_log:
                pieces.append((path, rewards))
        else:
            paid = law.sums(orders.paying, made)
        count += made
        sums += paid[0].reshape(sums.shape)
        squares += paid[1].reshape(sums.shape)
        if stop in due:
            shares.append(moves.shares(count))
        orders.report((stop - taken) * runs)
        states, taken = moves.next_state[path[-1]], stop
    logs = []
    if pieces:
        paths, drawn = map(np.concatenate, zip(*pieces, strict=True))
        logs = [_log(moves, paths[:, run], drawn[:, run]) for run in range(runs)]
    kept = np.array(shares).reshape(len(due), runs, moves.arms, moves.states)
    return _tallies(orders, count, sums, squares, kept, blocks, logs)


def _summed(cells: Integers, rewards: Array, size: int) -> tuple[Array, Array]:
    sums = np.bincount(cells, weights=rewards, minlength=size).astype(np.float64)
    return sums, np.bincount(cells, weights=rewards**2, minlength=size).astype(np.float64)


def _tallies(
    orders: Orders,
    count: Integers,
    sums: Array,
    squares: Array,
    shares: Array,
    blocks: _Blocks | None,
    logs: list[RecordedSteps],
) -> Tallies:
    return Tallies(
        moves=orders.moves,
        count=count,
        sums=sums,
        squares=squares,
        recorded=orders.recorded,
        shares=shares,
        block_arms=None if blocks is None else blocks.arms,
        block_rewards=None if blocks is None else blocks.rewards,
        logs=tuple(logs),
    )


def _log(moves: Moves, path: Integers, rewards: Array) -> RecordedSteps:
    return RecordedSteps(
        moves.arm[path],
        moves.state[path],
        rewards,
        moves.next_state[path],
        number_of_arms=moves.arms,
        number_of_states=moves.states,
        arm_names=moves.arm_names,
        state_names=moves.state_names,
    )
