r"""Which way of solving a chain suits it, found by trying what is cheap first.

1. Up to a hundred states, elimination in one dense block; up to a few hundred, in several.
2. Repeated steps, given up after 24 when their contraction says that 240 will not do: random
   sparse chains mix in 50 steps, and nothing else is affordable, because elimination fills in.
3. Elimination in nested dissection, if that takes less than half a minute: walks, queues, grids,
   trees, anything that falls apart into small blocks, however slow or lopsided.
4. BiCGSTAB with positive sweeps.
5. Elimination after all, if memory allows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from eqsolve.errors import BadExperiment, EqsolveError
from eqsolve.markov.classes import named
from eqsolve.markov.elimination import DenseElimination, Elimination, Trapped, front_tree
from eqsolve.markov.krylov import krylov_chain
from eqsolve.markov.repeated_steps import likely_state, repeat_steps

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from eqsolve.markov.krylov import KrylovChain
    from eqsolve.markov.repeated_steps import RepeatedSteps

    Array = NDArray[np.float64]
    Indices = NDArray[np.intp]
    Eliminated = Elimination | DenseElimination
    Engine = Eliminated | RepeatedSteps | KrylovChain

_DENSE = 128  # states up to which a chain is one block
_SMALL = 400  # states up to which nothing is faster than elimination
_WORK = 3e11  # operations of an elimination that is preferred to BiCGSTAB: half a minute
_MEMORY = 7.5e8  # numbers that an elimination may hold: 6 GB
_RESTARTS = 2
_LIKELY = 1e-3  # of the largest mass, that the last state should have
_RARE = 1e-300
_NEVER = 1e200  # steps


def solved_by(
    matrix: sparse.csr_array, members: Indices, name: str, states: Sequence[Any] | None
) -> tuple[Engine, Array]:
    """What solves the chain, and its stationary law.

    Parameters
    ----------
    matrix : scipy.sparse.csr_array, shape (S, S)
        Rows sum to one.
    members : ndarray of int
        States of the one closed class.
    name : str
        What the chain is called in errors.
    states : sequence or None
        Names of the states for errors.

    Raises
    ------
    BadExperiment
        Two sets of states between which the chain goes less than once in 10^300 steps.
    EqsolveError
        Neither iteration nor an elimination that memory holds.
    """
    count = matrix.shape[0]
    forward = sparse.csr_array(matrix.T)
    likely = likely_state(forward, members)
    if count <= _DENSE:
        rates = matrix.toarray()
        return _eliminated(
            lambda last: DenseElimination(rates, last), members, likely, name, states
        )
    if count > _SMALL:
        stepped = repeat_steps(matrix, forward, members, likely)
        if stepped is not None:
            return stepped, stepped.law
    tree = front_tree(matrix, likely)
    if tree.work > _WORK or tree.memory > _MEMORY:
        solved = krylov_chain(matrix, members)
        if solved is not None:
            return solved, solved.law
        if tree.memory > _MEMORY:
            raise EqsolveError(
                f"The stationary law of {name} with {count} states is out of reach: it mixes too "
                f"slowly for iteration, and its elimination would take "
                f"{tree.memory * 8e-9:.0f} GB; fewer states or coarser bins would help."
            )
    trees = {likely: tree}
    return _eliminated(
        lambda last: Elimination(matrix, trees.get(last) or front_tree(matrix, last)),
        members,
        likely,
        name,
        states,
    )


def _eliminated(
    eliminate: Callable[[int], Eliminated],
    members: Indices,
    last: int,
    name: str,
    states: Sequence[Any] | None,
) -> tuple[Eliminated, Array]:
    """Elimination down to a likely state: to another one where the first turns out rare.

    A bias comes out as sums over the time until the last state is met; were that long compared
    with the time in which the chain settles, most of each sum would cancel.
    """
    tried: list[int] = []
    while True:
        tried.append(last)
        try:
            engine = eliminate(last)
            law = engine.law()
            _check_rare(engine, law, members)
        except Trapped as trapped:
            if trapped.state not in members:
                raise BadExperiment(
                    f"{name[0].upper()}{name[1:]} leaves transient states around "
                    f"{named(trapped.state, states)} with a probability below 1e-290, for all "
                    f"purposes never: leave them out."
                ) from trapped
            if trapped.state in tried or len(tried) > _RESTARTS:
                here, there = named(last, states), named(trapped.state, states)
                raise BadExperiment(
                    f"{name[0].upper()}{name[1:]} goes from around state {here} to around state "
                    f"{there} and back with probabilities below 1e-300: its stationary law is "
                    f"beyond floating point; keep one of the two sets of states."
                ) from trapped
            last = trapped.state
        else:
            likeliest = int(np.argmax(law))
            if law[last] >= _LIKELY * law[likeliest]:
                return engine, law
            last = likeliest


def _check_rare(engine: Eliminated, law: Array, members: Indices) -> None:
    """Refuse a law in which rare states may hide others that are not.

    Where the chain is entered less than once in 10^300 steps, masses are lost. That is as it
    should be if it soon leads back to the last state; if it does not, mass may gather there.
    """
    rare = members[law[members] < _RARE]
    if rare.size:
        time = engine.solve(np.ones((law.size, 1)))[rare, 0]
        if time.max() > _NEVER:
            raise Trapped(int(rare[np.argmax(engine.longest[rare])]))
