"""A game whose players' problems stand in one Pyomo model, read into scalars."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import casadi as ca
import numpy as np
import pyomo.environ as pyo
from numpy.typing import NDArray
from pyomo.common.collections import ComponentMap, ComponentSet
from pyomo.core.expr import UnaryFunctionExpression
from pyomo.core.expr.visitor import identify_variables

from eqsolve.errors import NotAGame, UnsupportedFunction
from eqsolve.games.affine import has_kinks
from eqsolve.games.assembly import Row, Sorter, starting_point
from eqsolve.games.game import Game
from eqsolve.games.kinks import Kink, smooth_kinks
from eqsolve.games.symbolic import SHARED, SymbolicGame
from eqsolve.programs.pyomo_to_casadi import casadi_expression

Array = NDArray[np.float64]
STEPS = frozenset({"ceil", "floor"})


@dataclass(frozen=True)
class PyomoPlayer:
    """One player's part of a Pyomo model."""

    name: str
    objective: Any
    variables: tuple[Any, ...]
    constraints: tuple[Any, ...]

    @property
    def names(self) -> tuple[str, ...]:
        return (self.name,)

    @property
    def sign(self) -> int:
        """+1 when the objective is minimised, -1 when maximised."""
        return -1 if self.objective.sense == pyo.maximize else 1

    def __repr__(self) -> str:
        sense = "maximize" if self.sign < 0 else "minimize"
        over = ", ".join(variable.name for variable in self.variables)
        return f"Player {self.name!r}: {sense} {self.objective.name} over {over}"


class PyomoGame(Game):
    """See `Game.from_pyomo`."""

    language = "pyomo"

    def __init__(self, model: Any, players: Mapping[str, tuple[Any, Any, Any]]) -> None:
        if not players:
            raise NotAGame("A game needs at least one player.")
        self.model = model
        self.players = tuple(_player(name, parts) for name, parts in players.items())
        self.shared_constraints = _shared(model, self.players)
        _check_owners(self.players, self.shared_constraints)
        self.symbolic: SymbolicGame = _read(self.players, self.shared_constraints)

    @cached_property
    def declared(self) -> SymbolicGame:
        """The game without epigraph variables: what is evaluated and simulated."""
        if self.symbolic.n == self.symbolic.declared:
            return self.symbolic
        return _read(self.players, self.shared_constraints, epigraphs=False)

    @cached_property
    def coordinate_names(self) -> tuple[str, ...]:
        return self.symbolic.names[: self.symbolic.declared]

    def values(self, vector: Any) -> dict[str, Array]:
        """A vector (n,) as values of the model's variables, by name."""
        vector = self.pack(vector)
        return {name: vector[j] for j, name in enumerate(self.coordinate_names)}

    def declared_payoffs(self, vector: Any) -> Array:
        """Objectives evaluated by Pyomo itself, (players,)."""
        vector = self.pack(vector)
        before = [(v, v.value) for v in self.variables]
        try:
            for variable, value in zip(self.variables, vector, strict=True):
                variable.set_value(float(value), skip_validation=True)
            return np.array([_value(p.objective.expr) for p in self.players])
        finally:
            for variable, value in before:
                variable.set_value(value, skip_validation=True)


def _value(expression: Any) -> float:
    """The expression's value, NaN outside its domain."""
    try:
        # exception=False keeps Pyomo from logging what is answered here.
        value = pyo.value(expression, exception=False)
    except (ArithmeticError, ValueError):  # how Python's math refuses log(-1), 1/0, exp(1000)
        return np.nan
    return np.nan if value is None or isinstance(value, complex) else float(value)


def _expanded(items: Any) -> tuple[Any, ...]:
    """Component data from a component, an indexed component or a list of either."""
    if hasattr(items, "is_indexed"):
        return tuple(items.values()) if items.is_indexed() else (items,)
    if isinstance(items, Iterable) and not isinstance(items, str):
        return tuple(data for item in items for data in _expanded(item))
    raise NotAGame(f"{items!r} is not a Pyomo component.")


