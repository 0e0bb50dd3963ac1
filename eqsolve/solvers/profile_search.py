"""The profile of least regret, by looking at all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from eqsolve.programs.profiles import ProfilesProgram
from eqsolve.results import Solution, Status


@dataclass(frozen=True)
class ProfileSearch:
    """Search over profiles; it has no options.

    Examples
    --------
    >>> dilemma = np.array([[[3, 1], [4, 2]], [[3, 4], [1, 2]]])
    >>> ProfileSearch().solve(ProfilesProgram(dilemma)).values
    array([1., 1.])
    """

    name: ClassVar[str] = "profile-search"
    kinds: ClassVar[frozenset[str]] = frozenset({"profiles"})

    def solve(self, program: ProfilesProgram, start: Any = None) -> Solution:
        """The first profile of least regret; SOLVED where nobody regrets."""
        regrets = program.regrets
        place = np.unravel_index(int(regrets.argmin()), regrets.shape)
        least = float(regrets[place])
        status = Status.SOLVED if least <= 0 else Status.INFEASIBLE
        return Solution(np.array(place, dtype=float), status, least, regrets.size, self.name)
