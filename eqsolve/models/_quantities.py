"""Per-firm arguments read into one shape, and the variables firms choose."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from numbers import Real
from typing import Any

import cvxpy as cp
import numpy as np
from numpy.typing import NDArray

from eqsolve.errors import EqsolveError

Array = NDArray[np.float64]


def firm_names(firms: Any, costs: Any) -> tuple[str, ...]:
    """Names from `firms` (a count or names), else from the keys or the length of `costs`."""
    if firms is None:
        if isinstance(costs, Mapping):
            firms = list(costs)
        elif isinstance(costs, (Sequence, np.ndarray)):
            firms = len(costs)
        else:
            raise EqsolveError(
                "firms: give a number of firms or their names when all share one cost."
            )
    if isinstance(firms, (int, np.integer)) and not isinstance(firms, bool):
        if firms < 1:
            raise EqsolveError(f"firms: at least one firm is needed, not {firms}.")
        return tuple(f"firm{j}" for j in range(1, int(firms) + 1))
    if isinstance(firms, str) or not isinstance(firms, (Sequence, np.ndarray)):
        raise EqsolveError(f"firms: give a count or a list of names, not {firms!r}.")
    names = tuple(str(name) for name in firms)
    if len(set(names)) < len(names) or not names:
        raise EqsolveError("firms: the names must be distinct, and at least one is needed.")
    return names


def per_firm(value: Any, names: Sequence[str], what: str) -> list[Any]:
    """One entry a firm: from a mapping by name, a sequence in order, or one for all."""
    if isinstance(value, Mapping):
        absent = [name for name in names if name not in value]
        unknown = [name for name in value if name not in names]
        if absent or unknown:
            problem = f"no entry for {absent[0]!r}" if absent else f"unknown firm {unknown[0]!r}"
            raise EqsolveError(f"{what}: {problem}; the firms are {', '.join(names[:10])}.")
        return [value[name] for name in names]
    if isinstance(value, (Sequence, np.ndarray)) and not isinstance(value, str):
        if len(value) != len(names):
            raise EqsolveError(f"{what}: {len(value)} entries for {len(names)} firms.")
        return list(value)
    return [value] * len(names)


def non_negative(value: Any, what: str) -> float:
    """A capacity: a number of at least zero; None and inf mean no limit."""
    if value is None:
        return float("inf")
    if not isinstance(value, Real) or isinstance(value, bool) or not float(value) >= 0:
        raise EqsolveError(f"{what} must be a number of at least zero, not {value!r}.")
    return float(value)


def quantities(name: str, capacities: Array) -> tuple[Any, list[Any]]:
    """A non-negative variable shaped like `capacities`, and its capacity constraints.

    Without any limit there are no constraints; when only some are limited the limits are
    bounds of the variable, because a constraint must hold a finite number in every row.
    """
    finite = np.isfinite(capacities)
    if finite.all() and capacities.size:
        variable = cp.Variable(capacities.shape, nonneg=True, name=name)
        limit = variable <= (capacities if capacities.shape else float(capacities))
        return variable, [limit.set_label("capacity")]
    if finite.any():
        lower = np.zeros(capacities.shape)
        return cp.Variable(capacities.shape, bounds=[lower, capacities], name=name), []
    return cp.Variable(capacities.shape, nonneg=True, name=name), []
