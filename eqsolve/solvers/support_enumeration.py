"""All extreme Nash equilibria of a small bimatrix game, by trying supports.

With payoffs A > 0, the vertices of {y >= 0, A y <= 1} are the solutions of A[S, T] y_T = 1 over
supports T and sets S of as many best responses that meet the other inequalities. Two vertices,
one a player, are an equilibrium when every action is unplayed or a best response (Mangasarian
1964, "Equilibrium points of bimatrix games"). Where a game is not degenerate these are all its
equilibria; otherwise every equilibrium lies between extreme ones.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from eqsolve.programs.bimatrix import SupportsProgram
from eqsolve.results import Solution, Status

Array = NDArray[np.float64]
AT_ONCE = 50_000  # linear systems solved together, to bound memory
SINGULAR = 1e-10  # determinants below this, of entries in [1, 2], count as zero
ALIKE = 1e-8  # difference of mixes that counts as none


@dataclass(frozen=True)
class SupportEnumeration:
    """Options of the enumeration.

    Parameters
    ----------
    tolerance : float
        Largest violation of an inequality, of payoffs scaled into [1, 2].

    Examples
    --------
    >>> coordination = np.eye(2)
    >>> found = SupportEnumeration().solve(SupportsProgram(coordination, coordination))
    >>> 1 + len(found.others)
    3
    """

    tolerance: float = 1e-9

    name: ClassVar[str] = "support-enumeration"
    kinds: ClassVar[frozenset[str]] = frozenset({"supports"})

    def solve(self, program: SupportsProgram, start: Any = None) -> Solution:
        """All extreme equilibria: the first in `values`, the rest in `others`, best first."""
        rows, columns = _scaled(program.rows), _scaled(program.columns)
        m, k = rows.shape
        second, tight_rows = _vertices(rows, self.tolerance)
        first, tight_columns = _vertices(columns.T, self.tolerance)
        # An action that is played and no best response spoils a pair.
        spoilt = (first > self.tolerance).astype(float) @ (~tight_rows).T.astype(float)
        spoilt += (~tight_columns).astype(float) @ (second > self.tolerance).T.astype(float)
        pairs = np.argwhere(spoilt == 0)
        points = np.array([np.concatenate([first[i], second[j]]) for i, j in pairs])
        if not len(points):
            empty = np.full(m + k, np.nan)
            return Solution(empty, Status.FAILED, np.inf, len(first) + len(second), self.name)
        points[:, :m] /= points[:, :m].sum(axis=1, keepdims=True)
        points[:, m:] /= points[:, m:].sum(axis=1, keepdims=True)
        points = _distinct(points)
        if program.weights is not None:
            worth = np.einsum("pi,ij,pj->p", points[:, :m], program.weights, points[:, m:])
            points = points[np.argsort(-worth, kind="stable")]
        found = [Solution(point, Status.SOLVED, 0.0, len(pairs), self.name) for point in points]
        lead = found[0]
        return Solution(
            lead.values, lead.status, 0.0, len(pairs), self.name, others=tuple(found[1:])
        )


def _scaled(payoffs: Array) -> Array:
    """Payoffs moved and scaled into [1, 2]."""
    width = float(np.ptp(payoffs)) or 1.0
    return np.asarray((payoffs - payoffs.min()) / width + 1.0)


def _vertices(matrix: Array, tolerance: float) -> tuple[Array, NDArray[np.bool_]]:
    """Vertices of {z >= 0, matrix z <= 1} but the origin, and which rows are tight at each."""
    rows, columns = matrix.shape
    found, tight = [], []
    for size in range(1, min(rows, columns) + 1):
        supports = np.array(list(itertools.combinations(range(columns), size)))
        answers = np.array(list(itertools.combinations(range(rows), size)))
        step = max(1, AT_ONCE // len(answers))
        for begin in range(0, len(supports), step):
            some = supports[begin : begin + step]
            s = np.repeat(some, len(answers), axis=0)
            r = np.tile(answers, (len(some), 1))
            systems = matrix[r[:, :, None], s[:, None, :]]
            usable = np.abs(np.linalg.det(systems)) > SINGULAR
            s, systems = s[usable], systems[usable]
            if not len(s):
                continue
            inner = np.linalg.solve(systems, np.ones((*s.shape, 1)))[..., 0]
            # Supports in full: what is zero inside one is a vertex of a smaller one too.
            kept = inner.min(axis=1) > tolerance
            z = np.zeros((int(kept.sum()), columns))
            np.put_along_axis(z, s[kept], inner[kept], axis=1)
            slack = 1.0 - z @ matrix.T
            inside = slack.min(axis=1, initial=0.0) >= -tolerance
            found.append(z[inside])
            tight.append(slack[inside] <= tolerance)
    points, labels = np.concatenate(found), np.concatenate(tight)
    _, places = np.unique(np.round(points, 9), axis=0, return_index=True)
    return points[np.sort(places)], labels[np.sort(places)]


def _distinct(points: Array) -> Array:
    """Points (p, n) without those that repeat an earlier one."""
    kept: list[Array] = []
    for point in points:
        if all(np.abs(point - other).max() > ALIKE for other in kept):
            kept.append(point)
    return np.array(kept)
