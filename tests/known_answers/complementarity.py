"""Complementarity problems of the literature with their solutions, each with its source.

F and its Jacobian are written from the formulas; bounds are zero below and none above unless
stated. `distance` is the distance of a point to the nearest solution.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

INF = np.inf


@dataclass(frozen=True)
class KnownComplementarityProblem:
    """A problem, where to start it from, and how far a point is from its solutions.

    Attributes
    ----------
    name : str
        As the literature calls it.
    function, jacobian : callable
        F (n,) and its derivative (n, n).
    lower, upper : tuple of float
        Bounds.
    starts : tuple
        Its usual starting points.
    reach : float
        Random starts are drawn uniformly from lower + [0, reach].
    distance : callable
        Largest difference to the nearest solution.
    source : str
        Where problem, starts and solutions come from.
    data : dict
        Its parameters, for checks by another route.
    digits : float
        Accuracy of the solutions given: half a unit of their last digit where printed.
    """

    name: str
    function: Callable[[Any], Any]
    jacobian: Callable[[Any], Any]
    lower: tuple[float, ...]
    upper: tuple[float, ...]
    starts: tuple[tuple[float, ...], ...]
    reach: float
    distance: Callable[[Any], float]
    source: str
    data: dict[str, Any] = field(default_factory=dict)
    digits: float = 1e-9

    def __str__(self) -> str:
        return self.name


def nearest(*solutions: Any) -> Callable[[Any], float]:
    points = [np.asarray(solution, dtype=float) for solution in solutions]
    return lambda x: min(float(np.abs(x - point).max()) for point in points)


# Columns of the AMPL version of MCPLIB, the same for kojshin and josephy.
MCPLIB_STARTS = (
    (0.0, 0.0, 0.0, 0.0),
    (1.0, 1.0, 1.0, 1.0),
    (100.0, 100.0, 100.0, 100.0),
    (1.0, 0.0, 1.0, 0.0),
    (1.0, 0.0, 0.0, 0.0),
    (0.0, 1.0, 1.0, 0.0),
    (0.0, 1.0, 0.0, 1.0),
    (1.25, 0.0, 0.0, 0.5),
)


def quadratic(linear: Any, constants: Any) -> tuple[Callable[[Any], Any], Callable[[Any], Any]]:
    """The quadratic terms shared by Kojima-Shindo and Josephy, plus linear ones."""
    linear, constants = np.asarray(linear, dtype=float), np.asarray(constants, dtype=float)

    def function(x: Any) -> Any:
        a, b = x[0], x[1]
        squares = np.array(
            [
                3 * a * a + 2 * a * b + 2 * b * b,
                2 * a * a + b * b,
                3 * a * a + a * b + 2 * b * b,
                a * a + 3 * b * b,
            ]
        )
        return squares + linear @ x + constants

    def jacobian(x: Any) -> Any:
        a, b = x[0], x[1]
        slopes = linear.copy()
        slopes[:, 0] += [6 * a + 2 * b, 4 * a, 6 * a + b, 2 * a]
        slopes[:, 1] += [2 * a + 4 * b, 2 * b, a + 4 * b, 6 * b]
        return slopes

    return function, jacobian


def kojima_shindo() -> KnownComplementarityProblem:
    function, jacobian = quadratic(
        [[0, 0, 1, 3], [1, 0, 10, 2], [0, 0, 2, 9], [0, 0, 2, 3]], [-6, -2, -9, -3]
    )
    return KnownComplementarityProblem(
        "Kojima-Shindo",
        function,
        jacobian,
        (0.0,) * 4,
        (INF,) * 4,
        MCPLIB_STARTS,
        10.0,
        nearest([np.sqrt(6) / 2, 0, 0, 0.5], [1, 0, 3, 0]),
        "Kojima and Shindo (1986), Journal of the Operations Research Society of Japan 29, "
        "352-374; starts of MCPLIB, Dirkse and Ferris (1995)",
    )


def josephy() -> KnownComplementarityProblem:
    function, jacobian = quadratic(
        [[0, 0, 1, 3], [1, 0, 3, 2], [0, 0, 2, 3], [0, 0, 2, 3]], [-6, -2, -1, -3]
    )
    return KnownComplementarityProblem(
        "Josephy",
        function,
        jacobian,
        (0.0,) * 4,
        (INF,) * 4,
        MCPLIB_STARTS,
        10.0,
        nearest([np.sqrt(6) / 2, 0, 0, 0.5]),
        "Josephy (1979), after Kojima; starts of MCPLIB, Dirkse and Ferris (1995)",
    )


def billups() -> KnownComplementarityProblem:
    return KnownComplementarityProblem(
        "Billups",
        lambda x: (x - 1) ** 2 - 1.01,
        lambda x: np.array([[2 * (x[0] - 1)]]),
        (0.0,),
        (INF,),
        ((0.0,),),
        10.0,
        nearest([1 + np.sqrt(1.01)]),
        "Billups (1995), thesis, University of Wisconsin-Madison: from 0 every Newton method that "
        "must lower a merit function is caught at a local minimum; solution derived",
    )


def mathiesen_sector(share: float, second: float, third: float, offset: float) -> Any:
    """One sector, three goods: unknowns are its activity y and the prices (p1, p2, p3).

    The sector makes good 1 from goods 2 and 3, one of each; the consumer owns `second` of
    good 2 and `third` of good 3 and spends `share` on good 1, the rest on good 2.
    """

    def function(x: Any) -> Any:
        y, p1, p2, p3 = x
        income = second * p2 + third * p3
        return np.array(
            [
                p2 + p3 - p1,
                y - share * income / (p1 + offset),
                second - y - (1 - share) * income / (p2 + offset),
                third - y,
            ]
        )

    def jacobian(x: Any) -> Any:
        _, p1, p2, p3 = x
        income = second * p2 + third * p3
        first, other = share / (p1 + offset), (1 - share) / (p2 + offset)
        return np.array(
            [
                [0, -1, 1, 1],
                [1, first * income / (p1 + offset), -first * second, -first * third],
                [-1, 0, -other * second + other * income / (p2 + offset), -other * third],
                [-1, 0, 0, 0],
            ]
        )

    return function, jacobian


def mathiesen() -> KnownComplementarityProblem:
    function, jacobian = mathiesen_sector(0.9, 5.0, 3.0, 1.0)

    def distance(x: Any) -> float:
        return float(max(np.abs(x[1:]).max(), x[0] - 3, -x[0]))

    return KnownComplementarityProblem(
        "Mathiesen, defined at zero",
        function,
        jacobian,
        (0.0,) * 4,
        (INF,) * 4,
        ((1.0,) * 4, (0.0,) * 4, (10.0,) * 4),
        10.0,
        distance,
        "Mathiesen (1987), Mathematical Programming 37, 1-18, with one added to the "
        "denominators as in later test sets: solutions (a, 0, 0, 0) for a in [0, 3]; starts ours",
    )


def mathiesen_priced(share: float, second: float, third: float) -> KnownComplementarityProblem:
    """Mathiesen's model itself, good 1 as numeraire: prices are homogeneous of degree zero."""
    function, jacobian = mathiesen_sector(share, second, third, 0.0)
    if share * second < third:  # good 3 is left over, hence free
        solution = [share * second, 1, 1, 0]
    else:
        # All of good 3 is used: third (p2 + p3) = share (second p2 + third p3).
        ratio = (share * second - third) / (third - share * third)
        solution = [third, 1, 1 / (1 + ratio), ratio / (1 + ratio)]
    return KnownComplementarityProblem(
        f"Mathiesen ({share:g}, {second:g}, {third:g})",
        function,
        jacobian,
        (0.0, 1.0, 0.0, 0.0),
        (INF, 1.0, INF, INF),
        ((1.0,) * 4, (0.5, 1.0, 0.5, 0.5)),
        10.0,
        nearest(solution),
        "Mathiesen (1987), Mathematical Programming 37, 1-18; solution derived, for (0.9, 5, 3) "
        "proportional to the published y = 3, p = (6, 1, 5); starts ours",
    )


