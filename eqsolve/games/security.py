"""Security games: a defender spreads resources over targets, attackers look and then choose.

With coverage c_t, the probability that target t is guarded, an attack on t pays

    defender:  c_t Dc_t + (1 - c_t) Du_t,      attacker:  c_t Ac_t + (1 - c_t) Au_t.

Only the coverage matters: 0 <= c <= 1, sum c <= resources, any such c can be played (Kiekintveld,
Jain, Tsai, Pita, Ordonez and Tambe 2009, "Computing optimal randomized resource allocations for
massive security games", AAMAS). The normal form would need every set of targets.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import comb
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqsolve.errors import NotAGame
from eqsolve.games.bayesian import BayesianGame
from eqsolve.games.finite_players import Array, FinitePlayers, checked_names
from eqsolve.results import Table

LARGEST = 20_000  # sets of targets up to which the normal form is built
DUST = 1e-12  # probabilities below this are rounding


class SecurityGame(FinitePlayers):
    """One defender, attackers of one or several types, in compact form.

    Parameters
    ----------
    defender_covered, defender_uncovered : array_like, (targets,) or (attackers, targets)
        The defender's payoff when a guarded, an unguarded target is attacked.
    attacker_covered, attacker_uncovered : array_like, (targets,) or (attackers, targets)
        The same for the attacker.
    resources : int
        How many targets can be guarded at once.
    probabilities : array_like (attackers,), optional
        Of the attackers' types; default one type, or all alike.
    target_names : sequence of str, optional

    Raises
    ------
    NotAGame
        Payoffs of different shapes or not finite, guarding that hurts the defender or helps
        an attacker, no resources, or probabilities that do not sum to one.

    Examples
    --------
    >>> game = SecurityGame([0, 0], [-3, -1], [0, 0], [3, 1], resources=1)
    >>> game.targets, game.attackers, game.player_names
    (2, 1, ('defender', 'attacker'))
    """

    def __init__(
        self,
        defender_covered: Any,
        defender_uncovered: Any,
        attacker_covered: Any,
        attacker_uncovered: Any,
        *,
        resources: int,
        probabilities: Any = None,
        target_names: Sequence[str] | None = None,
        title: str = "",
    ) -> None:
        given = {
            "defender_covered": defender_covered,
            "defender_uncovered": defender_uncovered,
            "attacker_covered": attacker_covered,
            "attacker_uncovered": attacker_uncovered,
        }
        read = _checked(given)
        self.defender_covered, self.defender_uncovered = read[0], read[1]
        self.attacker_covered, self.attacker_uncovered = read[2], read[3]
        self.attackers, self.targets = (int(size) for size in read[0].shape)
        if not (isinstance(resources, (int, np.integer)) and resources >= 1):
            raise NotAGame(f"resources must be a whole number from 1 on, not {resources!r}.")
        self.resources = min(int(resources), self.targets)
        self.probabilities = _law(probabilities, self.attackers)
        self.target_names = tuple(
            str(name)
            for name in checked_names(target_names, self.targets, "target_names", "targets")
        )
        self.player_names = ("defender", "attacker")
        self.actions = (self.targets, self.targets)
        self.action_names = (self.target_names, self.target_names)
        self.title = title

    @cached_property
    def n(self) -> int:
        """Coordinates: the coverage, then every attacker's mix over targets."""
        return self.targets * (1 + self.attackers)

    @cached_property
    def blocks(self) -> tuple[slice, ...]:
        """The coverage, and the attackers' mixes."""
        return slice(0, self.targets), slice(self.targets, self.n)

    @cached_property
    def spreads(self) -> Array:
        """Largest payoff difference of defender and attackers, (2,)."""
        pairs = (
            (self.defender_covered, self.defender_uncovered),
            (self.attacker_covered, self.attacker_uncovered),
        )
        return np.array([float(np.ptp(np.stack(pair))) for pair in pairs])

    @property
    def spread(self) -> float:
        """Largest payoff difference of any one player."""
        return float(self.spreads.max())

    @cached_property
    def coordinate_spreads(self) -> Array:
        """Each player's spread at each of its coordinates, one where it is zero, (n,)."""
        sizes = [block.stop - block.start for block in self.blocks]
        return np.repeat(np.where(self.spreads > 0, self.spreads, 1.0), sizes)

    def uniform(self) -> Array:
        """Every target covered alike and attacked alike, (n,)."""
        cover = np.full(self.targets, self.resources / self.targets)
        return np.concatenate([cover, np.full(self.n - self.targets, 1.0 / self.targets)])

    def pack(self, strategies: Any) -> Array:
        """Coverage and attacks as one vector (n,).

        Parameters
        ----------
        strategies : dict of "defender": (targets,), "attacker": (attackers, targets); or (n,)

        Raises
        ------
        NotAGame
            When a part is missing or has the wrong size.
        """
        if isinstance(strategies, Mapping):
            parts = {self.player(who): np.ravel(value) for who, value in strategies.items()}
            if set(parts) != {0, 1}:
                raise NotAGame("A profile needs the coverage of 'defender' and attacks.")
            strategies = np.concatenate([parts[0], parts[1]])
        vector = np.array(strategies, dtype=float).ravel()
        if vector.size != self.n:
            raise NotAGame(
                f"A profile of this game has {self.n} numbers, the coverage of {self.targets} "
                f"targets and as many attacks a type; {vector.size} given."
            )
        return vector

    def unpack(self, vector: Array) -> dict[Any, Array]:
        """Coverage (targets,) and attacks (attackers, targets)."""
        cover, attacks = (vector[block].copy() for block in self.blocks)
        return {"defender": cover, "attacker": attacks.reshape(self.attackers, self.targets)}

    def attack_payoffs(self, coverage: Array) -> tuple[Array, Array]:
        """What an attack on each target pays defender and attackers, (attackers, targets) each."""
        c = np.asarray(coverage, dtype=float)
        defender = c * self.defender_covered + (1 - c) * self.defender_uncovered
        attacker = c * self.attacker_covered + (1 - c) * self.attacker_uncovered
        return defender, attacker

    def deviation_payoffs(self, vector: Array) -> Array:
        """The defender's gain from a unit more coverage, and what every attack pays, (n,)."""
        cover, attacks = self.unpack(np.asarray(vector, dtype=float)).values()
        worth = self.defender_covered - self.defender_uncovered
        marginal = self.probabilities @ (attacks * worth)
        return np.concatenate([marginal, self.attack_payoffs(cover)[1].ravel()])

    def expected_payoffs(self, vector: Array) -> Array:
        """Payoffs of the defender and of the attackers together, (2,)."""
        cover, attacks = self.unpack(np.asarray(vector, dtype=float)).values()
        return np.array(
            [
                float(self.probabilities @ (attacks * pay).sum(axis=1))
                for pay in self.attack_payoffs(cover)
            ]
        )

    def allocations(self, coverage: Any) -> Allocations:
        """A lottery over sets of guarded targets that gives this coverage.

        Targets are laid end to end on a line, each as long as its coverage, and cut at a random
        offset and every unit after it.

        Raises
        ------
        NotAGame
            When the coverage is no (targets,) within 0 and 1, or needs more resources.

        Examples
        --------
        >>> game = SecurityGame([0, 0], [-3, -1], [0, 0], [3, 1], resources=1)
        >>> game.allocations([0.75, 0.25]).probabilities
        array([0.75, 0.25])
        """
        c = np.asarray(coverage, dtype=float)
        fits = c.shape == (self.targets,) and c.min() >= -1e-9 and c.max() <= 1 + 1e-9
        if not fits or c.sum() > self.resources + 1e-9:
            raise NotAGame(
                f"A coverage has {self.targets} numbers from 0 to 1 that sum to at most "
                f"{self.resources}."
            )
        ends = np.concatenate([[0.0], np.cumsum(np.clip(c, 0.0, 1.0))])
        cuts = np.unique(np.round(np.append(ends % 1.0, [0.0, 1.0]), 14))
        lengths, middles = np.diff(cuts), (cuts[1:] + cuts[:-1]) / 2
        lengths, middles = lengths[lengths > DUST], middles[lengths > DUST]
        marks = middles[:, None, None] + np.arange(self.resources + 1)
        guarded = ((marks >= ends[:-1, None]) & (marks < ends[1:, None])).any(axis=2)
        return Allocations(lengths / lengths.sum(), guarded, self.target_names)

    def normal_form(self) -> BayesianGame:
        """The same game with every set of guarded targets as an action of the defender.

        Resources may stay idle, where guarding less draws the attacker to a better place.

        Raises
        ------
        NotAGame
            When there are too many sets.
        """
        sizes = range(self.resources + 1)
        count = sum(comb(self.targets, size) for size in sizes)
        if count > LARGEST:
            raise NotAGame(f"There are {count} sets of guarded targets, too many to hold.")
        places = range(self.targets)
        sets = [kept for size in sizes for kept in itertools.combinations(places, size)]
        guarded = np.zeros((count, self.targets), dtype=bool)
        for row, kept in enumerate(sets):
            guarded[row, list(kept)] = True
        payoffs = np.empty((2, 1, self.attackers, count, self.targets))
        for k in range(self.attackers):
            payoffs[0, 0, k] = np.where(
                guarded, self.defender_covered[k], self.defender_uncovered[k]
            )
            payoffs[1, 0, k] = np.where(
                guarded, self.attacker_covered[k], self.attacker_uncovered[k]
            )
        names = ["+".join(self.target_names[t] for t in kept) or "none" for kept in sets]
        return BayesianGame(
            self.probabilities[None],
            payoffs,
            player_names=self.player_names,
            action_names=[names, self.target_names],
            title=self.title,
        )

    def table(self) -> Table:
        """One row a target: the four payoffs, of the first type of attacker."""
        rows = tuple(
            (name, *(part[0, t] for part in self._parts))
            for t, name in enumerate(self.target_names)
        )
        headers = ("target", "defender covered", "uncovered", "attacker covered", "uncovered")
        title = self.title or (
            f"Security game: {self.resources} of {self.targets} targets guarded, "
            f"{self.attackers} type{'s' if self.attackers > 1 else ''} of attacker"
        )
        notes = ("Payoffs of the first type of attacker.",) if self.attackers > 1 else ()
        return Table(headers, rows, title=title, notes=notes)

    @property
    def _parts(self) -> tuple[Array, ...]:
        return (
            self.defender_covered,
            self.defender_uncovered,
            self.attacker_covered,
            self.attacker_uncovered,
        )

    def __repr__(self) -> str:
        return str(self.table())

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()


