"""Kinks made smooth: max, abs, norms of a player's own variables become epigraph variables.

A player who minimises f(|x|), f increasing, may as well minimise f(t) over
t >= x, t >= -x. The auxiliary t belongs to the player. Where f decreases in |x| the
replacement would be wrong and the kink stays: no best answer lies on it. Where the
direction depends on others' strategies the replacement is made, and an answer at which
it was wrong fails its certificate.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from cvxpy.atoms.elementwise.abs import abs as abs_atom
from cvxpy.atoms.elementwise.maximum import maximum
from cvxpy.atoms.elementwise.minimum import minimum
from cvxpy.atoms.max import max as max_atom
from cvxpy.atoms.min import min as min_atom
from cvxpy.atoms.norm1 import norm1
from cvxpy.atoms.norm_inf import norm_inf
from cvxpy.atoms.sum_largest import sum_largest
from cvxpy.reductions.eliminate_pwl.canonicalizers.abs_canon import abs_canon
from cvxpy.reductions.eliminate_pwl.canonicalizers.max_canon import max_canon
from cvxpy.reductions.eliminate_pwl.canonicalizers.maximum_canon import maximum_canon
from cvxpy.reductions.eliminate_pwl.canonicalizers.min_canon import min_canon
from cvxpy.reductions.eliminate_pwl.canonicalizers.minimum_canon import minimum_canon
from cvxpy.reductions.eliminate_pwl.canonicalizers.norm1_canon import norm1_canon
from cvxpy.reductions.eliminate_pwl.canonicalizers.norm_inf_canon import norm_inf_canon
from cvxpy.reductions.eliminate_pwl.canonicalizers.sum_largest_canon import sum_largest_canon

from eqsolve.games.traversal import Contains, mentions

CONCAVE = (minimum, min_atom)
EPIGRAPHS = {
    abs_atom: abs_canon,
    maximum: maximum_canon,
    max_atom: max_canon,
    minimum: minimum_canon,
    min_atom: min_canon,
    norm1: norm1_canon,
    norm_inf: norm_inf_canon,
    sum_largest: sum_largest_canon,
}


@dataclass
class Epigraphs:
    """Auxiliary variables and constraints collected for one player.

    Parameters
    ----------
    own : set of int
        Ids of the player's variables; kinks in others' variables are left alone.
    has_kink : Contains
        Remembers which subexpressions hold kinks; shared by all players.
    """

    own: set[int]
    has_kink: Contains
    variables: list[Any] = field(default_factory=list)
    constraints: list[Any] = field(default_factory=list)

    def smooth(self, node: Any, push: int) -> Any:
        """`node` with every kink in the player's own variables replaced.

        Parameters
        ----------
        node : cvxpy expression
        push : int
            +1 where a lower value of the node is better for the player (or easier to admit),
            -1 where a higher one is, 0 where that is not known.
        """
        if not self.has_kink(node) or not mentions(node, self.own):
            return node
        arguments = [
            self.smooth(argument, push * _direction(node, place))
            for place, argument in enumerate(node.args)
        ]
        bends = -1 if isinstance(node, CONCAVE) else 1
        if type(node) not in EPIGRAPHS or push * bends < 0:
            return node.copy(arguments)
        known = {variable.id for variable in node.variables()}
        replaced, constraints = EPIGRAPHS[type(node)](node, arguments)
        for constraint in constraints:
            for variable in constraint.variables():
                if variable.id not in known | self.own:
                    self.variables.append(variable)
                    self.own.add(variable.id)
        self.constraints += constraints
        return replaced


def _direction(node: Any, place: int) -> int:
    """+1 where the node rises with the argument, -1 where it falls, 0 where neither is known."""
    return int(node.is_incr(place)) - int(node.is_decr(place))


def kinks() -> Contains:
    """A fresh memory of which expressions hold kinks."""
    return Contains(frozenset(EPIGRAPHS))
