r"""Relaxation time of a chain: 1 / (1 - |lambda|), lambda its second largest eigenvalue in modulus.

Work is done in L2(pi): with s = sqrt(pi), the matrix s(x) P(x, y) / s(y) has P's eigenvalues,
is symmetric where the chain is reversible, and has norm one otherwise, so that its eigenvalues
are far better conditioned than P's own, whose drift makes them nonsense from some 50 states on.
A closed class of period d has d eigenvalues on the unit circle; their eigenvectors are the
functions of the cyclic class, which are projected out.

Eigenvalues near one are found from the deviation matrix D, whose eigenvalues are
1 / (1 - lambda): it is applied by solving Poisson's equation, whose solution keeps its relative
accuracy, so that 1 - |lambda| does too, even at 1e-20. The other eigenvalues come from the matrix
itself, those near minus one from (I + P)^-1.

Transient states add the eigenvalues of P among them. For each class of them the largest is
Perron's, found by inverse iteration between the bounds of Collatz and Wielandt.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse
from scipy.sparse import csgraph
from scipy.sparse.linalg import splu

from eqsolve.markov.chain import Overflow, solve_chain
from eqsolve.markov.classes import cyclic_classes
from eqsolve.markov.elimination import Elimination, Trapped, front_tree

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from eqsolve.markov.chain import SolvedChain

    Array = NDArray[np.float64]
    Indices = NDArray[np.intp]
    Values = NDArray[np.complex128]
    Operator = Callable[[Array], Array]

_DENSE = 300  # states up to which all eigenvalues are computed
_NEAR_ONE = 1e-4  # eigenvalues nearer to one are taken from the deviation matrix
_ROUNDING = 1e-15
_UNSEEN = 1e-290  # states with less mass are never met
_ARNOLDI = 40
_TO_AND_FRO = -0.95  # approximate eigenvalues below which one near minus one is looked for
_PERRON = 1e-6  # relative width of the bounds at which Perron's eigenvalue will do
_INVERSE_STEPS = 200


def relaxation_time(transitions: Any, law: Any = None) -> float:
    """Steps in which a chain forgets its start by a factor e: 1 / (1 - |lambda_2|).

    lambda_2 is the eigenvalue of P of second largest modulus: of all its eigenvalues but the d on
    the unit circle that belong to the closed class, d its period. A cycle through all states has
    no others; its relaxation time is 1, like that of a chain that forgets everything at once.
    Eigenvalues of the transient states count: a run has to leave them.

    Parameters
    ----------
    transitions : array_like or scipy.sparse array, shape (S, S)
        Rows sum to one; one closed class, perhaps with transient states.
    law : array_like, shape (S,), optional
        Accepted for symmetry with `poisson`; the law is found anyway.

    Returns
    -------
    float
        At least 1, in steps; infinite where the chain is left with a probability below 1e-290.

    Raises
    ------
    BadExperiment
        A row is not a probability distribution, or there are several closed classes.

    Notes
    -----
    Eigenvalues near one, the usual reason to be slow, are found in relative terms: 1e20 steps
    are 1e20 and not the reciprocal of rounding. Others near the unit circle, of chains that are
    almost periodic, are told from it down to a distance of 1e-15.

    Up to 300 states all eigenvalues are computed. In larger chains those nearest one and minus
    one are, to three digits at least, and the largest of the others as Arnoldi's iteration
    approaches them, from below and to a few per cent. States with less than 1e-290 of the mass
    are left out. A class of more than 300 transient states whose eigenvalues crowd (a long
    drift) enters with an upper bound.

    Examples
    --------
    >>> round(relaxation_time([[0.9, 0.1], [0.2, 0.8]]), 12)
    3.333333333333
    >>> print(f"{relaxation_time([[1.0, 1e-20], [1e-20, 1.0]]):.6g}")
    5e+19
    """
    del law
    return solve_chain(transitions).relaxation_time()


def relaxation_time_of(chain: SolvedChain) -> float:
    """See `relaxation_time`."""
    try:
        gap = _closed_gap(chain)
    except Overflow:
        return np.inf
    gap = min(gap, _transient_gap(chain.transitions, chain.classes.transient))
    return 1.0 / gap if gap > 0 else np.inf


class _Recurrent:
    """P and D of the closed class in L2(pi), without the eigenvalues on the unit circle.

    Operators take and give arrays (n, k), n the states of the closed class that are ever met.
    """

    def __init__(self, chain: SolvedChain) -> None:
        members = chain.classes.closed[0]
        met = chain.law[members] > _UNSEEN
        self.chain, self.states = chain, members[met]
        self.period, cyclic = cyclic_classes(chain.transitions, members)
        self.cyclic = cyclic[met]
        self.root = np.sqrt(chain.law[self.states])
        inside = chain.transitions[self.states, :][:, self.states]
        self.matrix = sparse.csr_array(
            sparse.diags_array(self.root) @ inside @ sparse.diags_array(1.0 / self.root)
        )

    def without_cycles(self, y: Array) -> Array:
        """y less its projection on functions of the cyclic class."""
        within = (self.root[:, None] * y).T
        sums = [np.bincount(self.cyclic, column, self.period) for column in within]
        return np.asarray(y - self.period * self.root[:, None] * np.stack(sums, 1)[self.cyclic])

    def step(self, y: Array) -> Array:
        return self.without_cycles(self.matrix @ self.without_cycles(y))

    def deviate(self, y: Array) -> Array:
        right = np.zeros((self.chain.law.size, y.shape[1]))
        right[self.states] = self.without_cycles(y) / self.root[:, None]
        bias = self.chain.deviation(right)[self.states]
        return self.without_cycles(self.root[:, None] * bias)


def _closed_gap(chain: SolvedChain) -> float:
    """1 - |lambda_2| of the closed class."""
    part = _Recurrent(chain)
    size = part.states.size
    if part.period >= size:
        return 1.0
    if size <= _DENSE:
        values = _eigenvalues(part.step(np.eye(size)))
        if (np.abs(1.0 - values) >= _NEAR_ONE).all():
            return _gap(values)
        return min(_gap(values), _gap_of_inverses(_eigenvalues(part.deviate(np.eye(size)))))
    ritz = _ritz_values(part.step, size, smoothing=30)
    if chain.method == "repeated steps":
        return float(1.0 - np.abs(ritz).max())
    slowest = _ritz_values(part.deviate, size, smoothing=2, enough=1e-6)
    gap = min(_gap(ritz), _gap_of_inverses(slowest))
    if chain.method == "elimination" and ritz.real.min() < _TO_AND_FRO:
        gap = min(gap, _gap_at_minus_one(part))
    return gap


def _eigenvalues(matrix: Array) -> Values:
    return np.asarray(np.linalg.eigvals(matrix), dtype=np.complex128)


def _gap(values: Values) -> float:
    """1 - |lambda|, of eigenvalues that are not near one."""
    away = values[np.abs(1.0 - values) >= _NEAR_ONE]
    return float(np.maximum(1.0 - np.abs(away), _ROUNDING).min(initial=1.0))


def _gap_of_inverses(inverses: Values) -> float:
    """1 - |lambda| for lambda = 1 - 1 / mu, without cancellation; large mu count."""
    nu = 1.0 / inverses[np.abs(inverses) > 1.0]
    gaps = (2.0 * nu.real - np.abs(nu) ** 2) / (1.0 + np.abs(1.0 - nu))
    return float(gaps[gaps > 0].min(initial=1.0))


def _gap_at_minus_one(part: _Recurrent) -> float:
    """1 - |lambda| of the eigenvalue nearest -1, if that does not belong to an even period."""
    if part.period % 2 == 0:
        return 1.0
    size = part.states.size
    factors = splu(
        sparse.csc_array(part.matrix + sparse.eye_array(size)),
        permc_spec="MMD_AT_PLUS_A",
        diag_pivot_thresh=0.0,
        options={"SymmetricMode": True},
    )
    return _gap_of_inverses(_ritz_values(factors.solve, size, smoothing=2, enough=1e-6))


def _ritz_values(
    product: Operator, size: int, smoothing: int, enough: float | None = None
) -> Values:
    """Arnoldi's approximations of the eigenvalues of largest modulus.

    Parameters
    ----------
    product : callable
        Of an array (size, 1).
    smoothing : int
        Products taken first, at least one; they leave little of what is small.
    enough : float, optional
        Stop as soon as the largest is as near, in relative terms, by its residual.
    """
    vector = np.random.default_rng(0).standard_normal((size, 1))
    for _ in range(smoothing):
        vector = product(vector)
        unit = float(np.abs(vector).max())  # products may be too large to be squared
        if unit == 0.0:
            return np.zeros(1, dtype=np.complex128)
        vector = vector / unit
        vector = vector / np.linalg.norm(vector)
    basis = np.zeros((_ARNOLDI + 1, size))
    basis[0] = vector[:, 0] / np.linalg.norm(vector)
    projected = np.zeros((_ARNOLDI + 1, _ARNOLDI))
    for k in range(_ARNOLDI):
        new = product(basis[k][:, None])[:, 0] / unit
        scale = np.linalg.norm(new)
        for _ in range(2):  # once more, for orthogonality to rounding
            shares = basis[: k + 1] @ new
            new = new - shares @ basis[: k + 1]
            projected[: k + 1, k] += shares
        length = np.linalg.norm(new)
        values, vectors = np.linalg.eig(projected[: k + 1, : k + 1])
        top = np.argmax(np.abs(values))
        residual = length * np.abs(vectors[k, top])
        settled = enough is not None and k >= 10 and residual <= enough * np.abs(values[top])
        if length <= 1e-12 * scale or settled:
            break
        projected[k + 1, k] = length
        basis[k + 1] = new / length
    return np.asarray(unit * values, dtype=np.complex128)


def _transient_gap(transitions: sparse.csr_array, states: Indices) -> float:
    """1 - lambda for the largest eigenvalue of P among transient states."""
    if not states.size:
        return 1.0
    rows = transitions[states, :]
    row = np.repeat(np.arange(states.size), np.diff(rows.indptr))
    inside = rows[:, states]
    classes, label = csgraph.connected_components(inside, directed=True, connection="strong")
    place = np.full(transitions.shape[0], -1)
    place[states] = label
    away = place[rows.indices] != label[row]
    leaving = np.zeros(states.size)
    np.add.at(leaving, row[away], rows.data[away])
    alone = (np.bincount(label, minlength=classes) == 1)[label]
    gap = float(leaving[alone].min(initial=1.0))
    together = np.flatnonzero(~alone)
    if together.size:
        within = inside[together, :][:, together]
        gap = min(gap, _perron_gap(within, leaving[together], label[together]))
    return gap


def _perron_gap(inside: sparse.csr_array, leaving: Array, labels: Indices) -> float:
    """Least 1 - lambda, lambda Perron's eigenvalue of each class, or a bound from below.

    Parameters
    ----------
    inside : scipy.sparse.csr_array, shape (n, n)
        P among the states of the classes; what leads from class to class is left out here.
    leaving : ndarray, shape (n,)
        Probability of a step out of the class.
    labels : ndarray of int, shape (n,)
    """
    _, label = np.unique(labels, return_inverse=True)
    size, classes = label.size, int(label.max()) + 1
    row = np.repeat(np.arange(size), np.diff(inside.indptr))
    same = label[row] == label[inside.indices]
    exits = np.flatnonzero(leaving)
    row = np.concatenate([row[same], exits])
    column = np.concatenate([inside.indices[same], np.full(exits.size, size)])
    rates = np.concatenate([inside.data[same], leaving[exits]])
    chain = sparse.csr_array((rates, (row, column)), shape=(size + 1, size + 1))
    try:
        elimination = Elimination(chain, front_tree(chain, size))
    except Trapped:
        return 0.0

    def visits(right: Array) -> Array:
        """(I - P)^-1 right, entry by entry accurate."""
        padded = np.vstack([right, np.zeros((1, right.shape[1]))])
        return elimination.solve(padded)[:-1]

    vector = np.ones(size)
    for _ in range(_INVERSE_STEPS):
        new = visits(vector[:, None])[:, 0]
        low, high, top = np.full(classes, np.inf), np.zeros(classes), np.zeros(classes)
        np.minimum.at(low, label, new / vector)
        np.maximum.at(high, label, new / vector)
        np.maximum.at(top, label, new)
        if (high - low).max() <= _PERRON * high.max():
            return 1.0 / float(high.max())
        vector = np.maximum(new / top[label], 1e-200)
    if size <= _DENSE:
        return float(1.0 / np.abs(_eigenvalues(visits(np.eye(size)))).max())
    return 1.0 / float(high.max())