def _player(name: str, parts: tuple[Any, Any, Any]) -> PyomoPlayer:
    if not isinstance(parts, (tuple, list)) or len(parts) != 3:
        raise NotAGame(f"Player {name!r}: give (objective, own variables, own constraints).")
    objective, variables, constraints = parts
    if getattr(objective, "ctype", None) is not pyo.Objective or objective.is_indexed():
        raise NotAGame(f"Player {name!r}: the objective must be one scalar pyo.Objective.")
    owned = _expanded(variables)
    if not owned:
        raise NotAGame(f"Player {name!r} owns no variables; give at least one pyo.Var.")
    for variable in owned:
        if variable.ctype is not pyo.Var:
            raise NotAGame(f"Player {name!r}: {variable.name!r} is not a pyo.Var.")
        if not variable.is_continuous():
            raise NotAGame(
                f"Player {name!r}: variable {variable.name!r} is integer; players choose "
                "continuous variables."
            )
        if variable.fixed:
            raise NotAGame(f"Player {name!r}: variable {variable.name!r} is fixed; unfix it.")
    obeyed = _expanded(constraints)
    for constraint in obeyed:
        if constraint.ctype is not pyo.Constraint:
            raise NotAGame(f"Player {name!r}: {constraint.name!r} is not a pyo.Constraint.")
        if not constraint.active:
            raise NotAGame(
                f"Player {name!r}: constraint {constraint.name!r} is deactivated; "
                "activate it or leave it out."
            )
    return PyomoPlayer(name, objective, owned, obeyed)


def _check_owners(players: tuple[PyomoPlayer, ...], shared: tuple[Any, ...]) -> None:
    owner = ComponentMap()
    for player in players:
        for variable in player.variables:
            if variable in owner:
                raise NotAGame(
                    f"Player {player.name!r}: variable {variable.name!r} already belongs to "
                    f"{owner[variable]!r}."
                )
            owner[variable] = player.name
    items = [
        (f"Player {player.name!r}:", item, item.expr if item is player.objective else item.body)
        for player in players
        for item in (player.objective, *player.constraints)
    ]
    items += [("Shared constraint", constraint, constraint.body) for constraint in shared]
    for who, item, body in items:
        for variable in identify_variables(body, include_fixed=False):
            if variable not in owner:
                raise NotAGame(
                    f"{who} {item.name!r} mentions variable {variable.name!r}, "
                    "which belongs to no player."
                )


def _shared(model: Any, players: tuple[PyomoPlayer, ...]) -> tuple[Any, ...]:
    own = ComponentSet(constraint for player in players for constraint in player.constraints)
    active = model.component_data_objects(pyo.Constraint, active=True, descend_into=True)
    return tuple(constraint for constraint in active if constraint not in own)


def _read(
    players: tuple[PyomoPlayer, ...], shared: tuple[Any, ...], *, epigraphs: bool = True
) -> SymbolicGame:
    variables = [variable for player in players for variable in player.variables]
    owner = np.concatenate([np.full(len(p.variables), i) for i, p in enumerate(players)])
    names = tuple(variable.name for variable in variables)
    x = ca.vertcat(*(ca.SX.sym(name) for name in names))
    symbols = ComponentMap(zip(variables, ca.vertsplit(x), strict=True))
    lower = np.array([-np.inf if v.lb is None else float(v.lb) for v in variables])
    upper = np.array([np.inf if v.ub is None else float(v.ub) for v in variables])
    costs = [
        p.sign * _symbols(p.objective.expr, symbols, f"Player {p.name!r}: {p.objective.name!r}")
        for p in players
    ]
    rows = _declared_rows(players, shared, symbols)
    kinks = _epigraphs(players, x, owner, costs, rows) if epigraphs else []
    added = np.array([player for player, _ in kinks], dtype=int)
    free = np.full(added.size, np.inf)
    x = ca.vertcat(x, *(kink.symbol for _, kink in kinks))
    owner, lower = np.concatenate([owner, added]), np.concatenate([lower, -free])
    upper = np.concatenate([upper, free])
    sorter = Sorter(x, ca.SX(0, 1), owner, lower, upper)
    places = [sorter.place(row, column) for row, column in rows]
    for player, kink in kinks:
        what = f"Player {players[player].name!r}: a kink's epigraph"
        for column in kink.rows:
            sorter.place(Row("", what, False, np.array([player])), column)
    values = [None if v.value is None else np.array([v.value]) for v in variables]
    values += [None] * added.size
    return sorter.game(
        y=ca.SX(0, 1),
        aggregates=None,
        costs=ca.vertcat(*costs),
        start=starting_point(values, np.ones(len(values), dtype=int), lower, upper),
        declared=len(variables),
        places=tuple(places),
        names=(*names, *(kink.symbol.name() for _, kink in kinks)),
    )


