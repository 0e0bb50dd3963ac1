"""A game declared in cvxpy, read into scalars (`SymbolicGame`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import casadi as ca
import cvxpy as cp
import numpy as np
from numpy.typing import NDArray

from eqsolve.errors import NotAGame
from eqsolve.games.assembly import Row, Sorter, starting_point
from eqsolve.games.epigraph import Epigraphs, kinks
from eqsolve.games.expressions import Walker
from eqsolve.games.player import Player, Population, check_constraints
from eqsolve.games.symbolic import SHARED, SymbolicGame
from eqsolve.games.traversal import leaves

Block = Player | Population
LIFT_ABOVE = 64  # games with fewer coordinates are small enough to be dense


@dataclass(frozen=True)
class DeclaredRows:
    """One declared constraint as a column, with the owner of each entry."""

    label: str
    what: str
    expression: Any
    equality: bool
    sign: int
    owners: NDArray[np.int_]


def read_game(
    blocks: Sequence[Block], shared: Sequence[Any], *, epigraphs: bool = True
) -> SymbolicGame:
    """Read players and shared constraints.

    Parameters
    ----------
    blocks : sequence of Player or Population
    shared : sequence of cvxpy constraints
        Bind every player.
    epigraphs : bool
        True for optimality conditions (kinks become epigraph variables), False for
        evaluation as declared.

    Raises
    ------
    NotAGame
        Naming the player, variable or atom at fault.
    """
    check_ownership(blocks, shared)
    objectives = [block.expression for block in blocks]
    firsts = np.cumsum([0, *(len(block.names) for block in blocks)])
    variables = [variable for block in blocks for variable in block.variables]
    owners = [
        _owners(block, first, variable)
        for block, first in zip(blocks, firsts, strict=False)
        for variable in block.variables
    ]
    declared = sum(variable.size for variable in variables)
    rows: list[DeclaredRows] = []
    has_kink = kinks()
    for place, (block, first) in enumerate(zip(blocks, firsts, strict=False)):
        own_rows = [
            _row(
                _label(block.name, constraint),
                f"{_kind(block)} {block.name!r}: constraint {number}",
                constraint,
                _owners(block, first, constraint),
            )
            for number, constraint in enumerate(block.constraints)
        ]
        if epigraphs:
            lifted = Epigraphs({variable.id for variable in block.variables}, has_kink)
            objectives[place] = lifted.smooth(objectives[place], block.sign)
            # An equality holds its kinks from both sides: no epigraph stands for them.
            own_rows = [
                row
                if row.equality
                else replace(row, expression=lifted.smooth(row.expression, row.sign))
                for row in own_rows
            ]
            variables += lifted.variables
            owners += [_owners(block, first, variable) for variable in lifted.variables]
            what = f"{_kind(block)} {block.name!r}: a kink's epigraph"
            own_rows += [_row("", what, c, _owners(block, first, c)) for c in lifted.constraints]
        rows += own_rows
    rows += [
        _row(
            _label("shared", constraint),
            f"Shared constraint {number}",
            constraint,
            np.full(constraint.size, SHARED),
        )
        for number, constraint in enumerate(shared)
    ]
    return _assemble(blocks, variables, owners, objectives, rows, declared)


def _owners(block: Block, first: int, item: Any) -> NDArray[np.int_]:
    """Player index of each entry (row-major) of a variable or constraint of `block`."""
    if isinstance(block, Player):
        return np.full(item.size, first)
    if not item.shape or item.shape[0] != block.size:
        raise NotAGame(
            f"Population {block.name!r}: a kink (max, abs, norm) mixes several players' own "
            "variables; declare these players one by one."
        )
    return first + np.repeat(np.arange(block.size), item.size // block.size)


def check_ownership(blocks: Sequence[Block], shared: Sequence[Any]) -> None:
    """Every variable mentioned belongs to exactly one player; names are distinct."""
    if not blocks:
        raise NotAGame("A game needs at least one player.")
    owner_of: dict[int, str] = {}
    names: set[str] = set()
    for block in blocks:
        if not isinstance(block, (Player, Population)):
            raise NotAGame(f"{block!r} is not a Player or a Population.")
        for name in block.names:
            if name in names:
                raise NotAGame(f"Two players are called {name!r}; names must differ.")
            names.add(name)
        for variable in block.variables:
            if variable.id in owner_of:
                raise NotAGame(
                    f"Player {block.name!r}: variable {variable.name()!r} already belongs to "
                    f"{owner_of[variable.id]!r}."
                )
            owner_of[variable.id] = block.name
    seen: set[int] = set()
    for block in blocks:
        _check_known(block.expression, owner_of, f"Player {block.name!r}: the objective", seen)
        for place, constraint in enumerate(block.constraints):
            what = f"Player {block.name!r}: constraint {place}"
            _check_known(constraint, owner_of, what, seen)
    check_constraints("The game's shared_constraints", tuple(shared))
    for place, constraint in enumerate(shared):
        _check_known(constraint, owner_of, f"Shared constraint {place}", seen)


def _check_known(item: Any, owner_of: dict[int, str], what: str, seen: set[int]) -> None:
    for leaf in leaves(item, seen):
        if isinstance(leaf, cp.Variable) and leaf.id not in owner_of:
            raise NotAGame(
                f"{what} mentions variable {leaf.name()!r}, which belongs to no player; "
                "list it in some player's variables."
            )
        if leaf.is_complex():
            raise NotAGame(f"{what} holds complex numbers; games are played in real ones.")


def _label(owner: str, constraint: Any) -> str:
    """The owner, and the user's own label or the constraint as written."""
    return f"{owner}: {constraint.label or constraint}"


