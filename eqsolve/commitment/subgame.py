"""What followers play among themselves once the leader has committed.

For a commitment c and everybody's types theta and actions a the expected payoffs are

    U_k(theta, a) = sum over deals d of types theta  P(d | theta) u_k(d, a, c),

a Bayesian game of the followers, k = 0 the leader, who has nothing left to choose. For a joint
behaviour q(a | theta) the gain of type theta_i of follower i from playing a' throughout is

    sum over theta_-i, a  P(theta_-i | theta_i) q(a | theta) (U_i(theta, a', a_-i) - U_i(theta, a));

the *Bayesian coarse correlated gap* is the largest of these, zero if none is positive. It is
zero iff q is a Bayesian coarse correlated equilibrium (Hartline, Syrgkanis and Tardos 2015).
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqsolve.commitment.batch_game import BatchGame, check_game
from eqsolve.commitment.policy import Commitment, MixedCommitment, as_commitment
from eqsolve.commitment.responses.protocol import Behaviour, joint_of
from eqsolve.commitment.stepping import fixed_actions, step_through
from eqsolve.errors import BadCommitment
from eqsolve.games.bayesian import BayesianGame

Array = NDArray[np.float64]
Integers = NDArray[np.int64]


class Subgame:
    """The followers' game under a leader's policy, or under B of them.

    Parameters
    ----------
    game : BatchGame
    leader_policy : Commitment, MixedCommitment, LeaderPolicy or array_like
        As `as_commitment` takes it.

    Raises
    ------
    BadCommitment
        When the game has no leader, or the policy does not fit it.

    Examples
    --------
    >>> from eqsolve.commitment import from_normal_form
    >>> from eqsolve.games import NormalFormGame
    >>> game = from_normal_form(NormalFormGame.bimatrix([[1, 3], [0, 2]], [[1, 0], [0, 1]]))
    >>> Subgame(game, [[0.5, 0.5]]).payoffs[0, 1]
    array([[0.5, 0.5]])
    """

    def __init__(self, game: BatchGame, leader_policy: Any) -> None:
        check_game(game)
        self.game = game
        self.commitment: Commitment | MixedCommitment = (
            leader_policy
            if isinstance(leader_policy, (Commitment, MixedCommitment))
            and leader_policy.table.shape[1] == game.leader_observations
            else as_commitment(leader_policy, game)
        )

    @property
    def batch(self) -> int:
        """B, the number of policies."""
        return self.commitment.batch

    @property
    def prior(self) -> Array:
        """Probability of every profile of followers' types, (types_1, ..., types_F)."""
        return self.game.type_prior

    @cached_property
    def type_laws(self) -> tuple[Array, ...]:
        """Each follower's own law of types, (types_i,)."""
        axes = range(self.game.followers)
        return tuple(self.prior.sum(axis=tuple(j for j in axes if j != k)) for k in axes)

    @cached_property
    def spreads(self) -> Array:
        """Everybody's largest payoff less the smallest over all plays, (B, 1 + F)."""
        flat = self.cell_values.reshape(self.batch, 1 + self.game.followers, -1)
        return np.asarray(np.ptp(flat, axis=2))

    @cached_property
    def cell_values(self) -> Array:
        """Expected payoffs for every deal and actions, (B, 1 + F, deals, profiles)."""
        graph = self._graph("Expected payoffs")
        worth = graph.values(self.commitment)
        return np.asarray(worth.reshape(*worth.shape[:2], -1, graph.profiles))

    @cached_property
    def payoffs(self) -> Array:
        """U_k(theta, a), (B, 1 + F, types_1, ..., types_F, actions_1, ..., actions_F).

        Zero for types that never come.
        """
        game, worth = self.game, self.cell_values
        assert game.prior is not None
        shape = (*worth.shape[:2], *game.types, *game.actions)
        place = np.ravel_multi_index(tuple(game.deal_types.T), game.types)
        if game.prior.size == self.prior.size and np.array_equal(place, np.arange(place.size)):
            # Nothing is random but the types.
            return np.where(self._coming, worth.reshape(shape), 0.0)
        into = np.zeros((self.prior.size, game.prior.size))
        law = self.prior.ravel()[place]
        into[place, np.arange(place.size)] = np.divide(
            game.prior, law, out=np.zeros_like(law), where=law > 0
        )
        return np.asarray((into @ worth).reshape(shape))

    @property
    def _coming(self) -> NDArray[np.bool_]:
        return (self.prior > 0).reshape(*self.game.types, *(1,) * self.game.followers)

    def bayesian(self, row: int = 0) -> BayesianGame:
        """The followers' game under one of the policies, a `BayesianGame`."""
        return BayesianGame(
            self.prior, self.payoffs[row, 1:], player_names=self.game.follower_names
        )

    def outcome(self, deals: NDArray[Any], actions: Integers) -> Array:
        """Payoffs (B, 1 + F) of plays with these deals (B,) and actions (B, F)."""
        graph = self.game.graph
        if graph is not None:
            cells, agents = graph.cells(deals, actions), range(1 + self.game.followers)
            if isinstance(self.commitment, Commitment):
                paid = [graph.payoffs_of(k, cells, self.commitment) for k in agents]
                return np.stack(paid).T
            flat = self.cell_values.reshape(self.batch, 1 + self.game.followers, -1)
            return np.asarray(flat[np.arange(self.batch), :, cells])
        return self._stepped(deals, actions)

    def alternatives(self, deals: NDArray[Any], actions: Integers) -> tuple[Array, ...]:
        """What each follower would get from each of its actions, all else equal.

        Returns
        -------
        tuple of ndarray (B, actions_i)
        """
        graph, out = self.game.graph, []
        if graph is not None and graph.blind and isinstance(self.commitment, Commitment):
            return tuple(graph.alternatives(deals, actions, self.commitment))
        rows = np.arange(len(deals))
        base = graph.cells(deals, actions) if graph is not None else None
        for k, size in enumerate(self.game.actions):
            if graph is None:
                parts = []
                for a in range(size):
                    other = actions.copy()
                    other[:, k] = a
                    parts.append(self._stepped(deals, other)[:, 1 + k])
                out.append(np.stack(parts, axis=1))
                continue
            first = base - actions[:, k] * graph.strides[k]
            cells = first + graph.strides[k] * np.arange(size)[:, None]
            if isinstance(self.commitment, Commitment):
                paid = graph.payoffs_of(1 + k, cells, self.commitment)
            else:
                flat = self.cell_values.reshape(self.batch, 1 + self.game.followers, -1)
                paid = flat[rows, 1 + k, cells]
            out.append(paid.T)
        return tuple(out)

    def _stepped(self, deals: NDArray[Any], actions: Integers) -> Array:
        if not isinstance(self.commitment, Commitment):
            self._graph("Payoffs under a mixed commitment")
        table: NDArray[Any] = self.commitment.table
        return step_through(
            self.game, deals, fixed_actions(actions), lambda seen, rows: table[rows, seen]
        ).payoffs

    def _graph(self, what: str) -> Any:
        graph = self.game.graph
        if graph is None:
            raise BadCommitment(
                f"{what} of {self.game.name} need its plays to be listed, and they cannot be: "
                "deals must be finitely many, followers act once, and the tables be of a size "
                "that can be held."
            )
        return graph

    def expected(self, behaviour: Behaviour) -> Array:
        """Everybody's expected payoff (B, 1 + F) when followers behave so."""
        joint = behaviour.distribution()
        law = self.prior.reshape(*self.game.types, *(1,) * self.game.followers)
        weights = (joint * law).reshape(joint.shape[0], 1, -1)
        return np.asarray(
            (weights * self.payoffs.reshape(self.batch, len(self.game.actions) + 1, -1)).sum(axis=2)
        )

    @cached_property
    def _tensors(self) -> tuple[tuple[Array, ...], ...]:
        """Of follower i: its own payoffs and the leader's, given its type.

        Types and actions of a follower are one axis; follower i's is first and B last:
        (types_i actions_i, ..., B).
        """
        game, F = self.game, self.game.followers
        pairs = [2 + axis for k in range(F) for axis in (k, F + k)]
        sizes = [t * a for t, a in zip(game.types, game.actions, strict=True)]
        out = []
        for i in range(F):
            law = self.prior.sum(axis=tuple(k for k in range(F) if k != i), keepdims=True)
            given = np.divide(self.prior, law, out=np.zeros(game.types), where=law > 0)
            both = self.payoffs[:, [1 + i, 0]] * given.reshape(*game.types, *(1,) * F)
            merged = both.transpose([1, *pairs, 0]).reshape(2, *sizes, self.batch)
            own = np.ascontiguousarray(np.moveaxis(merged, 1 + i, 1))
            out.append((own[0], own[1]))
        return tuple(out)

    def deviation_payoffs(
        self, strategies: tuple[Array, ...], of_leader: bool = False
    ) -> tuple[Array, ...]:
        """What each type of each follower gets from each action against the others' mixes.

        Parameters
        ----------
        strategies : tuple of ndarray (B, types_i, actions_i)
        of_leader : bool
            What the leader gets then, instead.

        Returns
        -------
        tuple of ndarray (B, types_i, actions_i)
            Conditional on the type; zero for types that never come.
        """
        return tuple(
            self.deviation_payoffs_of(k, strategies, of_leader) for k in range(self.game.followers)
        )

    def deviation_payoffs_of(
        self, follower: int, strategies: tuple[Array, ...], of_leader: bool = False
    ) -> Array:
        """The same of one follower, (B, types_i, actions_i)."""
        left = self._tensors[follower][int(of_leader)]
        for k in reversed(range(self.game.followers)):
            if k != follower:
                mix = strategies[k].transpose(1, 2, 0).reshape(-1, self.batch)
                left = (left * mix).sum(axis=-2)
        types, actions = self.game.types[follower], self.game.actions[follower]
        return left.T.reshape(self.batch, types, actions)

    def leader_value(self, behaviour: Behaviour) -> Array:
        """The leader's expected payoff (B,) when followers behave so."""
        return self.expected(behaviour)[:, 0]

    def gains(self, behaviour: Behaviour) -> tuple[Array, ...]:
        """What each type of each follower gains from each fixed action.

        Returns
        -------
        tuple of ndarray (B, types_i, actions_i)
            Conditional on the type; zero for types that never come.
        """
        F = self.game.followers
        joint = behaviour.distribution()
        weights = joint * self.prior.reshape(*self.game.types, *(1,) * F)
        out = []
        for i in range(F):
            paid = self.payoffs[:, 1 + i]
            rest_types = tuple(1 + k for k in range(F) if k != i)
            own = 1 + F + i
            # Others' actions and everybody's types, the own recommendation summed out.
            others = weights.sum(axis=own, keepdims=True)
            away = tuple(1 + F + k for k in range(F) if k != i)
            got = (others * paid).sum(axis=rest_types + away)
            followed = (weights * paid).sum(axis=rest_types + away).sum(axis=2, keepdims=True)
            law = self.prior.sum(axis=tuple(k for k in range(F) if k != i))[:, None]
            out.append(np.divide(got - followed, law, out=np.zeros_like(got), where=law > 0))
        return tuple(out)

    def coarse_correlated_gap(self, behaviour: Behaviour) -> Array:
        """The Bayesian coarse correlated gap (B,) of followers' joint behaviour."""
        largest = [own.reshape(own.shape[0], -1).max(axis=1) for own in self.gains(behaviour)]
        return np.asarray(np.maximum(np.max(largest, axis=0), 0.0))


def product(strategies: tuple[Array, ...]) -> Behaviour:
    """Independent mixes as a joint behaviour."""
    return Behaviour(joint=joint_of(strategies))
