"""Bayesian games: types are drawn from a prior, every player sees its own and acts.

A behavioural strategy x_i(t, a) is one mix for every type. Type t of player i gets from b

    sum over the others' types and actions of
        prior(theta) / prior_i(t)  U_i(theta, b, a_-i)  product over j of x_j(theta_j, a_j),

so that a player's types are agents, each with a simplex of its own (Harsanyi 1967). Types may
be correlated, and payoffs may depend on everybody's type.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqsolve.errors import NotAGame
from eqsolve.games.finite import NormalFormGame
from eqsolve.games.finite_players import (
    Array,
    FinitePlayers,
    Name,
    checked_action_names,
    checked_names,
)
from eqsolve.games.multilinear import deviation_payoffs, deviation_slopes, own_first
from eqsolve.results import Table

SUM = 1e-9  # departure of a prior's sum from one that counts as rounding
LARGEST = 5_000_000  # payoffs of the game in plans up to which it is built


class BayesianGame(FinitePlayers):
    """A finite game of incomplete information.

    Parameters
    ----------
    prior : array_like, shape (types_1, ..., types_players)
        Probability of every profile of types; sums to one, may be correlated. A player
        without private information has one type.
    payoffs : array_like, shape (players, types_1, ..., types_n, actions_1, ..., actions_n)
        ``payoffs[i]`` is player i's payoff at every profile of types and of actions.
    player_names : sequence, optional
        Default 0, 1, ...
    action_names : sequence of sequence of str, optional

    Raises
    ------
    NotAGame
        A prior that is negative or does not sum to one, ragged or missing payoffs, shapes
        that do not fit each other.

    Examples
    --------
    The second player knows whether the game is matching pennies or coordination:

    >>> pennies = np.array([[1.0, -1], [-1, 1]])
    >>> game = BayesianGame(
    ...     [[0.5, 0.5]], [[[pennies, pennies]], [[-pennies, pennies]]]
    ... )
    >>> game.types, game.actions, game.n
    ((1, 2), (2, 2), 6)
    >>> game.expected_payoffs(game.uniform())
    array([0., 0.])
    """

    def __init__(
        self,
        prior: Any,
        payoffs: Any,
        *,
        player_names: Sequence[Name] | None = None,
        action_names: Sequence[Sequence[str]] | None = None,
        title: str = "",
    ) -> None:
        self.prior = _checked_prior(prior)
        self.types: tuple[int, ...] = self.prior.shape
        self.payoffs = _checked_payoffs(payoffs, self.types)
        self.actions = tuple(self.payoffs.shape[1 + len(self.types) :])
        self.player_names = checked_names(player_names, len(self.types), "player_names", "players")
        self.action_names = checked_action_names(action_names, self.actions, self.player_names)
        self.title = title
        for array in (self.prior, self.payoffs):
            array.setflags(write=False)

    @cached_property
    def n(self) -> int:
        """Coordinates of a profile: every action of every type of every player."""
        return sum(t * a for t, a in zip(self.types, self.actions, strict=True))

    @cached_property
    def blocks(self) -> tuple[slice, ...]:
        """Where each player's behavioural strategy stands, types first, in a profile (n,)."""
        sizes = [t * a for t, a in zip(self.types, self.actions, strict=True)]
        ends = np.cumsum(sizes)
        return tuple(
            slice(int(end - size), int(end)) for end, size in zip(ends, sizes, strict=True)
        )

    @cached_property
    def simplices(self) -> tuple[slice, ...]:
        """Where the mix of every type of every player stands in a profile (n,)."""
        out = []
        for block, types, actions in zip(self.blocks, self.types, self.actions, strict=True):
            starts = [block.start + actions * t for t in range(types)]
            out += [slice(begin, begin + actions) for begin in starts]
        return tuple(out)

    @cached_property
    def simplex_owners(self) -> tuple[int, ...]:
        """Whose type each simplex is."""
        return tuple(k for k, types in enumerate(self.types) for _ in range(types))

    @cached_property
    def simplex_masses(self) -> Array:
        """Probability of every type of every player, (types in all,)."""
        return np.concatenate(self.type_laws)

    @cached_property
    def type_laws(self) -> tuple[Array, ...]:
        """Every player's own law of types, each (types,)."""
        axes = range(self.players)
        return tuple(self.prior.sum(axis=tuple(j for j in axes if j != k)) for k in axes)

    @property
    def coordinate_names(self) -> tuple[str, ...]:
        """One name a coordinate: player, type and action."""
        return tuple(
            f"{player}, type {t}: {action}"
            for player, types, own in zip(
                self.player_names, self.types, self.action_names, strict=True
            )
            for t in range(types)
            for action in own
        )

    @cached_property
    def spreads(self) -> Array:
        """Largest payoff difference of every player, (players,)."""
        return np.asarray(np.ptp(self.payoffs.reshape(self.players, -1), axis=1))

    @property
    def spread(self) -> float:
        """Largest payoff difference of any one player: the unit in which gains are judged."""
        return float(self.spreads.max())

    @cached_property
    def coordinate_spreads(self) -> Array:
        """Each player's spread at each of its coordinates, one where it is zero, (n,)."""
        sizes = [block.stop - block.start for block in self.blocks]
        return np.asarray(np.repeat(np.where(self.spreads > 0, self.spreads, 1.0), sizes))

    def uniform(self) -> Array:
        """Every type mixes evenly, (n,)."""
        parts = [np.full(t * a, 1.0 / a) for t, a in zip(self.types, self.actions, strict=True)]
        return np.concatenate(parts, dtype=np.float64)

    def pack(self, strategies: Any) -> Array:
        """Behavioural strategies as one vector (n,).

        Parameters
        ----------
        strategies : dict by player of (types, actions), list a player, or vector (n,)
            A pure strategy may be given as the action's number of every type, (types,) whole
            numbers.

        Raises
        ------
        NotAGame
            When a player is missing or unknown, or a strategy has the wrong shape.
        """
        if isinstance(strategies, Mapping):
            parts = {self.player(who): value for who, value in strategies.items()}
            missing = [name for k, name in enumerate(self.player_names) if k not in parts]
            if missing:
                raise NotAGame(f"The strategy of player {missing[0]!r} is missing.")
            return np.concatenate([self._own(k, parts[k]) for k in range(self.players)])
        if isinstance(strategies, np.ndarray) and strategies.shape == (self.n,):
            return np.array(strategies, dtype=np.float64)
        if not isinstance(strategies, np.ndarray) and len(strategies) == self.players:
            return np.concatenate([self._own(k, part) for k, part in enumerate(strategies)])
        if not isinstance(strategies, np.ndarray) and len(strategies) == self.n:
            return np.array(strategies, dtype=float)
        raise NotAGame(
            f"A profile of this game has {self.n} numbers, one an action of every type, "
            f"not shape {np.shape(strategies)}."
        )

    def _own(self, player: int, part: Any) -> Array:
        types, actions = self.types[player], self.actions[player]
        given = np.asarray(part)
        if given.shape == (types,) and given.dtype.kind in "iu" and given.size != types * actions:
            if given.min() < 0 or given.max() >= actions:
                raise NotAGame(
                    f"Player {self.player_names[player]!r} has actions 0 to {actions - 1}."
                )
            return np.asarray(np.eye(actions)[given].ravel())
        own = np.asarray(part, dtype=float)
        if own.size != types * actions:
            raise NotAGame(
                f"Player {self.player_names[player]!r} has {types} types with {actions} actions "
                f"each; {own.size} numbers given."
            )
        return own.ravel()

    def unpack(self, vector: Array) -> dict[Any, Array]:
        """Player to behavioural strategy (types, actions), from a profile vector (n,)."""
        return {
            name: vector[block].reshape(t, a).copy()
            for name, block, t, a in zip(
                self.player_names, self.blocks, self.types, self.actions, strict=True
            )
        }

    def joint(self, vector: Array) -> Array:
        """Probability of every profile of types and actions, (types..., actions...)."""
        n = self.players
        out = self.prior.reshape(*self.types, *(1,) * n)
        for k, block in enumerate(self.blocks):
            shape = [1] * (2 * n)
            shape[k], shape[n + k] = self.types[k], self.actions[k]
            out = out * vector[block].reshape(shape)
        return np.asarray(out)

    @cached_property
    def _own_first(self) -> tuple[Array, ...]:
        """Given own type: payoffs weighted by the others' types, (types_i actions_i, ...)."""
        n = self.players
        pairs = [axis for k in range(n) for axis in (k, n + k)]
        merged = []
        for k in range(n):
            shape = [1] * n
            shape[k] = self.types[k]
            law = self.type_laws[k].reshape(shape)
            given = np.divide(self.prior, law, out=np.zeros(self.types), where=law > 0)
            weighted = self.payoffs[k] * given.reshape(*self.types, *(1,) * n)
            sizes = [t * a for t, a in zip(self.types, self.actions, strict=True)]
            merged.append(weighted.transpose(pairs).reshape(sizes))
        return own_first(np.stack(merged), n)

    def deviation_payoffs(self, vector: Array) -> Array:
        """What each type gets from each of its actions against the others, (..., n).

        Conditional on the type; zero for types that never come.
        """
        profile = np.asarray(vector, dtype=float)
        return deviation_payoffs(self._own_first, profile, self.blocks)

    def deviation_slopes(self, vector: Array) -> Array:
        """Derivative of `deviation_payoffs` at one profile (n,), as (n, n)."""
        return deviation_slopes(self._own_first, vector, self.blocks)

    def expected_payoffs(self, vector: Array) -> Array:
        """Payoff of every player before types are drawn, at profiles (..., n)."""
        own = self.deviation_payoffs(vector) * np.asarray(vector, dtype=float)
        parts = []
        for block, law, actions in zip(self.blocks, self.type_laws, self.actions, strict=True):
            parts.append(own[..., block] @ np.repeat(law, actions))
        return np.stack(parts, axis=-1)

    def agent_form(self) -> AgentForm:
        """The same game with every type of every player as a player of its own."""
        return AgentForm(self)

    def plans(self, player: int) -> NDArray[np.int_]:
        """All plans of a player, an action for every type, (plans, types)."""
        actions = range(self.actions[player])
        return np.array(list(itertools.product(actions, repeat=self.types[player])))

    def normal_form(self) -> NormalFormGame:
        """The game in plans: every player chooses an action for every type beforehand.

        Raises
        ------
        NotAGame
            When there are too many profiles of plans.
        """
        counts = [float(a) ** t for a, t in zip(self.actions, self.types, strict=True)]
        if self.players * np.prod(counts) > LARGEST:
            raise NotAGame(
                f"The game in plans has {np.prod(counts):.3g} profiles, too many to hold."
            )
        n = self.players
        all_plans = [self.plans(k) for k in range(n)]
        out = np.zeros((n, *(plans.shape[0] for plans in all_plans)))
        for theta in np.ndindex(*self.types):
            if self.prior[theta] > 0:
                acts = np.ix_(*(plans[:, t] for plans, t in zip(all_plans, theta, strict=True)))
                for k in range(n):
                    out[k] += self.prior[theta] * self.payoffs[k][theta][acts]
        names = [
            ["".join(f"{own[a]} " for a in plan).strip() for plan in plans]
            for own, plans in zip(self.action_names, all_plans, strict=True)
        ]
        return NormalFormGame(
            out, player_names=self.player_names, action_names=names, title=self.title
        )

    def table(self) -> Table:
        """One row a player: types and actions."""
        rows = tuple(zip(self.player_names, self.types, self.actions, strict=True))
        title = self.title or f"Bayesian game of {self.players} players"
        return Table(("player", "types", "actions"), rows, title=title)

    def __repr__(self) -> str:
        return str(self.table())

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()


