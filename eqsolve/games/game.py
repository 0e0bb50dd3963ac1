"""A game: its players, their coordinates in one vector, and its numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqsolve.errors import NotAGame
from eqsolve.games.from_cvxpy import Block, coordinate_names, read_game, variable_names
from eqsolve.games.numbers import GameNumbers
from eqsolve.games.player import Player, Population, as_tuple
from eqsolve.games.symbolic import SymbolicGame
from eqsolve.games.traversal import Values

Array = NDArray[np.float64]


class Game:
    """A continuous game declared in cvxpy (or in Pyomo, by `Game.from_pyomo`).

    Parameters
    ----------
    players : sequence of Player or Population
        Each owns its variables; together they own every variable mentioned.
    shared_constraints : sequence of cvxpy constraints
        Bind every player (generalized Nash).

    Raises
    ------
    NotAGame
        Naming the player, variable, constraint or atom at fault.

    Examples
    --------
    >>> import cvxpy as cp
    >>> q1, q2 = cp.Variable(nonneg=True, name="q1"), cp.Variable(nonneg=True, name="q2")
    >>> price = 100 - (q1 + q2)
    >>> game = Game([
    ...     Player("incumbent", cp.Maximize(q1 * price - 10 * q1), [q1], [q1 <= 60]),
    ...     Player("entrant", cp.Maximize(q2 * price - 20 * q2), [q2]),
    ... ])
    >>> game.player_names, game.n
    (('incumbent', 'entrant'), 2)
    """

    language = "cvxpy"

    def __init__(self, players: Sequence[Block], shared_constraints: Sequence[Any] = ()) -> None:
        if isinstance(players, (Player, Population)):
            players = [players]
        self.players: tuple[Any, ...] = tuple(players)
        self.shared_constraints = as_tuple("The game", "shared_constraints", shared_constraints)
        # Read at once, so that what cannot be differentiated is refused at the door.
        self.symbolic: SymbolicGame = read_game(self.players, self.shared_constraints)

    @cached_property
    def declared(self) -> SymbolicGame:
        """The game without epigraph variables: what is evaluated and simulated."""
        if self.symbolic.n == self.symbolic.declared:
            return self.symbolic
        return read_game(self.players, self.shared_constraints, epigraphs=False)

    @staticmethod
    def from_pyomo(model: Any, players: Mapping[str, tuple[Any, Any, Any]]) -> Game:
        """A game whose players' problems stand in one Pyomo model.

        Parameters
        ----------
        model : pyomo.ConcreteModel
        players : dict of str to (objective, variables, constraints)
            Components of the model: an `Objective` (its sense counts), the `Var`s the
            player owns, and its own `Constraint`s. Active constraints of the model
            listed under no player are shared by all.

        Returns
        -------
        Game

        Raises
        ------
        NotAGame
            When a variable is unowned, doubly owned or discrete.

        Examples
        --------
        >>> import pyomo.environ as pyo
        >>> m = pyo.ConcreteModel()
        >>> m.q = pyo.Var([1, 2], within=pyo.NonNegativeReals)
        >>> m.profit1 = pyo.Objective(expr=m.q[1] * (9 - m.q[1] - m.q[2]), sense=pyo.maximize)
        >>> m.profit2 = pyo.Objective(expr=m.q[2] * (9 - m.q[1] - m.q[2]), sense=pyo.maximize)
        >>> game = Game.from_pyomo(m, {
        ...     "a": (m.profit1, [m.q[1]], []), "b": (m.profit2, [m.q[2]], []),
        ... })
        >>> game.coordinate_names
        ('q[1]', 'q[2]')
        """
        from eqsolve.games.from_pyomo import PyomoGame

        return PyomoGame(model, players)

    def check_simultaneous(self) -> None:
        """Refuse a game that only makes sense with a leader.

        Raises
        ------
        NotAGame
            When a player's constraint mentions none of its own variables.
        """
        foreign = np.flatnonzero(self.declared.foreign_rows)
        for place in self.declared.places:
            if np.isin(place.index[place.kind == "row"], foreign).any():
                raise NotAGame(
                    f"The constraint {place.label} mentions none of that player's own variables, "
                    "so it cannot bind it when all choose at once; ask for eq.Stackelberg, where "
                    "a leader's constraints bind its followers' answers."
                )

    @cached_property
    def player_names(self) -> tuple[str, ...]:
        """Names in declared order, populations expanded."""
        return tuple(name for block in self.players for name in block.names)

    @cached_property
    def variables(self) -> tuple[Any, ...]:
        """All players' variables, in declared order."""
        return tuple(variable for block in self.players for variable in block.variables)

    @property
    def n(self) -> int:
        """Number of scalar coordinates."""
        return self.symbolic.declared

    @cached_property
    def signs(self) -> NDArray[np.int_]:
        """+1 for players who minimise, -1 for those who maximise, shape (players,)."""
        return np.concatenate([np.full(len(b.names), b.sign) for b in self.players])

    @cached_property
    def coordinate_names(self) -> tuple[str, ...]:
        """'q' for scalars, 'x[0]', 'X[1,2]' for entries."""
        return coordinate_names(self.variables)

    @cached_property
    def coordinates(self) -> dict[str, NDArray[np.int_]]:
        """Player name to the indices of its coordinates in the vector."""
        owner = self.symbolic.owner[: self.n]
        order = np.argsort(owner, kind="stable")
        ends = np.cumsum(np.bincount(owner, minlength=len(self.player_names)))
        return dict(zip(self.player_names, np.split(order, ends[:-1]), strict=True))

    @cached_property
    def numbers(self) -> GameNumbers:
        """Payoffs, pseudo-gradient and Jacobian, compiled once."""
        return GameNumbers(self.declared, self.signs)

    def pack(self, strategies: Mapping[str, Any] | Any) -> Array:
        """Strategies by player (or a vector already) as one vector (n,).

        Raises
        ------
        NotAGame
            When a player is missing or unknown, a strategy has the wrong size or holds a NaN.
        """
        if not isinstance(strategies, Mapping):
            vector = np.array(strategies, dtype=float).ravel()
            if vector.size != self.n:
                raise NotAGame(f"The point has {vector.size} numbers; the game has {self.n}.")
            return self._finite(vector)
        unknown = next((name for name in strategies if name not in self.coordinates), None)
        if unknown is not None:
            raise NotAGame(f"The point names {unknown!r}, who is no player of this game.")
        vector = np.zeros(self.n)
        for name, places in self.coordinates.items():
            if name not in strategies:
                raise NotAGame(f"No strategy is given for player {name!r}.")
            value = np.asarray(strategies[name], dtype=float).ravel()
            if value.size != places.size:
                raise NotAGame(
                    f"Player {name!r}: the strategy has {value.size} numbers instead of "
                    f"{places.size}."
                )
            vector[places] = value
        return self._finite(vector)

    def _finite(self, vector: Array) -> Array:
        wrong = np.flatnonzero(~np.isfinite(vector))
        if wrong.size:
            name = self.coordinate_names[wrong[0]]
            raise NotAGame(f"The point has {vector[wrong[0]]:g} at {name!r}; give finite numbers.")
        return vector

    def unpack(self, vector: Any) -> dict[str, Array]:
        """A vector (n,) as strategies by player."""
        vector = self.pack(vector)
        return {name: vector[places] for name, places in self.coordinates.items()}

    def values(self, vector: Any) -> dict[str, Array]:
        """A vector (n,) as values of the declared variables, by name, in their shapes."""
        vector, place, out = self.pack(vector), 0, {}
        for variable, name in zip(self.variables, variable_names(self.variables), strict=True):
            piece = vector[place : place + variable.size]
            out[name] = piece.reshape(variable.shape)
            place += variable.size
        return out

    def declared_payoffs(self, vector: Any) -> Array:
        """Objectives evaluated by the modelling language itself, (players,).

        Independent of eqsolve's own reading of the expressions; the variables' values
        are put back afterwards.
        """
        vector = self.pack(vector)
        before = [variable.value for variable in self.variables]
        place = 0
        try:
            for variable in self.variables:
                piece = vector[place : place + variable.size].reshape(variable.shape)
                # Not through .value, which refuses points a hair outside a bound.
                variable.save_value(piece)
                place += variable.size
            # Outside an objective's domain its value is NaN, quietly.
            with np.errstate(all="ignore"):
                value = Values()
                return np.concatenate([np.ravel(value(b.expression)) for b in self.players])
        finally:
            for variable, value in zip(self.variables, before, strict=True):
                variable.save_value(value)

    def __repr__(self) -> str:
        shared = f", {len(self.shared_constraints)} shared constraints"
        lines = [f"Game of {len(self.player_names)} players over {self.n} coordinates"]
        lines[0] += shared if self.shared_constraints else ""
        return "\n".join([*lines, *(f"  {player!r}" for player in self.players[:20])])