@dataclass(frozen=True)
class Allocations:
    """A lottery over sets of guarded targets.

    Attributes
    ----------
    probabilities : ndarray (sets,)
    guarded : ndarray of bool (sets, targets)
    target_names : tuple of str
    """

    probabilities: Array
    guarded: NDArray[np.bool_]
    target_names: tuple[str, ...]

    @property
    def coverage(self) -> Array:
        """Probability that each target is guarded, (targets,)."""
        return self.probabilities @ self.guarded

    def table(self) -> Table:
        """One row a set."""
        names = np.array(self.target_names)
        rows = tuple(
            (", ".join(names[kept]), p)
            for p, kept in zip(self.probabilities, self.guarded, strict=True)
        )
        return Table(("guarded together", "probability"), rows)

    def __repr__(self) -> str:
        return str(self.table())

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()


def _checked(given: Mapping[str, Any]) -> list[Array]:
    read: list[Array] = []
    for name, value in given.items():
        try:
            array = np.atleast_2d(np.array(value, dtype=np.float64))
        except (ValueError, TypeError):
            raise NotAGame(f"{name} is ragged or holds no numbers.") from None
        if array.ndim != 2 or 0 in array.shape:
            raise NotAGame(f"{name} needs one number a target, or a row for every attacker.")
        if not np.isfinite(array).all():
            raise NotAGame(f"{name} must hold finite numbers.")
        read.append(array)
    names = list(given)
    rows = max(array.shape[0] for array in read)
    for place, array in enumerate(read):
        if array.shape[1] != read[0].shape[1] or array.shape[0] not in (1, rows):
            raise NotAGame(
                f"{names[place]} has shape {array.shape} and {names[0]} {read[0].shape}; both need "
                "one number for every attacker and target."
            )
    read = [np.broadcast_to(array, (rows, array.shape[1])).copy() for array in read]
    if (read[0] < read[1]).any():
        place = int(np.argwhere(read[0] < read[1])[0][1])
        raise NotAGame(f"Guarding target {place} hurts the defender; it must not.")
    if (read[2] > read[3]).any():
        place = int(np.argwhere(read[2] > read[3])[0][1])
        raise NotAGame(f"Guarding target {place} helps an attacker; it must not.")
    return read


def _law(probabilities: Any, attackers: int) -> Array:
    if probabilities is None:
        return np.full(attackers, 1.0 / attackers)
    law = np.array(probabilities, dtype=float).ravel()
    if law.shape != (attackers,) or not np.isfinite(law).all() or law.min() < 0:
        raise NotAGame(f"probabilities needs one nonnegative number for each of {attackers} types.")
    if abs(law.sum() - 1.0) > 1e-9:
        raise NotAGame(f"probabilities sum to {law.sum():.9g}; they must sum to one.")
    return np.asarray(law / law.sum())
