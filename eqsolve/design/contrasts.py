"""Contrasts: which combination of the arms' long-run means is to be learned."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqsolve.errors import BadExperiment

Array = NDArray[np.float64]

_FEW = 6  # names listed in a sentence


def check_contrast(contrast: Any, arm_names: Sequence[Hashable]) -> Array:
    """Weights of the arms' means, checked, one row a contrast (K, A).

    Parameters
    ----------
    contrast : array_like (A,) or (K, A), mapping of arm name to weight, or None
        None means the second arm minus the first; with more arms each arm minus the first;
        with one arm its mean.
    arm_names : sequence of A names

    Raises
    ------
    BadExperiment
        When the shape is wrong, an entry is not finite, a row is all zero, or an arm unknown.

    Examples
    --------
    >>> check_contrast(None, ("old", "new")), check_contrast({"new": 2}, ("old", "new"))
    (array([[-1.,  1.]]), array([[0., 2.]]))
    """
    arms = len(arm_names)
    if contrast is None:
        if arms == 1:
            return np.ones((1, 1))
        return np.hstack([-np.ones((arms - 1, 1)), np.eye(arms - 1)])
    if isinstance(contrast, Mapping):
        unknown = [name for name in contrast if name not in arm_names]
        if unknown:
            raise BadExperiment(
                f"The contrast weighs arm {unknown[0]!r}, which is none of the arms "
                f"{listed(arm_names)}."
            )
        contrast = [contrast.get(name, 0.0) for name in arm_names]
    try:
        weights = np.atleast_2d(np.asarray(contrast, dtype=np.float64))
    except (TypeError, ValueError):
        raise BadExperiment(
            f"A contrast is {arms} numbers, one an arm, or rows of such; not {contrast!r}."
        ) from None
    if weights.ndim != 2 or weights.shape[1] != arms or not weights.shape[0]:
        raise BadExperiment(
            f"A contrast needs one weight for each of the {arms} arms, (A,) or (K, A) = "
            f"(K, {arms}); its shape is {np.shape(contrast)}."
        )
    if not np.isfinite(weights).all():
        row = int(np.flatnonzero(~np.isfinite(weights).all(axis=1))[0])
        raise BadExperiment(f"Row {row} of the contrast has an entry that is not finite.")
    if not weights.any(axis=1).all():
        row = int(np.flatnonzero(~weights.any(axis=1))[0])
        raise BadExperiment(
            f"Row {row} of the contrast is all zero: there is nothing to estimate in it."
        )
    return weights


def one_or_many(values: Array, contrast: Any) -> Any:
    """A float for one contrast, an array where rows of contrasts were given.

    >>> one_or_many(np.array([0.5]), None), one_or_many(np.array([0.5]), [[-1, 1]])
    (0.5, array([0.5]))
    """
    single = values.size == 1 and (
        contrast is None or isinstance(contrast, Mapping) or np.ndim(contrast) == 1
    )
    return float(values[0]) if single else values


def listed(names: Sequence[Hashable]) -> str:
    """Names in a sentence, shortened where there are many.

    >>> listed(range(10))
    '(0, 1, 2, 3, 4, 5, ...)'
    """
    shown = [repr(name) for name in names[:_FEW]] + ["..."] * (len(names) > _FEW)
    return f"({', '.join(shown)})"
