r"""Stationary laws: pi = pi P, sum pi = 1.

A chain with one closed class has exactly one; it is zero on the transient states. How it is
found, see `eqsolve.markov.chain`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from eqsolve.markov.chain import solve_chain

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray


def stationary_law(
    transitions: Any, *, name: str = "the chain", states: Sequence[Any] | None = None
) -> NDArray[np.float64]:
    """Stationary probabilities of a chain, each with a small relative error.

    Parameters
    ----------
    transitions : array_like or scipy.sparse array, shape (S, S)
        Rows sum to one; one closed class, perhaps with transient states. Up to 10^6 states.
    name : str
        What the chain is called in errors: ``"arm 'b'"``.
    states : sequence, optional
        Names of the states for errors.

    Returns
    -------
    ndarray, shape (S,)
        Zero on transient states, and where a mass is below 1e-308 of the largest.

    Raises
    ------
    BadExperiment
        A row is not a probability distribution, or there are several closed classes; the row or
        the classes are named.
    EqsolveError
        The law was not reached: see `solve_chain`.

    Notes
    -----
    Grassmann, Taksar and Heyman, Operations Research 33 (1985): elimination whose pivots are
    sums, not differences.

    Examples
    --------
    A walk that is three times likelier to step up than down: masses fall by 3 a step.

    >>> from scipy import sparse
    >>> down, up, hold = [0.25] * 150, [0.75] * 150, [0.25] + [0.0] * 149 + [0.75]
    >>> law = stationary_law(sparse.diags_array([down, hold, up], offsets=[-1, 0, 1]))
    >>> print(f"{law[0]:.6e}", f"{2 * 3.0**-150 / 3:.6e}")
    1.801858e-72 1.801858e-72
    """
    return solve_chain(transitions, name=name, states=states).law
