"""Known answers on markets, each with its source.

Equilibria of the published instances stand in `eqsolve/models/instances/*.toml` with their
sources (`eqsolve.models.published`); here are the digits that the formulations must reach,
and what is known about learning in these markets.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class KnownEquilibrium:
    """Digits an equilibrium must have.

    Attributes
    ----------
    instance : str
        Name for `eqsolve.models.load`.
    vector : tuple of float
        All strategies, in the order of the game's variables.
    digits : float
        Half a unit of the last digit given.
    multipliers : tuple of float
        Of the shared constraints.
    source : str
        Published, derived (algebra) or computed (two routes).
    """

    instance: str
    vector: tuple[float, ...]
    digits: float
    source: str
    multipliers: tuple[float, ...] = ()


EQUILIBRIA = (
    KnownEquilibrium(
        "murphy_sherali_soyster",
        (36.9325, 41.8181, 43.7066, 42.6592, 39.1790),
        6e-5,
        "computed; published to two decimals, Murphy, Sherali and Soyster (1982)",
    ),
    KnownEquilibrium(
        "murphy_sherali_soyster_unit_elastic",
        (47.8110, 51.1429, 51.3221, 48.5513, 43.4784),
        6e-5,
        "computed",
    ),
    KnownEquilibrium(
        "river_basin",
        (21.1448, 16.0279, 2.7260),
        6e-5,
        "computed; data of Krawczyk and Uryasev (2000)",
        (0.57436, 0.0),
    ),
    KnownEquilibrium(
        "two_player_gnep", (0.75, 0.25), 1e-8, "derived; Facchinei and Kanzow (2009)", (0.5,)
    ),
    KnownEquilibrium(
        "duopoly", (92 / 3, 101 / 3), 1e-8, "derived; Fiez, Chasnov and Ratliff (2020)"
    ),
    KnownEquilibrium("three_firms_symmetric", (0.25, 0.25, 0.25), 1e-9, "derived"),
    KnownEquilibrium("three_firms_asymmetric", (0.325, 0.225, 0.125), 1e-9, "derived"),
)


@dataclass(frozen=True)
class PolicyGradientFixedPoint:
    """Where exact policy gradient rests in a market with price 1 - Q.

    Firm i plays (theta_i + X)^+ with X normal of standard deviation `sigma` and follows the
    gradient of its own expected profit. With m = theta Phi(theta / s) + s phi(theta / s) the
    mean action, the gradient is Phi(theta_i / s) (1 - c_i - sum_{j != i} m_j) - 2 m_i.

    Attributes
    ----------
    costs : tuple of float
        Constant marginal costs.
    sigma : float
    theta, mean_action : tuple of float
        theta* and E[a]*; mean_action is empty where only theta* is known.
    """

    costs: tuple[float, ...]
    sigma: float
    theta: tuple[float, ...]
    mean_action: tuple[float, ...]
    digits: float = 6e-9
    source: str = "computed; model of Shi and Zhang (2020)"


POLICY_GRADIENT = (
    PolicyGradientFixedPoint((0.0,) * 2, 0.1, (0.33322635,) * 2, (0.33323761,) * 2),
    PolicyGradientFixedPoint((0.0,) * 2, 0.2, (0.31542849,) * 2, (0.32033326,) * 2),
    PolicyGradientFixedPoint((0.0,) * 3, 0.1, (0.24899211,) * 3, (0.24919887,) * 3),
    PolicyGradientFixedPoint((0.0,) * 3, 0.2, (0.21728093,) * 3, (0.23137776,) * 3),
    PolicyGradientFixedPoint((0.0, 0.1, 0.2), 0.05, (0.32541794, 0.22541643, 0.12363867), ()),
)


def linear_cournot(
    intercept: float, slope: float, costs: tuple[float, ...]
) -> tuple[tuple[float, ...], float]:
    """Nash quantities and total of a linear market in which every firm is active (derived)."""
    firms = len(costs)
    total = (firms * intercept - sum(costs)) / (slope * (firms + 1))
    return tuple((intercept - c - slope * total) / slope for c in costs), total


def gradient_play_rates(slope: float, firms: int) -> dict[str, float]:
    """Of gradient steps in a linear market of active firms (derived).

    The pseudo-gradient's Jacobian is slope (I + 1 1'): eigenvalues slope and slope (N + 1).
    """
    return {
        "continuous": slope,  # distances shrink as exp(-slope t)
        "largest_stable_step": 2 / (slope * (firms + 1)),
        "best_step": 2 / (slope * (firms + 2)),
        "best_contraction": firms / (firms + 2),
    }