def mathiesen_ray() -> KnownComplementarityProblem:
    """Mathiesen's model without numeraire: every multiple of the prices is a solution too."""
    function, jacobian = mathiesen_sector(0.9, 5.0, 3.0, 0.0)
    ray = np.array([6.0, 1.0, 5.0]) / 6

    def distance(x: Any) -> float:
        level = x[1:].max()
        return float(max(np.abs(x[1:] / level - ray).max(), abs(x[0] - 3))) if level else INF

    return KnownComplementarityProblem(
        "Mathiesen, without numeraire",
        function,
        jacobian,
        (0.0,) * 4,
        (INF,) * 4,
        ((1.0,) * 4, (10.0,) * 4),
        10.0,
        distance,
        "Mathiesen (1987), Mathematical Programming 37, 1-18: published y = 3, p = (6, 1, 5), "
        "and its multiples; starts ours",
        digits=1e-6,
    )


def oligopoly(
    name: str, data: dict[str, Any], starts: Any, solution: Any, source: str
) -> KnownComplementarityProblem:
    """Nash-Cournot on demand Q = 5000 p^-g with marginal costs c_i + (k_i q_i)^(1/b_i)."""
    c, b, k, g = data["c"], data["b"], data["k"], data["g"]

    def price(total: float) -> Any:
        return (5000 / total) ** (1 / g)

    def function(q: Any) -> Any:
        total = q.sum()
        p = price(total)
        return c + (k * q) ** (1 / b) - p + q * p / (g * total)

    def jacobian(q: Any) -> Any:
        total = q.sum()
        p = price(total)
        slope = -p / (g * total)
        curvature = p * (1 + g) / (g * total) ** 2
        own = k / b * (k * q) ** (1 / b - 1) - slope
        return np.diag(own) - slope - np.outer(q, np.ones_like(q)) * curvature

    n = len(c)
    return KnownComplementarityProblem(
        name,
        function,
        jacobian,
        (0.0,) * n,
        (INF,) * n,
        starts,
        100.0,
        lambda q: float(np.abs(q - np.asarray(solution)).max()),
        source,
        data,
        6e-5,
    )