def _kind(block: Block) -> str:
    return type(block).__name__


def _row(label: str, what: str, constraint: Any, owners: NDArray[np.int_]) -> DeclaredRows:
    equality = isinstance(constraint, (cp.constraints.zero.Equality, cp.constraints.zero.Zero))
    sign = -1 if isinstance(constraint, cp.constraints.nonpos.NonNeg) else 1
    return DeclaredRows(label, what, constraint.expr, equality, sign, owners)


def _read(walker: Walker, expression: Any, what: str) -> Any:
    """The expression as symbols; what cannot be read is refused with the place it stands in."""
    try:
        return walker(expression)
    except NotAGame as reason:
        raise NotAGame(f"{what}: {reason}") from None


def variable_bounds(variable: Any) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Bounds from a variable's attributes, each (size,) in row-major order."""
    lower = np.full(variable.shape, -np.inf)
    upper = np.full(variable.shape, np.inf)
    if variable.attributes["bounds"] is not None:
        given_lower, given_upper = (_number(variable, bound) for bound in variable.bounds)
        lower = np.maximum(lower, given_lower)
        upper = np.minimum(upper, given_upper)
    if variable.attributes["nonneg"] or variable.attributes["pos"]:
        lower = np.maximum(lower, 0.0)
    if variable.attributes["nonpos"] or variable.attributes["neg"]:
        upper = np.minimum(upper, 0.0)
    return lower.ravel(), upper.ravel()


def _number(variable: Any, bound: Any) -> Any:
    """A bound as numbers; cvxpy allows expressions of parameters."""
    if not isinstance(bound, cp.Expression):
        return bound
    if bound.value is None:
        raise NotAGame(
            f"Variable {variable.name()!r} has a bound without a value; set the parameter's "
            ".value before declaring the game."
        )
    return np.asarray(bound.value)


def _assemble(
    blocks: Sequence[Block],
    variables: list[Any],
    owners: list[NDArray[np.int_]],
    objectives: list[Any],
    rows: list[DeclaredRows],
    declared: int,
) -> SymbolicGame:
    sizes = [variable.size for variable in variables]
    symbols = [ca.SX.sym(v.name(), s) for v, s in zip(variables, sizes, strict=True)]
    x = ca.vertcat(*symbols)
    owner = np.concatenate(owners)
    walker = Walker(
        {v.id: s for v, s in zip(variables, symbols, strict=True)},
        x,
        lift=owner.size > LIFT_ABOVE,
    )
    costs = ca.vertcat(
        *(
            block.sign * _read(walker, f, f"{_kind(block)} {block.name!r}")
            for block, f in zip(blocks, objectives, strict=True)
        )
    )
    _check_scalar(blocks, costs)
    columns = [row.sign * _read(walker, row.expression, row.what) for row in rows]
    bounds = [variable_bounds(variable) for variable in variables]
    lower = np.concatenate([pair[0] for pair in bounds])
    upper = np.concatenate([pair[1] for pair in bounds])
    aggregates = walker.aggregates
    sorter = Sorter(x, aggregates.symbol(), owner, lower, upper)
    places = [
        sorter.place(Row(row.label, row.what, row.equality, row.owners), column)
        for row, column in zip(rows, columns, strict=True)
    ]
    values = [None if v.value is None else np.asarray(v.value).ravel() for v in variables]
    return sorter.game(
        y=aggregates.symbol(),
        aggregates=aggregates,
        costs=costs,
        start=starting_point(values, np.array(sizes), lower, upper),
        declared=declared,
        places=tuple(place for place in places if place.label),
        names=coordinate_names(variables),
    )


def _check_scalar(blocks: Sequence[Block], costs: Any) -> None:
    expected = sum(len(block.names) for block in blocks)
    if costs.shape[0] != expected:
        for block in blocks:
            if isinstance(block, Player) and block.expression.size != 1:
                raise NotAGame(
                    f"Player {block.name!r}: the objective has shape {block.expression.shape}; "
                    "it must be a scalar."
                )


def variable_names(variables: Sequence[Any]) -> tuple[str, ...]:
    """The variables' own names, numbered where two share one."""
    return _numbered([variable.name() for variable in variables])


def _numbered(names: Sequence[str]) -> tuple[str, ...]:
    """`names` made distinct: 'x', 'x#2', 'x#3'."""
    taken: dict[str, int] = {}
    distinct: list[str] = []
    for name in names:
        copies, fresh = taken.get(name, 0), name
        while fresh in taken:
            copies = max(copies, 1) + 1
            fresh = f"{name}#{copies}"
        taken[name] = max(copies, 1)
        taken[fresh] = max(taken.get(fresh, 0), 1)
        distinct.append(fresh)
    return tuple(distinct)


def coordinate_names(variables: Sequence[Any]) -> tuple[str, ...]:
    """'q' for a scalar, 'x[0]', 'X[1,2]' for entries, in row-major order; all distinct."""
    names: list[str] = []
    for variable, name in zip(variables, variable_names(variables), strict=True):
        if not variable.shape:
            names.append(name)
            continue
        places = np.indices(variable.shape).reshape(len(variable.shape), -1).T
        names += [f"{name}[{','.join(map(str, place))}]" for place in places]
    return _numbered(names)
