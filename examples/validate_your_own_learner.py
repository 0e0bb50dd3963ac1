"""Does my learning code find the equilibrium, how fast, and how fast should it?

The learner here is a plain function and a recorded CSV file: nothing of eqsolve's.

Run: python examples/validate_your_own_learner.py
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

import eqsolve as eq
from eqsolve.plotting import save

TOLERANCE = 1e-3


def smoothed_best_response(x: np.ndarray) -> np.ndarray:
    """Two firms facing price 100 - Q with costs 5 and 2 move half way to their best answers."""
    best = np.array([(95 - x[1]) / 2, (98 - x[0]) / 2])
    return 0.5 * x + 0.5 * best


def run(folder: Path) -> tuple[list[float], list[float]]:
    """Validate, print and draw; returns measured and exact rates and stability limits."""
    nash = eq.solve(eq.models.load("duopoly"))
    recorded = folder / "my_run.csv"
    lines, point = ["step,firm1,firm2"], np.array([10.0, 60.0])
    for step in range(120):
        lines.append(
            f"{step},{point[0]!r},{point[1]!r}".replace("np.float64(", "").replace(")", "")
        )
        point = smoothed_best_response(point)
    recorded.write_text("\n".join(lines))

    report = eq.validate(recorded, nash, dynamics=smoothed_best_response)
    print(report)
    save(report.plot(), folder / "validate_your_own_learner.png")
    eq.testing.assert_converges(recorded, nash, atol=1e-6, kind="linear", max_rate=0.76)

    # Moving only to the best answer, x + 2 (T(x) - x), would contract by 1/2; going three
    # times as far as here has eigenvalues 1 - 3 (1 - 1/4) = -5/4: too far.
    return (
        [report.rate, report.predicted_rate, report.largest_stable_step],
        [0.75, 0.75, 8 / 3],
    )


if __name__ == "__main__":
    run(Path())
