"""A leader's commitments taken apart by what can be asked in the same play.

Two observations belong to one *block* when some play asks both. What a play pays depends on the
commitment at its block alone, so that a commitment is one *part* a block, chosen freely:

    commitments = product over blocks of parts,      payoffs of a cell = those of its block's part

Parts that differ only where no play can ask, given their own earlier answers, are one (the reduced
strategic form), and so are actions that lead to the same payoffs and the same next questions
wherever they may be taken. Two buyers with two messages each and five prices have 3 million
commitments in four blocks of 42 parts.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqsolve.commitment.batch_game import BatchGame
from eqsolve.commitment.play_graph import PlayGraph
from eqsolve.commitment.policy import Commitment
from eqsolve.errors import BadCommitment

Array = NDArray[np.float64]
Integers = NDArray[np.int64]
MOST_PARTS = 200_000  # of one block
CHUNK = 20_000_000  # numbers held at once


@dataclass(frozen=True, eq=False)
class Block:
    """What can be asked together, and all that can be answered there.

    Attributes
    ----------
    observations : ndarray (o,)
    cells : ndarray (c,)
        Deals and followers' actions whose plays are asked here.
    parts : ndarray (n, o)
        The answers; 0 where nothing is asked.
    asked : ndarray (n, o) of bool
    values : ndarray (n, 1 + F, c)
        What everybody is paid.
    """

    observations: Integers
    cells: Integers
    parts: Integers
    asked: NDArray[np.bool_]
    values: Array


@dataclass(frozen=True, eq=False)
class Blocks:
    """All commitments of a leader.

    Attributes
    ----------
    game : BatchGame
    blocks : tuple of Block
    constant : ndarray (1 + F, cells)
        Payoffs of cells in which the leader decides nothing; zero elsewhere.
    """

    game: BatchGame
    blocks: tuple[Block, ...]
    constant: Array

    @cached_property
    def counts(self) -> tuple[int, ...]:
        """Parts of every block."""
        return tuple(block.parts.shape[0] for block in self.blocks)

    @property
    def total(self) -> float:
        """How many commitments there are."""
        return float(np.prod(self.counts, dtype=float))

    def commitments(self, number: Integers) -> Commitment:
        """Commitments by their number (B,), from 0 to `total`."""
        return self.combined(np.stack(np.unravel_index(number, self.counts), axis=1))

    def combined(self, places: Integers) -> Commitment:
        """Commitments from a part of every block, (B, blocks)."""
        table = np.zeros((places.shape[0], self.game.leader_observations), dtype=np.int64)
        for block, place in zip(self.blocks, places.T, strict=True):
            table[:, block.observations] = block.parts[place]
        return Commitment(table)

    def asked(self, places: Integers) -> NDArray[np.bool_]:
        """Where one commitment (blocks,) can be asked, (observations,)."""
        out = np.zeros(self.game.leader_observations, dtype=bool)
        for block, place in zip(self.blocks, places, strict=True):
            out[block.observations] = block.asked[place]
        return out


def blocks_of(game: BatchGame) -> Blocks:
    """The blocks of a game whose plays can be listed.

    Raises
    ------
    BadCommitment
        When plays cannot be listed, or a block has too many parts.

    Examples
    --------
    >>> from eqsolve.models import message_sequential_price
    >>> blocks_of(message_sequential_price(5, messages=2)).counts
    (42, 42, 42, 42)
    """
    graph: PlayGraph | None = game.graph
    if graph is None:
        raise BadCommitment(
            f"{game.name}: its plays cannot be listed, so its commitments have no exact values; "
            "use eq.train_leader."
        )
    end = graph.observations.size - 1
    group = _together(graph, game.leader_observations)
    distinct = _distinct(graph, game.leader_observations)
    played = graph.roots < end
    root_group = np.where(played, group[graph.root_observations], -1)
    constant = np.where(played, 0.0, graph.root_rewards)
    found = [
        _block(game, graph, root_group, own, distinct) for own in np.unique(root_group[played])
    ]
    return Blocks(game, tuple(found), constant)


def _together(graph: PlayGraph, observations: int) -> Integers:
    """A number for every observation, the same for those of one block."""
    end = graph.observations.size - 1
    parent = np.arange(observations)

    def top(o: int) -> int:
        while parent[o] != o:
            parent[o] = parent[parent[o]]
            o = int(parent[o])
        return o

    before = np.repeat(graph.observations[: end - 1], graph.children.shape[1])
    after = graph.children[: end - 1].ravel()
    inner = after < end
    pairs = np.unique(np.stack([before[inner], graph.observations[after[inner]]], axis=1), axis=0)
    for one, other in pairs:
        parent[top(int(one))] = top(int(other))
    return np.array([top(o) for o in range(observations)])


def _distinct(graph: PlayGraph, observations: int) -> list[Integers]:
    """For every observation the first of each lot of actions that do the same."""
    end = graph.observations.size - 1
    out = []
    for o in range(observations):
        nodes = np.flatnonzero(graph.observations[: end - 1] == o)
        acts = np.concatenate(
            [graph.rewards[:, nodes].reshape(-1, graph.children.shape[1]), graph.children[nodes]]
        ).T
        first = np.unique(acts, axis=0, return_index=True)[1] if nodes.size else np.zeros(1, int)
        out.append(np.sort(first))
    return out


def _block(
    game: BatchGame, graph: PlayGraph, root_group: Integers, own: int, distinct: list[Integers]
) -> Block:
    cells = np.flatnonzero(root_group == own)
    starts = cells[np.unique(graph.roots[cells], return_index=True)[1]]
    open_tables = np.full((1, game.leader_observations), -1, dtype=np.int64)
    done = []
    while open_tables.shape[0]:
        asked = _first_open(graph, starts, open_tables)
        done.append(open_tables[asked < 0])
        grown = []
        for o in np.unique(asked[asked >= 0]):
            rows = open_tables[asked == o]
            many = np.repeat(rows, distinct[o].size, axis=0)
            many[:, o] = np.tile(distinct[o], rows.shape[0])
            grown.append(many)
        open_tables = np.concatenate(grown) if grown else open_tables[:0]
        if open_tables.shape[0] > MOST_PARTS:
            raise BadCommitment(
                f"{game.name}: more than {MOST_PARTS} commitments differ at observations that "
                "are asked in the same play; they cannot be listed. Use eq.train_leader."
            )
    tables = np.concatenate(done)
    seen = np.flatnonzero((tables >= 0).any(axis=0))
    order = np.lexsort(tables[:, seen[::-1]].T)
    tables = tables[order]
    asked_at = tables >= 0
    filled = np.maximum(tables, 0)
    step = max(1, CHUNK // max(1, graph.rewards.shape[0] * graph.observations.size))
    values = [
        graph.values(Commitment(filled[k : k + step]))[:, :, cells]
        for k in range(0, filled.shape[0], step)
    ]
    return Block(seen, cells, filled[:, seen], asked_at[:, seen], np.concatenate(values))


def _first_open(graph: PlayGraph, starts: Integers, tables: Integers) -> Integers:
    """The first observation (B,) that is asked without an answer, or -1."""
    step = max(1, CHUNK // max(1, starts.size))
    out = [
        graph.first_unanswered(np.broadcast_to(starts[:, None], (starts.size, part.shape[0])), part)
        for part in (tables[k : k + step] for k in range(0, tables.shape[0], step))
    ]
    return np.concatenate(out)


def cell_law(game: BatchGame, plans: tuple[Any, ...]) -> Array:
    """Probability of every cell (S, cells) when followers act by plans.

    Parameters
    ----------
    plans : tuple of ndarray (S, types_i)
        Each follower's action for every type.
    """
    assert game.prior is not None
    assert game.graph is not None
    graph, types = game.graph, game.deal_types
    S, deals = plans[0].shape[0], game.prior.size
    deal_types = np.broadcast_to(types, (deals, game.followers))
    cell = np.tile(np.arange(deals) * graph.profiles, (S, 1))
    for k, plan in enumerate(plans):
        cell = cell + plan[:, deal_types[:, k]] * graph.strides[k]
    out = np.zeros((S, graph.roots.size))
    np.add.at(out, (np.arange(S)[:, None], cell), np.broadcast_to(game.prior, cell.shape))
    return out
