"""What an online design was told, checked at the door, as it stands in its file."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqsolve.design.contrasts import check_contrast
from eqsolve.design.labels import Labels
from eqsolve.design.restrictions import check_restrictions
from eqsolve.errors import BadExperiment

Array = NDArray[np.float64]

VISITS = 10  # of each arm and state, on average, before the first policy
LEAST = 50  # steps before the first policy, where none are asked for


@dataclass(frozen=True, eq=False)
class OnlineOptions:
    """The arguments of an `OnlineDesign`.

    Attributes
    ----------
    states, arms : Labels
    contrast : ndarray (K, A)
    steps : int or None
    floor : ndarray (A,)
    allowed : bool ndarray (A, S)
    exploration, growth, prior : float
    first, seed : int
    automatic : bool

    Examples
    --------
    >>> options = OnlineOptions.of(3, 2, seed=0)
    >>> options.first, OnlineOptions.of(**options.json()).json() == options.json()
    (60, True)
    """

    states: Labels
    arms: Labels
    contrast: Array
    steps: int | None
    floor: Array
    allowed: NDArray[np.bool_]
    exploration: float
    first: int
    growth: float
    prior: float
    seed: int
    automatic: bool

    @classmethod
    def of(
        cls,
        states: Any,
        arms: Any,
        contrast: Any = None,
        *,
        steps: Any = None,
        floor: Any = None,
        allowed: Any = None,
        exploration: Any = 1.0,
        first: Any = None,
        growth: Any = 2.0,
        prior: Any = 1.0,
        seed: Any = None,
        automatic: bool = True,
    ) -> OnlineOptions:
        """Options checked; see `OnlineDesign`."""
        state_labels, arm_labels = Labels.of(states, "state"), Labels.of(arms, "arm")
        # Checks of designs need names and sizes, not chains.
        declared: Any = SimpleNamespace(
            arms=len(arm_labels),
            states=len(state_labels),
            arm_names=arm_labels.names,
            state_name=lambda state: repr(state_labels.names[state]),
        )
        checked = check_restrictions(declared, steps=steps, floor=floor, allowed=allowed)
        if first is None:
            first = max(LEAST, VISITS * len(state_labels) * len(arm_labels))
        return cls(
            states=state_labels,
            arms=arm_labels,
            contrast=check_contrast(contrast, arm_labels.names),
            steps=checked.steps,
            floor=checked.floor,
            allowed=checked.allowed,
            exploration=_above(exploration, 0.0, "exploration"),
            first=_whole(first, "first", 1),
            growth=_above(growth, 1.0, "growth"),
            prior=_above(prior, 0.0, "prior"),
            seed=secrets.randbits(63) if seed is None else _whole(seed, "seed", 0),
            automatic=bool(automatic),
        )

    def json(self) -> dict[str, Any]:
        """The options as a file holds them; `of` takes them back."""
        return {
            "states": self.states.json(),
            "arms": self.arms.json(),
            "contrast": self.contrast.tolist(),
            "steps": self.steps,
            "floor": self.floor.tolist(),
            "allowed": self.allowed.tolist(),
            "exploration": self.exploration,
            "first": self.first,
            "growth": self.growth,
            "prior": self.prior,
            "seed": self.seed,
            "automatic": self.automatic,
        }

    def after(self, due: int) -> int:
        """When a policy is made after the one at `due` steps."""
        return max(due + 1, int(np.ceil(self.growth * due)))


def _whole(value: Any, what: str, least: int) -> int:
    if not isinstance(value, (int, np.integer)) or isinstance(value, bool) or value < least:
        raise BadExperiment(f"{what} must be a whole number of {least} or more, not {value!r}.")
    return int(value)


def _above(value: Any, bound: float, what: str) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = np.nan
    if not bound < number < np.inf:
        raise BadExperiment(f"{what} must be a number above {bound:g}, not {value!r}.")
    return number
