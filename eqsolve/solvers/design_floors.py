"""Floors on arms as a linear substitution, state by state.

gamma_l >= floor_l sum_m gamma_m holds iff gamma = M delta with delta >= 0, where

    M = I + ratio 1',   M^-1 = I - floor 1',   ratio = floor / (1 - sum floor).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Floors:
    """The substitution in every state; entries of arms that are not usable stay zero.

    Attributes
    ----------
    floor : ndarray, shape (A, S)
    usable : bool ndarray, shape (A, S)
    """

    floor: Array
    usable: NDArray[np.bool_]

    @property
    def any(self) -> bool:
        return bool(self.floor.any())

    @property
    def ratio(self) -> Array:
        return np.asarray(self.floor / (1.0 - self.floor.sum(axis=0)))

    def raised(self, delta: Array) -> Array:
        """M delta."""
        return delta + self.ratio * delta.sum(axis=0) if self.any else delta

    def lowered(self, flow: Array) -> Array:
        """M^-1 flow."""
        return flow - self.floor * flow.sum(axis=0) if self.any else flow

    def gathered(self, slopes: Array) -> Array:
        """M' slopes."""
        slopes = np.where(self.usable, slopes, 0.0)
        if not self.any:
            return slopes
        return np.where(self.usable, slopes + (self.ratio * slopes).sum(axis=0), 0.0)

    def spread(self, slopes: Array) -> Array:
        """M^-T slopes."""
        if not self.any:
            return slopes
        return np.where(self.usable, slopes - (self.floor * slopes).sum(axis=0), 0.0)

    def inverse_curvature(self, barrier: Array, curvature: Array) -> tuple[Array, Array]:
        """Inverses of the Hessian diag(barrier) + M' diag(curvature) M, and M of them M'.

        Returns
        -------
        inverse : ndarray, shape (S, A, A)
            In delta.
        weights : ndarray, shape (A, A, S)
            In gamma = M delta.
        """
        arms = self.floor.shape[0]
        both = self.usable.T[:, :, None] & self.usable.T[:, None, :]
        lift = np.where(both, np.eye(arms) + self.ratio.T[:, :, None], 0.0)
        hessian = np.swapaxes(lift, 1, 2) @ (curvature.T[:, :, None] * lift)
        places = np.arange(arms)
        hessian[:, places, places] += np.where(self.usable, barrier, 1.0).T
        # Scaled to unit diagonal, entries that differ by many powers of ten keep their digits.
        root = 1.0 / np.sqrt(hessian[:, places, places])
        inverse = np.linalg.inv(hessian * root[:, :, None] * root[:, None, :])
        inverse *= root[:, :, None] * root[:, None, :]
        inverse = np.where(both, inverse, 0.0)
        weights = lift @ inverse @ np.swapaxes(lift, 1, 2)
        return np.asarray(inverse), np.ascontiguousarray(np.moveaxis(weights, 0, 2))