def _declared_rows(
    players: tuple[PyomoPlayer, ...], shared: tuple[Any, ...], symbols: Any
) -> list[tuple[Row, Any]]:
    """Every side of every constraint, with its column."""
    rows = []
    blocks = [(i, player.constraints) for i, player in enumerate(players)]
    for index, constraints in (*blocks, (SHARED, shared)):
        for constraint in constraints:
            who = "Shared" if index == SHARED else f"Player {players[index].name!r}:"
            what = f"{who} constraint {constraint.name!r}"
            body = _symbols(constraint.body, symbols, what)
            for column, equality, side in _columns(constraint, body):
                label = Row(constraint.name + side, what, equality, np.array([index]))
                rows.append((label, column))
    return rows


def _epigraphs(
    players: tuple[PyomoPlayer, ...],
    x: Any,
    owner: Array,
    costs: list[Any],
    rows: list[tuple[Row, Any]],
) -> list[tuple[int, Kink]]:
    """Kinks with their players; `costs` and `rows` are rewritten in place."""
    found: list[tuple[int, Kink]] = []

    def smooth(value: Any, player: int) -> Any:
        if not has_kinks(value, x):
            return value
        own = x[np.flatnonzero(owner == player).tolist()]
        value, kinks = smooth_kinks(value, x, own, f"{players[player].name}_{len(found)}")
        found.extend((player, kink) for kink in kinks)
        return value

    for player, cost in enumerate(costs):
        costs[player] = smooth(cost, player)
    for place, (row, column) in enumerate(rows):
        # An equality, or a row that all share, holds its kinks from every side.
        if not row.equality and row.owners[0] != SHARED:
            rows[place] = (row, smooth(column, int(row.owners[0])))
    return found


def _symbols(expression: Any, symbols: Any, what: str) -> Any:
    """The expression in CasADi; what has no derivative is refused with the place it stands in."""
    stack = [expression]
    while stack:
        node = stack.pop()
        if not getattr(node, "is_expression_type", bool)():
            continue
        stack.extend(node.args)
        if isinstance(node, UnaryFunctionExpression) and node.getname() in STEPS:
            raise NotAGame(f"{what} uses {node.getname()!r}, which eqsolve cannot differentiate.")
    try:
        return casadi_expression(expression, symbols)
    except UnsupportedFunction as reason:
        raise NotAGame(f"{what}: {reason}") from None


def _columns(constraint: Any, body: Any) -> list[tuple[Any, bool, str]]:
    """Rows <= 0 (or == 0) that say what a Pyomo constraint says; which side, if it has two."""
    if constraint.equality:
        return [(body - pyo.value(constraint.upper), True, "")]
    both = constraint.has_lb() and constraint.has_ub()
    columns = []
    if constraint.has_ub():
        columns.append((body - pyo.value(constraint.upper), False, " (upper)" if both else ""))
    if constraint.has_lb():
        columns.append((pyo.value(constraint.lower) - body, False, " (lower)" if both else ""))
    return columns