def harker_five() -> KnownComplementarityProblem:
    data = {
        "c": np.array([10.0, 8, 6, 4, 2]),
        "b": np.array([1.2, 1.1, 1, 0.9, 0.8]),
        "k": np.full(5, 1 / 5),
        "g": 1.1,
    }
    return oligopoly(
        "Harker, 5 firms",
        data,
        ((10.0,) * 5, (1.0,) * 5),
        (36.9325, 41.8181, 43.7066, 42.6592, 39.1790),
        "Murphy, Sherali and Soyster (1982), Mathematical Programming 24, 92-106: published "
        "36.93, 41.82, 43.71, 42.66, 39.18; further digits computed. Harker (1984) has them too",
    )


def harker_ten() -> KnownComplementarityProblem:
    """Ten firms: L stands in the numerator, marginal cost c + (L q)^(1/beta)."""
    data = {
        "c": np.array([5.0, 3, 8, 5, 1, 3, 7, 4, 6, 3]),
        "b": np.array([1.2, 1, 0.9, 0.6, 1.5, 1, 0.7, 1.1, 0.95, 0.75]),
        "k": np.full(10, 10.0),
        "g": 1.2,
    }
    growing = (1.0, 1.2, 1.4, 1.6, 1.8, 2.1, 2.3, 2.5, 2.7, 2.9)
    near = (7.0, 4, 3, 1, 18, 4, 1, 6, 3, 2)
    return oligopoly(
        "Harker, 10 firms",
        data,
        ((1.0,) * 10, (10.0,) * 10, growing, near),
        (7.4415, 4.0978, 2.5906, 0.9354, 17.949, 4.0978, 1.3047, 5.5901, 3.2222, 1.6771),
        "Harker (1988), Mathematical Programming 41, 29-59; data and starts as in MCPLIB's nash",
    )


