"""Assertions that say what failed and by how much."""

from __future__ import annotations

from typing import Any

from eqsolve._certify import certify
from eqsolve._validate import validate
from eqsolve.dynamics.repeated_play import RepeatedPlay


def assert_equilibrium(game: Any, point: Any, atol: float = 1e-6, concept: Any = None) -> None:
    """No player gains more than `atol` (as a share of payoffs) by deviating from `point`.

    Parameters
    ----------
    game : Game
    point : dict of str to array, array (n,), or Equilibrium
    atol : float
        Largest relative gain and infeasibility allowed.
    concept : Nash, VariationalEquilibrium or Stackelberg, optional

    Raises
    ------
    AssertionError
        Naming the player who gains most, and the certificate.

    Examples
    --------
    >>> import cvxpy as cp, eqsolve as eq
    >>> x = cp.Variable(name="x")
    >>> game = eq.Game([eq.Player("a", cp.Minimize(cp.square(x - 1)), [x])])
    >>> assert_equilibrium(game, [1.0])
    """
    certificate = certify(game, getattr(point, "vector", point), concept)
    if certificate.holds(atol):
        return
    gains = {name: gain for name, gain in certificate.gains.items() if gain == gain}
    best = max(gains, key=lambda name: gains[name]) if gains else "nobody"
    raise AssertionError(
        f"Not an equilibrium: player {best!r} gains {gains.get(best, 0.0):.3g} by deviating, "
        f"infeasibility {certificate.infeasibility:.3g} (allowed {atol:g} of payoffs).\n"
        f"{certificate!r}"
    )


def assert_converges(
    trajectory: Any,
    equilibrium: Any,
    atol: float,
    kind: str | None = None,
    max_rate: float | None = None,
    **how: Any,
) -> None:
    """A run ends within `atol` of the equilibrium, in the manner and at the rate asked.

    Parameters
    ----------
    trajectory, equilibrium
        As in `eq.validate`; of repeated play the last iterates are meant.
    atol : float
        Largest mean distance at the end.
    kind : str, optional
        "linear" or "sublinear".
    max_rate : float, optional
        Largest contraction factor a step (linear runs).
    **how
        Passed to `eq.validate`.

    Raises
    ------
    AssertionError
        With the report.

    Examples
    --------
    >>> import numpy as np
    >>> assert_converges(0.5 ** np.arange(40)[:, None], np.zeros(1), 1e-9, kind="linear")
    """
    if isinstance(trajectory, RepeatedPlay):
        trajectory = trajectory.last_iterates()
    report = validate(trajectory, equilibrium, **how)
    failures = []
    if not report.final_distance <= atol:
        failures.append(f"final distance {report.final_distance:.3g} exceeds {atol:g}")
    if kind is not None and report.kind != kind:
        failures.append(f"the run is {report.kind}, not {kind}")
    if max_rate is not None and not (report.rate is not None and report.rate <= max_rate):
        rate = "no rate" if report.rate is None else f"rate {report.rate:.6g}"
        failures.append(f"{rate} where at most {max_rate:g} is allowed")
    if failures:
        raise AssertionError(f"{'; '.join(failures)}.\n{report!r}")
