"""Which commitments need to be played out to know the best one.

If followers act by plans s a commitment c is worth v_s(c), a sum over blocks; whatever they do in
the end is a lottery over plans, so that v(c) <= max over s of v_s(c). With L the best value seen,

    { c : v_s(c) > L for some s }

alone can be better. Plans are gone through in the order of U(s) = max over c of v_s(c)
(`eqsolve.commitment.team`), those commitments listed block by block, and played out; when U(s) <= L
nothing is left, and L is proven. Where L is near the bound from the start these are few.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqsolve.commitment.blocks import Blocks
from eqsolve.commitment.team import TIED, TeamBound

Array = NDArray[np.float64]
Integers = NDArray[np.int64]
Report = Callable[[int, int], None]
LISTED = 20_000  # commitments up to which all are played out at once
MOST = 2_000_000  # how many are played out at most
FIRST = 256  # commitments tried at first for each profile of followers' plans
PLANS = 64  # profiles of plans tried at first
WIDEST = 50_000_000  # numbers held at once while commitments are listed


@dataclass
class Seen:
    """What the search has seen so far.

    Attributes
    ----------
    value, worst : float
        Best and least value.
    places : ndarray (blocks,) or None
        Parts of the best.
    count, restless : int
        Commitments played out, and those under which followers came to no end.
    """

    value: float = -np.inf
    worst: float = np.inf
    places: Integers | None = None
    count: int = 0
    restless: int = 0

    def take(self, places: Integers, values: Array) -> None:
        """Some more commitments (B, blocks) and their values (B,)."""
        self.count += values.size
        ended = np.isfinite(values)
        self.restless += int((~ended).sum())
        if not ended.any():
            return
        at = int(values.argmax())
        self.worst = min(self.worst, float(values[ended].min()))
        if values[at] > self.value:
            self.value, self.places = float(values[at]), places[at]


@dataclass(eq=False)
class Search:
    """A search among a leader's pure commitments.

    Parameters
    ----------
    blocks : Blocks
    team : TeamBound
    values : callable
        Commitments (B) to values (B,), -inf where followers come to no end.
    batch : int
        Commitments to play out together.
    gap : float
        Relative to max(1, |bound|), at which to stop.
    room : float
        How many may be played out.
    certain : bool
        Whether values are exact, not means over replications.
    few : bool
        Whether all are played out anyway.
    """

    blocks: Blocks
    team: TeamBound
    values: Callable[[Any], Array]
    batch: int
    gap: float
    room: float
    certain: bool
    few: bool
    report: Report
    seed: int = 0
    seen: Seen = field(default_factory=Seen)

    def run(self) -> tuple[float, bool]:
        """Play out what is needed: the bound that is proven, and whether all were played out."""
        if not self.few:
            for places in self._promising():
                self._take(places)
                if not self._open(self.team.value):
                    return self.team.value, False
                if self.seen.count >= self.room:
                    return self.team.value, False
            if self.certain and self.team.plans is not None and self.blocks.total < 2**62:
                return self._exhaust(), False
            if self.blocks.total > self.room:
                return self.team.value, False
        self.seen = Seen()
        total = int(self.blocks.total)
        for first in range(0, total, self.batch):
            number = np.arange(first, min(first + self.batch, total))
            self._take(np.stack(np.unravel_index(number, self.blocks.counts), axis=1), total)
        return (self.seen.value if self.certain else self.team.value), True

    def _take(self, places: Integers, total: float | None = None) -> None:
        self.seen.take(places, self.values(self.blocks.combined(places)))
        most = int(min(self.room, self.blocks.total) if total is None else total)
        self.report(min(self.seen.count, most), most)

    def _open(self, bound: float) -> bool:
        """Whether the best value is short of a bound."""
        return bound - self.seen.value > self.gap * max(1.0, abs(bound))

    def _promising(self) -> Iterator[Integers]:
        """Some commitments (B, blocks) that would be best if followers did as suits the leader."""
        rng, counts = np.random.default_rng(self.seed), self.blocks.counts
        if self.team.plans is None:
            yield np.stack([rng.integers(n, size=self.batch) for n in counts], axis=1)
            return
        for plan in np.argsort(-self.team.values, kind="stable")[:PLANS]:
            parts = self.team.best_parts(self.blocks, int(plan))
            sizes = [own.size for own in parts]
            if np.prod(sizes, dtype=float) <= FIRST:
                which = np.unravel_index(np.arange(int(np.prod(sizes))), sizes)
            else:
                which = tuple(rng.integers(n, size=FIRST) for n in sizes)
            places = np.stack([own[at] for own, at in zip(parts, which, strict=True)], axis=1)
            for k in range(0, places.shape[0], self.batch):
                yield places[k : k + self.batch]

    def _exhaust(self) -> float:
        """Play out whatever could be better, plan by plan; the bound that is proven then."""
        known = np.zeros(0, dtype=np.int64)
        for plan in np.argsort(-self.team.values, kind="stable"):
            most = float(self.team.values[plan])
            if not self._open(most):
                return max(self.seen.value, most)
            listed = self._better(self.team.laws[plan])
            if listed is None:
                return most
            places, worth = listed
            number = np.ravel_multi_index(tuple(places.T), self.blocks.counts)
            new = ~np.isin(number, known)
            known = np.union1d(known, number)
            places, worth = places[new], worth[new]
            for k in range(0, places.shape[0], self.batch):
                some = worth[k : k + self.batch] > self.seen.value
                if some.any():
                    self._take(places[k : k + self.batch][some])
                if self.seen.count >= self.room:
                    return most
        return self.seen.value

    def _better(self, law: Array) -> tuple[Integers, Array] | None:
        """Commitments worth more than the best seen if cells have this law, best first.

        None where they are more than there is room for.
        """
        blocks = self.blocks
        sums = np.array([float(law @ blocks.constant[0])])
        worth = [block.values[:, 0] @ law[block.cells] for block in blocks.blocks]
        rest = np.append(np.cumsum([own.max() for own in worth[::-1]])[::-1], 0.0)[1:]
        floor = self.seen.value
        if np.isfinite(floor):
            floor += TIED * max(1.0, abs(floor))
        places = np.zeros((1, 0), dtype=np.int64)
        for own, ahead in zip(worth, rest, strict=True):
            if sums.size * own.size > WIDEST:
                return None
            total = sums[:, None] + own
            rows, parts = np.nonzero(total + ahead > floor)
            if rows.size > self.room - self.seen.count:
                return None
            sums = total[rows, parts]
            places = np.concatenate([places[rows], parts[:, None]], axis=1)
        order = np.argsort(-sums, kind="stable")
        return places[order], sums[order]
