"""A game with a leader compiled into tables: every point at which the leader decides is a node.

Given a deal and the followers' actions (a *cell*) a play is a walk from the cell's root: at
node v the leader sees o(v), takes action a, everybody is paid r(v, a), and the walk goes on to
the node c(v, a), or ends. States met twice in the same step are one node. For a pure commitment a
thousand plays are then a few gathers, and expected payoffs under mixed ones follow from

    V(v) = sum_a x(o(v), a) (r(v, a) + V(c(v, a))),      V(end) = 0,

backwards over the steps. A mix is a behavioural strategy: independent over observations, and
where one comes twice in a play, drawn anew (Kuhn 1953).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from eqsolve.commitment.batch_game import BatchGame, State
from eqsolve.commitment.policy import Commitment, MixedCommitment
from eqsolve.errors import BadCommitment

Array = NDArray[np.float64]
Integers = NDArray[np.int64]
LARGEST = 4_000_000  # nodes times leader's actions up to which a game is compiled


@dataclass(frozen=True, eq=False)
class PlayGraph:
    """Nodes and edges of a game's plays.

    Attributes
    ----------
    observations : ndarray (nodes + 2,)
        What the leader sees; the last node is the end, and sees 0. The one before it is never
        met: an answer of -1 at the end, where nothing is asked, finds its zeros.
    children : ndarray (nodes + 2, leader_actions)
    rewards : ndarray (1 + F, nodes + 2, leader_actions)
        The leader's first.
    roots : ndarray (deals * profiles,)
        The first node of every cell; cell = deal * profiles + profile, profiles in C order.
    root_rewards : ndarray (1 + F, deals * profiles)
        What is paid before the leader first decides.
    layers : tuple of slice
        Nodes of the leader's first decisions, second, ...
    profiles : int
    sizes : tuple of int, (F,)
        The followers' numbers of actions.
    strides : ndarray (F,)
        How far follower i's next action stands in the cells.
    """

    observations: Integers
    children: Integers
    rewards: Array
    roots: Integers
    root_rewards: Array
    layers: tuple[slice, ...]
    profiles: int
    sizes: tuple[int, ...]
    strides: Integers

    def cells(self, deals: Integers, actions: Integers) -> Integers:
        """The cells (...) of deals (...) and followers' actions (..., F)."""
        out = deals * self.profiles
        for k, stride in enumerate(self.strides):
            out = out + actions[..., k] * stride
        return np.asarray(out)

    @cached_property
    def depth(self) -> int:
        """Most decisions of the leader in a play."""
        return len(self.layers)

    @cached_property
    def _flat_children(self) -> Integers:
        return self.children.ravel()

    @cached_property
    def _flat_rewards(self) -> Array:
        return self.rewards.reshape(self.rewards.shape[0], -1)

    @cached_property
    def root_observations(self) -> Integers:
        """What the leader first sees in every cell."""
        return self.observations[self.roots]

    @cached_property
    def blind(self) -> bool:
        """The leader decides exactly once, and always on the same observation."""
        seen, end = self.observations[:-2], self.observations.size - 1
        once = self.depth == 1 and bool((self.roots < end).all())
        return once and bool((seen == seen[0]).all())

    def payoffs_of(self, agent: int, cells: Integers, commitment: Commitment) -> Array:
        """What an agent is paid in cells (..., B) under commitments, (..., B).

        Parameters
        ----------
        agent : int
            0 for the leader, 1 + i for follower i.
        cells : ndarray (..., B)
        commitment : Commitment
        """
        width, edges = self.children.shape[1], self._flat_rewards[agent]
        node = self.roots.take(cells)
        out = None
        for layer in range(self.depth):
            edge = node * width + commitment.act(self.observations.take(node))
            paid = edges.take(edge)
            out = paid if out is None else out + paid
            if layer + 1 < self.depth:
                node = self._flat_children.take(edge)
        if out is None or self._early:
            early = self.root_rewards[agent].take(cells)
            out = early if out is None else out + early
        return np.asarray(out)

    def alternatives(
        self, deals: Integers, actions: Integers, commitment: Commitment
    ) -> tuple[Array, ...]:
        """What each follower would get from each action, (B, actions_i), of a blind leader.

        The leader's action does not depend on the followers', so that a row of a table holds
        what all of a follower's actions pay.
        """
        width = self.children.shape[1]
        base = self.cells(deals, actions)
        acts = commitment.table[:, self.observations[0]]
        out = []
        for k, (rows, stride) in enumerate(zip(self._rows, self.strides, strict=True)):
            first = base - actions[:, k] * stride if len(self._rows) > 1 else base
            out.append(rows.take(first * width + acts, axis=1).T)
        return tuple(out)

    @cached_property
    def _rows(self) -> tuple[Array, ...]:
        """Of follower i: (actions_i, cells * leader_actions), at cells with its action 0."""
        width, cells = self.children.shape[1], self.roots.size
        paid = self.rewards[:, self.roots] + self.root_rewards[:, :, None]
        out = []
        for k, (stride, size) in enumerate(zip(self.strides, self.sizes, strict=True)):
            shifted = np.arange(cells) + stride * np.arange(size)[:, None]
            out.append(paid[1 + k, shifted % cells].reshape(size, cells * width))
        return tuple(out)

    @cached_property
    def _early(self) -> bool:
        return bool(self.root_rewards.any())

    def asked(self, cells: Integers, commitment: Commitment) -> list[Integers]:
        """What the leader is asked in cells (..., B): observations (..., B), -1 after the end."""
        width, end = self.children.shape[1], self.observations.size - 1
        node, out = self.roots[cells], []
        for layer in range(self.depth):
            seen = self.observations[node]
            out.append(np.where(node == end, -1, seen))
            if layer + 1 < self.depth:
                node = self._flat_children.take(node * width + commitment.act(seen))
        return out

    def first_unanswered(self, cells: Integers, answers: Integers) -> Integers:
        """The first observation (B,) without an answer on the way through cells (Q, B), or -1.

        Parameters
        ----------
        cells : ndarray (Q, B)
            Plays in the order in which they are run.
        answers : ndarray (B, leader_observations)
            -1 where the leader has not been asked.
        """
        width, end = self.children.shape[1], self.observations.size - 1
        rows, node = np.arange(cells.shape[1]), self.roots.take(cells)
        asked = np.full(cells.shape, -1)
        for layer in range(self.depth):
            seen = self.observations.take(node)
            answer = answers[rows, seen]
            unknown = answer < 0
            asked = np.where(unknown & (node != end) & (asked < 0), seen, asked)
            if layer + 1 < self.depth:
                # Behind an unanswered question the walk goes nowhere, and asks no more.
                after = self._flat_children.take(node * width + np.maximum(answer, 0))
                node = np.where(unknown, end, after)
        return np.asarray(asked[np.argmax(asked >= 0, axis=0), rows])

    def values(self, commitment: Commitment | MixedCommitment) -> Array:
        """Expected payoffs of every cell, (B, 1 + F, cells).

        Parameters
        ----------
        commitment : Commitment or MixedCommitment
        """
        agents, nodes = self.rewards.shape[:2]
        table = commitment.table
        worth = np.zeros((table.shape[0], agents, nodes))
        for place in reversed(range(self.depth)):
            layer = self.layers[place]
            own = table[:, self.observations[layer]]
            last = place + 1 == self.depth
            if isinstance(commitment, Commitment):
                at = np.arange(layer.start, layer.stop)
                paid = np.moveaxis(self.rewards[:, at, own], 0, 1)
                if not last:
                    after = self.children[at, own]
                    paid = paid + np.take_along_axis(worth, after[:, None], axis=2)
                worth[:, :, layer] = paid
                continue
            worth[:, :, layer] = np.einsum(
                "bna,kna->bkn", own, self.rewards[:, layer], optimize=True
            )
            if not last:
                for a in range(self.children.shape[1]):
                    after = worth[:, :, self.children[layer, a]]
                    worth[:, :, layer] += own[:, None, :, a] * after
        return np.asarray(worth[:, :, self.roots] + self.root_rewards)


