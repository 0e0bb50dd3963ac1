r"""A chain with its stationary law, ready for Poisson's equation and its relaxation time.

For a chain with transitions P and one closed class: pi = pi P, sum pi = 1, and for rewards r the
average alpha = pi r with the bias g, g - P g = r - alpha, pi g = 0.

Every answer is checked: flows into and out of each state agree to 1e-9 *relative to that state's
flow*, or an error says so.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from eqsolve.errors import BadExperiment, EqsolveError
from eqsolve.markov.classes import ChainClasses, closed_class
from eqsolve.markov.elimination import Trapped
from eqsolve.markov.engines import solved_by
from eqsolve.markov.transitions import check_transitions
from eqsolve.results import Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from eqsolve.markov.engines import Engine

    Array = NDArray[np.float64]

_BALANCE = 1e-9
_RESIDUAL = 1e-12
_TINY = 1e-290  # masses near the end of the range of floating point have lost their digits


class Overflow(EqsolveError):
    """A chain is so slow that its bias is beyond floating point."""


@dataclass(frozen=True, eq=False)
class PoissonSolution:
    """Solution of Poisson's equation g - P g = r - average with law @ g = 0.

    Attributes
    ----------
    bias : ndarray, shape (S,) or (S, k)
        g, in units of reward: what starting in a state is worth in the long run, more than
        starting as the stationary law does.
    average : float or ndarray, shape (k,)
        Long-run reward a step.
    """

    bias: Array
    average: Any

    def table(self) -> Table:
        """Average and bias, one a row."""
        rows = (("average", self.average), ("bias", self.bias))
        return Table(("Poisson's equation", "value"), rows)

    def __repr__(self) -> str:
        return str(self.table())

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()


@dataclass(frozen=True, eq=False)
class SolvedChain:
    """A chain with its stationary law; made by `solve_chain`.

    Attributes
    ----------
    transitions : scipy.sparse.csr_array, shape (S, S)
    law : ndarray, shape (S,)
        Stationary probabilities; zero on transient states.
    classes : ChainClasses
    imbalance : float
        Largest relative difference between the flows out of and into a state.
    method : str
        "elimination", "repeated steps" or "BiCGSTAB".
    name : str
        What the chain is called in errors.
    """

    transitions: sparse.csr_array
    law: Array
    classes: ChainClasses
    imbalance: float
    name: str = "the chain"
    _engine: Engine = field(repr=False, kw_only=True)

    @property
    def method(self) -> str:
        return self._engine.name

    def poisson(self, rewards: Any) -> PoissonSolution:
        """Bias and average of one or several rewards.

        Parameters
        ----------
        rewards : array_like, shape (S,) or (S, k)
            Expected reward of a step from each state.

        Raises
        ------
        BadExperiment
            Rewards of another length, or not finite.
        EqsolveError
            The equation was not solved to rounding.
        """
        reward = _checked_rewards(rewards, self.law.size, self.name)
        columns = reward.reshape(self.law.size, -1)
        # Taken from the likeliest state's reward: a constant then costs no accuracy.
        base = columns[np.argmax(self.law)]
        excess = columns - base
        centre = self.law @ excess
        right = excess - centre
        bias = self._solution(right)
        if not self._solves(bias, right):
            raise EqsolveError(self._unsolved())
        bias = bias - self.law @ bias
        average = base + centre
        if reward.ndim == 1:
            return PoissonSolution(bias[:, 0], float(average[0]))
        return PoissonSolution(bias, average)

    def deviation(self, right: Array) -> Array:
        """g (S, k) with g - P g = right - law @ right and law @ g = 0, residual unchecked."""
        bias = self._solution(right - self.law @ right)
        return np.asarray(bias - self.law @ bias)

    def relaxation_time(self) -> float:
        """See `eqsolve.markov.relaxation_time`."""
        from eqsolve.markov.relaxation import relaxation_time_of

        return relaxation_time_of(self)

    def _unsolved(self) -> str:
        return (
            f"Poisson's equation of {self.name} was not solved to rounding by {self.method}: "
            f"it mixes too slowly for its size; fewer states or coarser bins would help."
        )

    def _solves(self, bias: Array, right: Array) -> bool:
        """The residual is rounding: of the bias, or of the sums in which it cancelled."""
        rest = np.abs(bias - self.transitions @ bias - right).max(axis=0)
        size = np.abs(bias).max(axis=0) + np.abs(right).max(axis=0)
        if (rest <= _RESIDUAL * size).all():
            return True
        if self.method != "elimination":
            return False
        summed = self._solution(np.abs(right)).max(axis=0)
        return bool((rest <= _RESIDUAL * (size + summed)).all())

    def _solution(self, right: Array) -> Array:
        try:
            solution = self._engine.solve(right)
        except Trapped as trapped:
            raise Overflow(
                f"Poisson's equation of {self.name} overflows: from around state {trapped.state} "
                f"the chain hardly ever gets back to its likeliest state."
            ) from trapped
        if solution is None:
            raise EqsolveError(self._unsolved())
        return solution

    def table(self) -> Table:
        """What the chain is, one property a row."""
        rows = (
            ("states", self.law.size),
            ("transitions", self.transitions.nnz),
            ("transient states", self.classes.transient.size),
            ("least mass", float(self.law[self.law > 0].min())),
            ("largest mass", float(self.law.max())),
            ("largest imbalance of flows", self.imbalance),
            ("solved by", self.method),
        )
        return Table((self.name, "value"), rows)

    def __repr__(self) -> str:
        return str(self.table())

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()


def solve_chain(
    transitions: Any, *, name: str = "the chain", states: Sequence[Any] | None = None
) -> SolvedChain:
    """The stationary law of a chain, and what is needed for its other equations.

    Parameters
    ----------
    transitions : array_like or scipy.sparse array, shape (S, S)
        Rows sum to one; one closed class, perhaps with transient states. Up to 10^6 states.
    name : str
        What the chain is called in errors.
    states : sequence, optional
        Names of the states for errors.

    Raises
    ------
    BadExperiment
        A row is not a probability distribution, or there are several closed classes.
    EqsolveError
        The law was not reached: two sets of states that the chain leaves less than once in 10^300
        steps, or a large chain that neither mixes nor falls apart into small blocks.

    Examples
    --------
    One elimination for the law and for two rewards:

    >>> chain = solve_chain([[0.5, 0.5, 0.0], [0.25, 0.25, 0.5], [0.0, 1.0, 0.0]])
    >>> chain.law
    array([0.25, 0.5 , 0.25])
    >>> chain.poisson([[1.0, 0.0], [0.0, 0.0], [0.0, 1.0]]).average
    array([0.25, 0.25])
    """
    matrix = check_transitions(transitions, name)
    classes = closed_class(matrix, name, states)
    members = classes.closed[0]
    engine, law = solved_by(matrix, members, name, states)
    imbalance = _imbalance(matrix, law)
    if not imbalance <= _BALANCE:
        raise EqsolveError(
            f"The stationary law of {name} was not reached: flows into and out of a state differ "
            f"by {imbalance:.1e} of that state's flow."
        )
    return SolvedChain(matrix, law, classes, imbalance, name, _engine=engine)


def _imbalance(matrix: sparse.csr_array, law: Array) -> float:
    """Largest relative difference between the flows out of and into a state, holds left out."""
    row = np.repeat(np.arange(law.size), np.diff(matrix.indptr))
    off = row != matrix.indices
    flow = law[row[off]] * matrix.data[off]
    out = np.bincount(row[off], flow, minlength=law.size)
    into = np.bincount(matrix.indices[off], flow, minlength=law.size)
    counted = np.maximum(out, into) > _TINY
    difference = np.abs(out - into)[counted] / np.maximum(out, into)[counted]
    return float(difference.max(initial=0.0))


def _checked_rewards(rewards: Any, states: int, name: str) -> Array:
    try:
        reward = np.asarray(rewards, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise BadExperiment(f"The rewards of {name} must be numbers, one a state.") from error
    if reward.ndim not in (1, 2) or reward.shape[0] != states:
        raise BadExperiment(
            f"The rewards of {name} must have shape ({states},) or ({states}, k), one row a "
            f"state, not {reward.shape}."
        )
    bad = np.flatnonzero(~np.isfinite(reward.reshape(states, -1)).all(axis=1))
    if bad.size:
        raise BadExperiment(f"The reward of {name} in state {bad[0]} is not a finite number.")
    return reward
