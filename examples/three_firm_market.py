"""How much do three firms with different costs and capacities sell, and who is squeezed?

Run: python examples/three_firm_market.py
"""

from __future__ import annotations

from pathlib import Path

import cvxpy as cp

import eqsolve as eq
from eqsolve.plotting import save

TOLERANCE = 1e-8


def run(folder: Path) -> tuple[list[float], list[float]]:
    """Solve, print and draw; returns quantities and price, computed and by hand."""
    low, middle, high = (cp.Variable(nonneg=True, name=name) for name in ("low", "middle", "high"))
    price = 100 - (low + middle + high)
    game = eq.Game(
        [
            eq.Player("low cost", cp.Maximize(low * price - 10 * low), [low], [low <= 20]),
            eq.Player("middle", cp.Maximize(middle * price - 20 * middle), [middle]),
            eq.Player("high cost", cp.Maximize(high * price - 30 * high), [high]),
        ]
    )
    nash = eq.solve(game)
    print(nash.summary())
    save(nash.plot(), folder / "three_firm_market.png")
    (shadow,) = nash.multipliers["low cost: low <= 20.0"]
    # By hand: low is at capacity; 2 m + h = 60 and m + 2 h = 50 give m = 70/3, h = 40/3.
    # Capacity is worth 100 - 2 * 20 - m - h - 10 = 40/3 a unit.
    return [*nash.vector, shadow], [20, 70 / 3, 40 / 3, 40 / 3]


if __name__ == "__main__":
    run(Path())
