"""Published bilevel problems with their optima, in the public language, each with its source.

One module a class of problem. Data are those of the libraries BASBLib (Paulavicius and
Adjiman 2019), BOLIB (Zhou, Zemkoho and Tin 2020) and MacMPEC (Leyffer 2000) and of the
papers behind them; where these differ, `note` says which is meant.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import cvxpy as cp

import eqsolve as eq

from .readings import HALF_DIGIT


@dataclass(frozen=True)
class BilevelProblem:
    """A game to be solved with `eq.Stackelberg(leader=problem.leader)`, and its value.

    Attributes
    ----------
    name : str
        As the literature calls it.
    game : eqsolve.Game
        Leader and follower (or followers); the constraints of each level belong to its player.
    leader : str
        Who moves first.
    value : float
        The leader's objective at the optimum, counting on the followers' answer that is best
        for the leader (optimistic).
    source : str
        Where data and value come from.
    follower : "convex" or "nonconvex"
        Whether every follower's problem is convex for every decision of the leader.
    value_kind : "published", "refined" or "corrected"
        As printed; printed with fewer digits and computed further; a misprint put right.
    note : str
        What to know before comparing.
    regular : bool
        False where the follower's constraints meet no constraint qualification at the
        optimum, so that its first-order conditions do not reach it.
    half_digit : float
        Half a unit of the last digit that is printed, where few are.
    """

    name: str
    game: Any
    leader: str
    value: float
    source: str
    follower: str = "convex"
    value_kind: str = "published"
    note: str = ""
    regular: bool = True
    half_digit: float = 0.0


def two_level(
    leader: Any,
    x: Sequence[Any],
    upper: Sequence[Any],
    follower: Any,
    y: Sequence[Any],
    lower: Sequence[Any],
) -> Any:
    """The game of a leader who minimises over `x` and a follower who minimises over `y`.

    A leader's inequality on the follower's decision alone becomes an equation with a slack
    that the leader owns, because a player's constraint has to mention the player.
    """
    own = {variable.id for variable in x}
    rows, slacks = [], []
    for row in upper:
        if any(variable.id in own for variable in row.variables()):
            rows.append(row)
            continue
        slack = cp.Variable(row.shape, nonneg=True, name=f"slack{len(slacks)}")
        slacks.append(slack)
        rows.append(row.expr + slack == 0)
    return eq.Game(
        [
            eq.Player("leader", cp.Minimize(leader), [*x, *slacks], constraints=rows),
            eq.Player("follower", cp.Minimize(follower), y, constraints=lower),
        ]
    )


def classes() -> dict[str, tuple[Any, ...]]:
    """Functions that build the problems, by class."""
    from . import (
        convex_nonlinear,
        linear_linear,
        linear_quadratic,
        nonconvex_follower,
        quadratic_quadratic,
        toll_setting,
    )

    modules = (
        linear_linear,
        linear_quadratic,
        quadratic_quadratic,
        toll_setting,
        convex_nonlinear,
        nonconvex_follower,
    )
    return {module.__name__.rpartition(".")[2]: module.PROBLEMS for module in modules}


def problems() -> list[BilevelProblem]:
    """Every problem, class by class."""
    built = [build() for builders in classes().values() for build in builders]
    return [replace(p, half_digit=HALF_DIGIT.get(p.name, 0.0)) for p in built]
