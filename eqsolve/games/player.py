"""Players: a name, an objective, the variables they own, the constraints they obey."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import cvxpy as cp
import numpy as np

from eqsolve.errors import NotAGame


def as_tuple(owner: str, what: str, value: Any) -> tuple[Any, ...]:
    """Accept one object or an iterable of them."""
    if isinstance(value, (cp.Variable, cp.Constraint, bool, np.bool_)):
        return (value,)
    if not isinstance(value, Iterable) or isinstance(value, (str, cp.Expression)):
        raise NotAGame(f"{owner}: {what} must be a list, not {type(value).__name__}.")
    return tuple(value)


def check_variables(owner: str, variables: tuple[Any, ...]) -> None:
    """Refuse what no player can choose continuously."""
    if not variables:
        raise NotAGame(f"{owner} owns no variables; give at least one cp.Variable.")
    for variable in variables:
        if not isinstance(variable, cp.Variable):
            raise NotAGame(
                f"{owner}: {variable!r} is not a cp.Variable; a player owns whole variables."
            )
        if variable.size == 0:
            raise NotAGame(f"{owner}: variable {variable.name()!r} has no entries.")
        set_attributes = [
            name
            for name, value in variable.attributes.items()
            if value not in (False, None) and name not in ALLOWED_ATTRIBUTES
        ]
        if {"boolean", "integer"} & set(set_attributes):
            raise NotAGame(
                f"{owner}: variable {variable.name()!r} is {set_attributes[0]}; "
                "players choose continuous variables (use a finite game for discrete choices)."
            )
        if set_attributes:
            raise NotAGame(
                f"{owner}: variable {variable.name()!r} has the attribute {set_attributes[0]!r}; "
                "declare a plain variable and write the condition as constraints."
            )


ALLOWED_ATTRIBUTES = frozenset({"nonneg", "nonpos", "pos", "neg", "bounds"})


def check_constraints(owner: str, constraints: tuple[Any, ...]) -> None:
    """Only equalities and elementwise inequalities can carry multipliers row by row."""
    for place, constraint in enumerate(constraints):
        if isinstance(constraint, (bool, np.bool_)):
            raise NotAGame(
                f"{owner}: constraint {place} is the plain truth value {constraint}; "
                "it compares numbers, not cvxpy expressions."
            )
        if not isinstance(constraint, ROWWISE):
            raise NotAGame(
                f"{owner}: constraint {place} is a {type(constraint).__name__}; "
                "write it as <=, >= or == between expressions."
            )


ROWWISE = (
    cp.constraints.nonpos.Inequality,
    cp.constraints.nonpos.NonPos,
    cp.constraints.nonpos.NonNeg,
    cp.constraints.zero.Equality,
    cp.constraints.zero.Zero,
)


@dataclass(frozen=True, eq=False)
class Player:
    """One player of a continuous game.

    Parameters
    ----------
    name : str
        How the player is called in results and errors.
    objective : cp.Minimize or cp.Maximize
        Scalar; may mention the other players' variables.
    variables : cp.Variable or sequence of cp.Variable
        What the player chooses, of any shape; whole variables.
    constraints : sequence of cvxpy constraints
        Equalities and inequalities that bind this player alone; they too may
        mention the others' variables.

    Raises
    ------
    NotAGame
        When the objective is not a scalar `cp.Minimize`/`cp.Maximize`, a variable is
        integer, or a constraint is not elementwise; the message names it.

    Examples
    --------
    >>> import cvxpy as cp
    >>> q = cp.Variable(nonneg=True, name="q")
    >>> Player("firm", cp.Maximize(q * (10 - q)), [q], [q <= 4])
    Player 'firm': maximize q * (10.0 + -q) over q, 1 constraint
    """

    name: str
    objective: Any
    variables: Any
    constraints: Any = ()

    def __post_init__(self) -> None:
        owner = f"Player {self.name!r}"
        if not isinstance(self.name, str) or not self.name:
            raise NotAGame(f"A player's name must be a non-empty string, not {self.name!r}.")
        if not isinstance(self.objective, (cp.Minimize, cp.Maximize)):
            raise NotAGame(
                f"{owner}: the objective must be cp.Minimize(...) or cp.Maximize(...), "
                f"not {type(self.objective).__name__}."
            )
        object.__setattr__(self, "variables", as_tuple(owner, "variables", self.variables))
        object.__setattr__(self, "constraints", as_tuple(owner, "constraints", self.constraints))
        check_variables(owner, self.variables)
        check_constraints(owner, self.constraints)

    @property
    def names(self) -> tuple[str, ...]:
        return (self.name,)

    @property
    def sign(self) -> int:
        """+1 when the objective is a cost, -1 when it is a profit."""
        return -1 if isinstance(self.objective, cp.Maximize) else 1

    @property
    def expression(self) -> Any:
        """The objective's expression, in the declared sense."""
        return self.objective.args[0]

    def __repr__(self) -> str:
        sense = "maximize" if self.sign < 0 else "minimize"
        over = ", ".join(variable.name() for variable in self.variables)
        count = len(self.constraints)
        rows = f"{count} constraint{'' if count == 1 else 's'}" if count else "no constraints"
        return f"Player {self.name!r}: {sense} {_short(self.expression)} over {over}, {rows}"


