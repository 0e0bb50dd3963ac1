"""A defender guards targets at random, attackers look and then choose."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from eqsolve.games import SecurityGame


def security_game(
    worth: Any,
    resources: int = 1,
    *,
    defender_covered: Any = None,
    defender_uncovered: Any = None,
    attacker_covered: Any = None,
    probabilities: Any = None,
    target_names: Sequence[str] | None = None,
    title: str = "",
) -> SecurityGame:
    """Targets of different worth; a failed attack pays nobody, unless said otherwise.

    Parameters
    ----------
    worth : array_like (targets,) or (attackers, targets)
        What an attacker gets by hitting an unguarded target.
    resources : int
        How many targets can be guarded at once.
    defender_covered, defender_uncovered : array_like, optional
        What the defender gets when a guarded, an unguarded target is attacked; default 0 and
        minus `worth`.
    attacker_covered : array_like, optional
        What an attacker gets at a guarded target; default 0.
    probabilities : array_like (attackers,), optional
        Of the attackers' types.
    target_names : sequence of str, optional

    Returns
    -------
    SecurityGame

    Raises
    ------
    NotAGame
        As `SecurityGame`.

    Examples
    --------
    The attacker is indifferent where (1 - c) 3 = c, so c = 3/4 guards the first target:

    >>> import eqsolve as eq
    >>> guarded = eq.solve(security_game([3.0, 1.0]), eq.Stackelberg("defender"))
    >>> guarded["defender"].round(6)
    array([0.75, 0.25])
    """
    gain = np.asarray(worth, dtype=float)
    none = np.zeros(gain.shape)
    return SecurityGame(
        none if defender_covered is None else defender_covered,
        -gain if defender_uncovered is None else defender_uncovered,
        none if attacker_covered is None else attacker_covered,
        gain,
        resources=resources,
        probabilities=probabilities,
        target_names=target_names,
        title=title,
    )