def exchange_economy(shares: Any, endowments: Any) -> KnownComplementarityProblem:
    """Cobb-Douglas consumers; the last good is numeraire.

    Market clearing is linear in prices: with S the shares (consumers, goods), E the
    endowments, p_j sum_i E_ij = sum_i S_ij (E p)_i: p is the Perron vector of that matrix.
    """
    shares, endowments = np.asarray(shares, dtype=float), np.asarray(endowments, dtype=float)
    supply = endowments.sum(axis=0)
    n = supply.size

    def function(p: Any) -> Any:
        return supply - shares.T @ (endowments @ p) / p

    def jacobian(p: Any) -> Any:
        spending = shares.T @ (endowments @ p)
        return -(shares.T @ endowments) / p[:, None] + np.diag(spending / p**2)

    _, _, rows = np.linalg.svd(shares.T @ endowments - np.diag(supply))
    prices = rows[-1] / rows[-1, -1]
    return KnownComplementarityProblem(
        "Cobb-Douglas exchange",
        function,
        jacobian,
        (0.0,) * (n - 1) + (1.0,),
        (INF,) * (n - 1) + (1.0,),
        ((1.0,) * n, (0.0,) * (n - 1) + (1.0,), (10.0,) * n),
        10.0,
        nearest(prices),
        "Gale (1960), The Theory of Linear Economic Models, chapter 8: prices derived as the "
        "Perron vector; data ours",
    )


def scarf_exchange() -> KnownComplementarityProblem:
    """Consumer i owns one unit of good i and wants goods i and i + 1 one to one.

    Raising prices with excess demand circles round the only equilibrium for ever.
    """

    def function(p: Any) -> Any:
        before, after = np.roll(p, 1), np.roll(p, -1)
        return 1 - p / (p + after) - before / (before + p)

    def jacobian(p: Any) -> Any:
        n = p.size
        slopes = np.zeros((n, n))
        for j in range(n):
            i, k = (j - 1) % n, (j + 1) % n
            slopes[j, j] += -p[k] / (p[j] + p[k]) ** 2 + p[i] / (p[i] + p[j]) ** 2
            slopes[j, k] += p[j] / (p[j] + p[k]) ** 2
            slopes[j, i] += -p[j] / (p[i] + p[j]) ** 2
        return slopes

    return KnownComplementarityProblem(
        "Scarf exchange",
        function,
        jacobian,
        (0.01, 0.01, 1.0),
        (INF, INF, 1.0),
        ((1.0, 2.0, 1.0), (0.1, 5.0, 1.0), (0.01, 0.01, 1.0)),
        10.0,
        nearest([1, 1, 1]),
        "Scarf (1960), International Economic Review 1, 157-172, example 1: equal prices are the "
        "only equilibrium; the third good is numeraire, prices stay above 0.01 because demand is "
        "undefined where two are zero; starts ours",
    )


PROBLEMS = (
    kojima_shindo(),
    josephy(),
    billups(),
    mathiesen(),
    mathiesen_priced(0.75, 1.0, 0.5),
    mathiesen_priced(0.75, 1.0, 2.0),
    mathiesen_priced(0.9, 5.0, 3.0),
    mathiesen_ray(),
    harker_five(),
    harker_ten(),
    exchange_economy(
        [[0.5, 0.3, 0.1, 0.1], [0.2, 0.2, 0.4, 0.2], [0.1, 0.1, 0.2, 0.6]],
        [[1.0, 0.0, 2.0, 1.0], [3.0, 1.0, 0.0, 0.0], [0.0, 4.0, 1.0, 2.0]],
    ),
    scarf_exchange(),
)