def _short(expression: Any) -> str:
    text = str(expression)
    return text if len(text) <= 80 else text[:77] + "..."


@dataclass(frozen=True, eq=False)
class Population:
    """Many players alike in form, declared by one vector expression.

    Player j's objective is entry j of the expression, and it owns row j of each
    variable: a thousand firms cost three cvxpy expressions instead of thousands.

    Parameters
    ----------
    name : str
        Players are called ``name[0]``, ``name[1]``, ...
    variables : cp.Variable or sequence of cp.Variable
        Each of shape (N,) or (N, ...): row j belongs to player j.
    maximize, minimize : cp.Expression, shape (N,)
        Exactly one of them.
    constraints : sequence of cvxpy constraints
        Of shape (N,) or (N, ...): row j binds player j alone.
    names : sequence of str, optional
        N names to use instead of ``name[j]``.

    Raises
    ------
    NotAGame
        When shapes disagree or both or neither sense is given.

    Examples
    --------
    >>> import cvxpy as cp, numpy as np
    >>> q = cp.Variable(1000, nonneg=True, name="q")
    >>> price = 100 - cp.sum(q) / 10
    >>> cost = np.linspace(10, 20, 1000)
    >>> Population("firm", q, maximize=cp.multiply(q, price - cost), constraints=[q <= 2])
    Population 'firm': 1000 players, each maximizing its entry over q, 1 constraint
    """

    name: str
    variables: Any
    maximize: Any = None
    minimize: Any = None
    constraints: Any = ()
    names: Any = None

    def __post_init__(self) -> None:
        owner = f"Population {self.name!r}"
        if (self.maximize is None) == (self.minimize is None):
            raise NotAGame(f"{owner}: give exactly one of maximize= and minimize=.")
        object.__setattr__(self, "variables", as_tuple(owner, "variables", self.variables))
        object.__setattr__(self, "constraints", as_tuple(owner, "constraints", self.constraints))
        check_variables(owner, self.variables)
        check_constraints(owner, self.constraints)
        expression = self.expression
        if not isinstance(expression, cp.Expression) or len(expression.shape) != 1:
            raise NotAGame(
                f"{owner}: the objective must be a vector expression with one entry a player."
            )
        size = self.size
        for variable in self.variables:
            if not variable.shape or variable.shape[0] != size:
                raise NotAGame(
                    f"{owner}: variable {variable.name()!r} has shape {variable.shape}, but the "
                    f"objective has {size} entries; the first axis must count the players."
                )
        for place, constraint in enumerate(self.constraints):
            if not constraint.shape or constraint.shape[0] != size:
                raise NotAGame(
                    f"{owner}: constraint {place} has shape {constraint.shape}; its first axis "
                    f"must count the {size} players (shared limits go to shared_constraints)."
                )
        names = self.names
        names = tuple(f"{self.name}[{j}]" for j in range(size)) if names is None else tuple(names)
        if len(names) != size:
            raise NotAGame(f"{owner}: {len(names)} names for {size} players.")
        object.__setattr__(self, "names", names)

    @property
    def size(self) -> int:
        """How many players."""
        return int(self.expression.shape[0])

    @property
    def sign(self) -> int:
        """+1 when the objective is a cost, -1 when it is a profit."""
        return -1 if self.minimize is None else 1

    @property
    def expression(self) -> Any:
        """The vector of objectives, in the declared sense."""
        return self.maximize if self.minimize is None else self.minimize

    def __repr__(self) -> str:
        sense = "maximizing" if self.sign < 0 else "minimizing"
        over = ", ".join(variable.name() for variable in self.variables)
        count = len(self.constraints)
        rows = f"{count} constraint{'' if count == 1 else 's'}" if count else "no constraints"
        return (
            f"Population {self.name!r}: {self.size} players, each {sense} its entry over {over}, "
            f"{rows}"
        )