def compile_game(game: BatchGame) -> PlayGraph | None:
    """The graph of a game, or None.

    None where deals are not finitely many, followers act repeatedly, or it is too large.
    """
    if game.prior is None or not game.acts_once:
        return None
    F, A = game.followers, game.leader_actions
    profiles = int(np.prod(game.actions, dtype=float))
    cells = game.prior.size * profiles
    if cells * A > LARGEST:
        return None
    deals = np.repeat(np.arange(game.prior.size), profiles)
    chosen = np.stack(np.unravel_index(np.arange(profiles), game.actions), axis=1)
    pending = np.tile(chosen, (game.prior.size, 1))
    # Asked for its complaint, should a follower act late.
    assert game.deal_types.shape == (game.prior.size, F)
    state, pending, root_rewards, done = _until_asked(
        game, game.start(deals), pending, np.zeros(cells, dtype=bool)
    )
    observations: list[Integers] = []
    children: list[Integers] = []
    rewards: list[Array] = []
    layers: list[slice] = []
    total = 0
    roots, state, pending = _merged(state, pending, done)
    links = roots
    while pending.shape[0]:
        count = pending.shape[0]
        if (total + count) * A > LARGEST:
            return None
        if len(layers) == game.horizon:
            raise BadCommitment(
                f"{game.name}: the leader still decides after {game.horizon} steps, its horizon."
            )
        seen = game.leader_observation(state)
        _check_observations(game, seen)
        observations.append(seen)
        layers.append(slice(total, total + count))
        acts = np.tile(np.arange(A), count)
        many = tuple(np.repeat(part, A, axis=0) for part in state)
        moved, paid, over = game.step(many, acts, np.repeat(pending, A, axis=0))
        state, pending, more, done = _until_asked(
            game, moved, np.full((count * A, F), -1), np.asarray(over, dtype=bool)
        )
        rewards.append((paid + more).T.reshape(1 + F, count, A))
        links, state, pending = _merged(state, pending, done)
        total += count
        children.append(np.where(links < 0, -1, links + total).reshape(count, A))
    end = total + 1
    joined = np.concatenate([*children, np.full((2, A), end)])
    return PlayGraph(
        observations=np.concatenate([*observations, [0, 0]]).astype(np.int64),
        children=np.where(joined < 0, end, joined).astype(np.int64),
        rewards=np.concatenate([*rewards, np.zeros((1 + F, 2, A))], axis=1),
        roots=np.where(roots < 0, end, roots).astype(np.int64),
        root_rewards=np.ascontiguousarray(root_rewards.T),
        layers=tuple(layers),
        profiles=profiles,
        sizes=game.actions,
        strides=np.array(
            [int(np.prod(game.actions[k + 1 :], dtype=float)) for k in range(F)], dtype=np.int64
        ),
    )