class AgentForm(FinitePlayers):
    """A Bayesian game whose players are the types; profiles are the same vectors.

    Learners that learn type by type play this form.

    Attributes
    ----------
    game : BayesianGame

    Examples
    --------
    >>> game = BayesianGame([[0.5, 0.5]], np.zeros((2, 1, 2, 2, 3)))
    >>> game.agent_form().actions
    (2, 3, 3)
    """

    def __init__(self, game: BayesianGame) -> None:
        self.game = game
        self.actions = tuple(game.actions[owner] for owner in game.simplex_owners)
        places = [(k, t) for k, types in enumerate(game.types) for t in range(types)]
        self.player_names = tuple((game.player_names[k], t) for k, t in places)
        self.action_names = tuple(game.action_names[k] for k, _ in places)

    def deviation_payoffs(self, vector: Array) -> Array:
        """As of the game: conditional on each type, (..., n)."""
        return self.game.deviation_payoffs(vector)

    def deviation_slopes(self, vector: Array) -> Array:
        """As of the game, (n, n)."""
        return self.game.deviation_slopes(vector)

    @property
    def spreads(self) -> Array:
        """As of the types' owners, (agents,)."""
        return np.asarray(self.game.spreads[list(self.game.simplex_owners)])

    @property
    def spread(self) -> float:
        """As of the game."""
        return self.game.spread


