"""The least a step can cost on average: a linear program over occupancies.

    minimise  sum cost(l, x) gamma(l, x)   over occupancies that keep floors and forbidden arms,

a Markov decision problem of average cost (Manne 1960). In u = gamma / coin, because stationary
masses span many powers of ten.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from eqsolve.errors import BadExperiment

if TYPE_CHECKING:
    from eqsolve.programs.sampling import SamplingProgram


def least_average_cost(program: SamplingProgram) -> float:
    """Least average of the program's `costs`, its cost limit aside.

    Examples
    --------
    Without states the cheaper arm runs all the time, but for the floor of the other:

    >>> from eqsolve.programs.sampling import SamplingProgram
    >>> one = np.ones((2, 1))
    >>> program = SamplingProgram(
    ...     (sparse.csr_array([[1.0]]), sparse.csr_array([[1.0]])), one, one, one.T, one,
    ...     floor=[0.1, 0.1], costs=[[1.0], [3.0]], cost_limit=5.0,
    ... )
    >>> round(least_average_cost(program), 9)
    1.2
    """
    from scipy.optimize import linprog

    arms, states = program.arms, program.states
    places = np.flatnonzero(program.usable.ravel())
    coin = program.coin.ravel()[places]
    unit = np.where(coin > 0, coin, 1.0 / coin.size)
    balance = sparse.hstack(
        [sparse.eye_array(states) - kernel.T for kernel in program.kernels], format="csr"
    )[:, places] @ sparse.diags_array(unit)
    sizes = np.sqrt(np.asarray(balance.power(2).sum(axis=1)).ravel())
    sizes[sizes == 0] = 1.0
    equal = sparse.vstack([sparse.diags_array(1.0 / sizes) @ balance, sparse.csr_array(unit[None])])
    floor = np.repeat(program.floor, states)[places]
    least = None
    if floor.any():
        place = sparse.csr_array(
            (np.ones(places.size), (np.arange(places.size), places % states)),
            shape=(places.size, states),
        )
        shared = place @ (place.T @ sparse.diags_array(unit))
        least = sparse.diags_array(floor / unit) @ shared - sparse.eye_array(places.size)
    answer = linprog(
        np.asarray(program.costs).reshape(arms * states)[places] * unit,
        A_ub=least,
        b_ub=None if least is None else np.zeros(places.size),
        A_eq=equal,
        b_eq=np.concatenate([np.zeros(states), [1.0]]),
        method="highs",
    )
    if answer.status != 0:
        raise BadExperiment(f"The least average cost could not be found: {answer.message}")
    return float(answer.fun)