def _check_observations(game: BatchGame, seen: Integers) -> None:
    if seen.size and seen.max() >= game.leader_observations:
        raise BadCommitment(
            f"{game.name}: the leader observes {int(seen.max())}, and has observations 0 to "
            f"{game.leader_observations - 1}."
        )


def _until_asked(
    game: BatchGame, state: State, pending: Integers, done: NDArray[np.bool_]
) -> tuple[State, Integers, Array, NDArray[np.bool_]]:
    """Step plays in which the leader has nothing to decide until it has, or they end."""
    paid = np.zeros((done.size, 1 + game.followers))
    done, pending = done.copy(), pending.copy()
    for _ in range(game.horizon + 1):
        idle = np.flatnonzero(~done & (game.leader_observation(state) < 0))
        if not idle.size:
            return state, pending, paid, done
        part = tuple(value[idle] for value in state)
        moved, gained, over = game.step(part, np.full(idle.size, -1), pending[idle])
        state = tuple(value.copy() for value in state)
        for value, new in zip(state, moved, strict=True):
            value[idle] = new
        paid[idle] += gained
        done[idle] = over
        pending[idle] = -1
    raise BadCommitment(f"{game.name}: plays do not end within {game.horizon} steps, its horizon.")


def _merged(
    state: State, pending: Integers, done: NDArray[np.bool_]
) -> tuple[Integers, State, Integers]:
    """Equal states as one: the place of each (-1 where done), and the states that are left."""
    live = np.flatnonzero(~done)
    links = np.full(done.size, -1)
    if not live.size:
        return links, tuple(value[:0] for value in state), pending[:0]
    keys = np.concatenate(
        [np.asarray(value[live], dtype=np.float64).reshape(live.size, -1) for value in state]
        + [pending[live].astype(np.float64)],
        axis=1,
    )
    _, first, inverse = np.unique(keys, axis=0, return_index=True, return_inverse=True)
    links[live] = inverse.ravel()
    kept = live[first]
    return links, tuple(value[kept] for value in state), pending[kept]
