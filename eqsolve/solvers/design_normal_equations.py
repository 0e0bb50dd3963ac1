"""The normal equations N h = r of a sampling design, N = B W B', B = (I - P_1', ..., I - P_A').

B' h stacks h - P_l h, and W is diagonal, or has one A x A block a state where arms have floors.
N is a weighted Laplacian squared: its null space is the constants, its scale runs over as many
powers of ten as the occupancies do. Scaled to unit diagonal it is well behaved.

Chains that mix fast (random sparse ones) fill in hopelessly when factored but need few steps of
conjugate gradients; chains on a grid are the reverse. Which it is shows at the first system:
conjugate gradients may try some steps, and whoever solves that one solves the later ones. The
elimination order depends on the pattern alone and is found once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse
from scipy.sparse import linalg as sparse_linalg

from eqsolve.solvers.linear_systems import elimination_order

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

FEW_STATES = 500  # so small that a factorization never hurts
TRIAL, PATIENCE = 60, 2000  # steps of conjugate gradients: to see whether they do, and at most
ACCURACY = 1e-11  # of conjugate gradients, relative in the norm of N's diagonal
SHIFTS = (1e-14, 1e-11, 1e-8)  # of the unit diagonal, for the null space
REFINEMENTS = 4


class NormalEquations:
    """Solve N h = r for changing W.

    Parameters
    ----------
    kernels : sequence of A scipy.sparse arrays, each (S, S)
        The transition matrices.
    """

    def __init__(self, kernels: Any) -> None:
        self.arms, self.states = len(kernels), kernels[0].shape[0]
        identity = sparse.eye_array(self.states)
        self._balance = sparse.hstack([identity - kernel.T for kernel in kernels], format="csr")
        self._adjoint = sparse.csr_array(self._balance.T)
        self._iterative: bool | None = False if self.states <= FEW_STATES else None
        self._order: NDArray[np.intp] | None = None
        self._ordered: Any = None
        self._factors: Any = None
        self.factorizations = self.steps = 0

    def balance(self, flow: Array) -> Array:
        """sum_l (flow_l - P_l' flow_l), shape (S,), of a flow (A, S)."""
        return np.asarray(self._balance @ flow.ravel())

    def differences(self, h: Array) -> Array:
        """h - P_l h, shape (A, S)."""
        return np.asarray(self._adjoint @ h).reshape(self.arms, self.states)

    def weigh(self, weights: Array) -> None:
        """Take W: its diagonal (A, S), or its blocks (A, A, S)."""
        self._weights = weights
        self._factors = None
        self._diagonal = np.zeros(0)

    def apply_weights(self, values: Array) -> Array:
        """W values, shape (A, S)."""
        if self._weights.ndim == 2:
            return np.asarray(self._weights * values)
        return np.asarray(np.einsum("lms,ms->ls", self._weights, values))

    def solve(self, right: Array) -> Array:
        """h (S,) with N h = `right`, whose entries sum to zero; h is free up to a constant."""
        if self._iterative is not False:
            solution = self._conjugate_gradients(
                right, TRIAL if self._iterative is None else PATIENCE
            )
            self._iterative = solution is not None
            if solution is not None:
                return solution
        if self._factors is None:
            self._factorize()
        assert self._order is not None
        scaled = self._off_null(right[self._order] * self._scale)
        solution = self._off_null(self._factors.solve(scaled))
        size = float(np.abs(scaled).max(initial=0.0))
        for _ in range(REFINEMENTS):
            rest = self._off_null(scaled - self._matrix @ solution)
            if np.abs(rest).max(initial=0.0) <= 1e-15 * size:
                break
            solution = self._off_null(solution + self._factors.solve(rest))
        full = np.zeros(self.states)
        full[self._order] = solution * self._scale
        return full

    def _off_null(self, values: Array) -> Array:
        return values - self._null * float(self._null @ values)

    def _weight_matrix(self) -> Any:
        if self._weights.ndim == 2:
            return sparse.diags_array(self._weights.ravel())
        blocks = [[sparse.diags_array(block) for block in row] for row in self._weights]
        return sparse.block_array(blocks, format="csr")

    def _factorize(self) -> None:
        weights = self._weight_matrix()
        if self._order is None:
            normal = sparse.csc_array(self._balance @ weights @ self._adjoint)
            self._order = elimination_order(normal)
            self._ordered = sparse.csr_array(self._balance[self._order])
        normal = sparse.csc_array((self._ordered @ weights) @ self._ordered.T)
        diagonal = normal.diagonal()
        self._scale = 1.0 / np.sqrt(np.where(diagonal > 0, diagonal, 1.0))
        self._null = np.where(diagonal > 0, 1.0 / self._scale, 0.0)
        self._null /= max(float(np.linalg.norm(self._null)), 1e-300)
        scaling = sparse.diags_array(self._scale)
        self._matrix = sparse.csc_array(scaling @ normal @ scaling)
        identity = sparse.eye_array(self.states, format="csc")
        for shift in SHIFTS:
            try:
                self._factors = sparse_linalg.splu(
                    self._matrix + shift * identity,
                    permc_spec="NATURAL",
                    diag_pivot_thresh=0.0,
                    options={"SymmetricMode": True},
                )
                break
            except RuntimeError:  # SuperLU's word for a pivot that vanished
                if shift == SHIFTS[-1]:
                    raise
        self.factorizations += 1

    def _squared_entries(self) -> Array:
        """The diagonal of N."""
        if self._weights.ndim == 2:
            return np.asarray(self._balance.power(2) @ self._weights.ravel())
        parts = [
            self._balance[:, arm * self.states : (arm + 1) * self.states]
            for arm in range(self.arms)
        ]
        diagonal = np.zeros(self.states)
        for arm, part in enumerate(parts):
            diagonal += part.power(2) @ self._weights[arm, arm]
            for other in range(arm):
                diagonal += 2 * (part.multiply(parts[other]) @ self._weights[arm, other])
        return diagonal

    def _conjugate_gradients(self, right: Array, most: int) -> Array | None:
        """The solution, or None where `most` steps do not reach it."""
        if not self._diagonal.size:
            diagonal = self._squared_entries()
            self._diagonal = np.where(diagonal > 0, diagonal, 1.0)
        rest = right - self._diagonal * (right.sum() / self._diagonal.sum())
        solution = np.zeros(self.states)
        step = rest / self._diagonal
        size = first = float(rest @ step)
        for _ in range(most):
            if size <= ACCURACY**2 * first:
                return solution
            image = self.balance(self.apply_weights(self.differences(step)))
            curvature = float(step @ image)
            if curvature <= 0:
                return None
            solution += (size / curvature) * step
            rest -= (size / curvature) * image
            scaled = rest / self._diagonal
            before, size = size, float(rest @ scaled)
            step = scaled + (size / before) * step
            self.steps += 1
        return None