def _checked_prior(prior: Any) -> Array:
    try:
        law = np.array(prior, dtype=np.float64)
    except (ValueError, TypeError):
        raise NotAGame("prior is ragged or holds no numbers.") from None
    if law.ndim == 0 or law.size == 0:
        raise NotAGame("prior needs one axis a player and at least one type each.")
    if not np.isfinite(law).all() or law.min() < 0:
        where = tuple(int(k) for k in np.argwhere(~(np.isfinite(law) & (law >= 0)))[0])
        raise NotAGame(f"prior at types {where} is {law[where]}; probabilities are nonnegative.")
    if abs(law.sum() - 1.0) > SUM:
        raise NotAGame(f"prior sums to {law.sum():.9g}; it must sum to one.")
    return np.asarray(law / law.sum())


def _checked_payoffs(payoffs: Any, types: tuple[int, ...]) -> Array:
    players = len(types)
    try:
        out = np.array(payoffs, dtype=np.float64)
    except (ValueError, TypeError):
        raise NotAGame(
            "payoffs are ragged or no numbers; every player needs one number for every profile "
            "of types and of actions."
        ) from None
    if (
        out.ndim != 1 + 2 * players
        or out.shape[0] != players
        or out.shape[1 : 1 + players] != types
    ):
        raise NotAGame(
            f"payoffs of {players} players with types {types} need shape ({players}, "
            f"{', '.join(map(str, types))}, and one axis of actions a player), not {out.shape}."
        )
    for place, size in enumerate(out.shape[1 + players :]):
        if size == 0:
            raise NotAGame(f"Player {place} has no actions.")
    if not np.isfinite(out).all():
        where = tuple(int(k) for k in np.argwhere(~np.isfinite(out))[0])
        raise NotAGame(
            f"Player {where[0]}'s payoff at types {where[1 : 1 + players]} and actions "
            f"{where[1 + players :]} is {out[where]}; payoffs must be finite numbers."
        )
    return out
