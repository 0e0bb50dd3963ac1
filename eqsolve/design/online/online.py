"""An experiment that designs itself while it runs.

At steps t_1 < t_2 < ..., each `growth` times the one before, the chains and rewards are estimated
from all that has been observed, the design program is solved for the estimates, and its policy is
put in force with forced exploration that vanishes but never ends (`eqsolve.design.online.policy`);
until t_1 a coin is flipped. So the estimates are consistent, the occupancy tends to the optimum,
and the estimate of the effect to the least variance (Glynn, Johari and Rasouli, NeurIPS 2020,
section 5). The program is always told the number of steps, so that enough coin flipping is mixed
in for the policy to show its variance within the run.

Before an arm has been tried in a state it borrows what other arms did there, see
`eqsolve.design.estimation.plug_in`.
"""

from __future__ import annotations

import copy
from collections.abc import Hashable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from eqsolve.design.estimation.counts import TransitionCounts
from eqsolve.design.estimation.estimate import EffectEstimate, estimate
from eqsolve.design.online.options import OnlineOptions
from eqsolve.design.online.policy import coin_policy, next_policy, read_only
from eqsolve.design.online.store import Journal, Snapshot, read_snapshot, write_snapshot
from eqsolve.errors import BadExperiment, BadLog
from eqsolve.results import Solution, Table

if TYPE_CHECKING:
    from eqsolve.design.sampling_design import SamplingDesign

Array = NDArray[np.float64]
Integers = NDArray[np.int64]

BATCH = 1024  # uniform numbers made at once
GATHERED = 10_000  # steps taken in one by one before they are counted


class OnlineDesign:
    """Chooses arms while an experiment runs, ever nearer to the optimal design.

    Parameters
    ----------
    states, arms : int, or sequence of labels
        All there are. Labels are texts, numbers or tuples of these; an int means 0, 1, ...
    contrast : array_like (A,) or (K, A), mapping of arm to weight, or None
        What is to be learned; default the second arm minus the first.
    steps : int, optional
        Length of the planned run. Default: each policy is made for the time until the next.
    floor : float, array_like (A,) or mapping, optional
        Least probability of each allowed arm in every state.
    allowed : bool array_like (A, S), optional
        Which arms may run in which states.
    exploration : float
        c of the exploration min(1, c / sqrt(1 + visits)) of a state; positive.
    first : int, optional
        Steps of coin flipping before the first policy; default ten for each arm and state.
    growth : float
        Over 1: policies are made at `first`, growth x first, growth^2 x first, ... steps.
    prior : float
        Pseudo-steps that each arm borrows in each state when a policy is made; estimates of the
        effect borrow nothing.
    seed : int or None
        Of the arms that are drawn.
    automatic : bool
        Make policies inside `observe` as they fall due. Else `due` tells when to call `resolve`;
        where that takes long, on a `copy` in another thread, whose policy one then adopts with
        `adopt`.
    keep : path, optional
        File in which everything observed is kept as it comes, see `load`.

    Raises
    ------
    BadExperiment
        Naming the label or the option that is none, or a `keep` that exists already.

    Notes
    -----
    The arm of a step depends on the seed, the number of steps observed and the state only:
    asking twice before observing gives the same arm twice, and a design that was saved and
    loaded goes on as if it had never stopped.

    Examples
    --------
    >>> online = OnlineDesign(["empty", "busy"], ["old", "new"], steps=1000, seed=0)
    >>> arm = online.next_arm("empty")
    >>> online.observe("empty", arm, 1.5, "busy")
    >>> online.steps_taken, online.policy.tolist()
    (1, [[0.5, 0.5], [0.5, 0.5]])
    """

    def __init__(
        self,
        states: int | Sequence[Hashable],
        arms: int | Sequence[Hashable],
        contrast: Any = None,
        *,
        steps: int | None = None,
        floor: Any = None,
        allowed: Any = None,
        exploration: float = 1.0,
        first: int | None = None,
        growth: float = 2.0,
        prior: float = 1.0,
        seed: int | None = None,
        automatic: bool = True,
        keep: str | Path | None = None,
    ) -> None:
        self._begin(
            OnlineOptions.of(
                states,
                arms,
                contrast,
                steps=steps,
                floor=floor,
                allowed=allowed,
                exploration=exploration,
                first=first,
                growth=growth,
                prior=prior,
                seed=seed,
                automatic=automatic,
            )
        )
        if keep is not None:
            self._journal = Journal.begin(Path(keep))
            self._keep(self._journal)

    _journal: Journal | None

    def _begin(self, options: OnlineOptions) -> None:
        self.options = options
        self.resolves, self.failure = 0, ""
        self.design: SamplingDesign | None = None
        self._counts = TransitionCounts.empty(
            len(options.arms),
            len(options.states),
            arm_names=options.arms.given,
            state_names=options.states.given,
        )
        self._counted = 0
        self._recent: list[tuple[int, int, int, float]] = []
        self._policy = coin_policy(options)
        self._next = options.first
        self._batch: tuple[int, Array] = (-1, np.zeros(0))
        self._solution: Solution | None = None
        self._journal = None

    @property
    def states(self) -> tuple[Hashable, ...]:
        """The states' labels."""
        return self.options.states.names

    @property
    def arms(self) -> tuple[Hashable, ...]:
        """The arms' labels."""
        return self.options.arms.names

    @property
    def contrast(self) -> Array:
        """What is to be learned (K, A)."""
        return self.options.contrast

    # --- serving -----------------------------------------------------------------------------

    def next_arm(self, state: Hashable, rng: np.random.Generator | None = None) -> Any:
        """The arm to use in a state, drawn from the policy in force.

        Parameters
        ----------
        state : label
        rng : numpy.random.Generator, optional
            Draw with this one, instead of by seed and step.

        Raises
        ------
        BadExperiment
            When the label names no state.
        """
        place = self.options.states.place(state)
        uniform = self._uniform(self.steps_taken) if rng is None else float(rng.random())
        upto = np.cumsum(self._policy[place])
        arm = int(np.searchsorted(upto / upto[-1], uniform, side="right"))
        return self.arms[arm]

    def observe(self, state: Hashable, arm: Hashable, reward: float, next_state: Hashable) -> None:
        """Take in a step; now and then this makes a new policy.

        Raises
        ------
        BadExperiment
            When a label names no state or arm, or the arm is not allowed there.
        BadLog
            When the reward is no finite number.
        """
        known = self.options
        here, after = known.states.place(state), known.states.place(next_state)
        used = known.arms.place(arm)
        try:
            paid = float(reward)
        except (TypeError, ValueError):
            paid = np.nan
        if not np.isfinite(paid):
            raise BadLog(f"The reward of step {self.steps_taken} is {reward!r}, no finite number.")
        if not known.allowed[used, here]:
            raise BadExperiment(f"Arm {arm!r} is not allowed in state {state!r}.")
        if self._journal is not None:
            self._journal.add(self.steps_taken, used, here, after, paid)
        self._take(used, here, after, paid)

    def absorb(self, counts: TransitionCounts) -> None:
        """Take in many steps at once, as counts: of an earlier log, or of a simulation.

        Parameters
        ----------
        counts : TransitionCounts
            Of the same arms and states.

        Raises
        ------
        BadLog
            When arms or states are others.
        """
        self._gather()
        self._counts = self._counts + self._named(counts)
        self._counted = int(self._counts.total)
        if self.due and self.options.automatic:
            self.resolve()
        elif self._journal is not None:
            self._keep(self._journal)

    @property
    def policy(self) -> Array:
        """Probability of each arm in each state (states, arms): the table in force, read-only."""
        return self._policy

    @property
    def steps_taken(self) -> int:
        """Steps observed so far."""
        return self._counted + len(self._recent)

    @property
    def counts(self) -> TransitionCounts:
        """All steps observed, counted."""
        self._gather()
        return self._counts

    @property
    def occupancy(self) -> Array:
        """Share of the steps so far of each arm in each state (arms, states)."""
        return np.asarray(self.counts.visits / max(self.steps_taken, 1))

    def estimate(self, contrast: Any = None) -> EffectEstimate:
        """The effect so far; by default the contrast that is designed for.

        Raises
        ------
        BadLog
            When the steps so far do not identify it.
        """
        asked = self.contrast if contrast is None else contrast
        if contrast is None and len(self.contrast) == 1:
            asked = self.contrast[0]
        return estimate(self.counts, asked)

    # --- policies ----------------------------------------------------------------------------

    def resolve_times(self, until: int) -> list[int]:
        """Steps after now and up to `until` at which a policy is made.

        Examples
        --------
        >>> OnlineDesign(3, 2, first=100).resolve_times(1000)
        [100, 200, 400, 800]
        """
        times, due = [], self._next
        while due <= until:
            times.append(due)
            due = self.options.after(due)
        return times

    @property
    def due(self) -> bool:
        """Whether it is time for a new policy."""
        return self.steps_taken >= self._next

    def resolve(self) -> bool:
        """Estimate and solve anew, now; True where that gave a policy.

        Where the steps so far determine none, the policy in force stays, and `failure` says why.
        """
        self._schedule()
        found = next_policy(self.options, self.counts, self._solution)
        self.failure = found.failure
        if found.policy is not None and found.design is not None:
            self.resolves += 1
            self.design, self._solution = found.design, found.design.solution
            self._policy = found.policy
        if self._journal is not None:
            self._keep(self._journal)
        return not self.failure

    def adopt(self, other: OnlineDesign) -> None:
        """Put in force the policy of another, such as a `copy` that was solved elsewhere.

        Raises
        ------
        BadExperiment
            When the other is about other states or arms.
        """
        if (other.states, other.arms) != (self.states, self.arms):
            raise BadExperiment("Only the policy of a design of the same states and arms fits.")
        self._policy, self.design, self._solution = other._policy, other.design, other._solution
        self.resolves, self.failure = other.resolves, other.failure
        self._schedule()
        if self._journal is not None:
            self._keep(self._journal)

    def _schedule(self) -> None:
        """The next time a policy is made."""
        while self._next <= self.steps_taken:
            self._next = self.options.after(self._next)

    # --- keeping -----------------------------------------------------------------------------

    def copy(self) -> OnlineDesign:
        """Another one that knows the same and goes its own way; it keeps no file."""
        other = copy.copy(self)
        other._recent = list(self._recent)
        other._journal = None
        return other

    def save(self, path: str | Path) -> Path:
        """Write everything to a .npz file, at once or not at all; no pickle.

        Parameters
        ----------
        path : path
            An existing file is replaced in one move.
        """
        return write_snapshot(Path(path), self._snapshot(kept=False))

    @classmethod
    def load(cls, path: str | Path) -> OnlineDesign:
        """Go on where `save`, or a run with `keep`, stopped.

        Of a run with `keep` nothing is lost that `observe` had taken in when the process ended,
        and the design goes on keeping its file.

        Raises
        ------
        BadLog
            When the file is none that `save` wrote.
        """
        path = Path(path)
        found = read_snapshot(path)
        online = cls.__new__(cls)
        online._begin(found.options)
        online._counts, online._policy = found.counts, read_only(found.policy)
        online._counted = int(found.counts.total)
        online.resolves, online.failure = found.resolves, found.failure
        online._solution = found.solution
        online._schedule()
        if found.kept:
            journal = Journal(path)
            for step, arm, state, after, reward in journal.read():
                if step == online.steps_taken:
                    online._take(arm, state, after, reward)
            # Only now: a policy made on the way must not empty the journal before its end.
            online._journal = journal
            online._keep(journal)
        return online

    def _snapshot(self, kept: bool) -> Snapshot:
        return Snapshot(
            options=self.options,
            counts=self.counts,
            policy=self._policy,
            resolves=self.resolves,
            failure=self.failure,
            solution=self._solution,
            kept=kept,
        )

    def _keep(self, journal: Journal) -> None:
        write_snapshot(journal.path, self._snapshot(kept=True))
        journal.clear()

    # --- what it says ------------------------------------------------------------------------

    def table(self) -> Table:
        """How far the run is, and the policy in force."""
        title = (
            f"Online design: {self.steps_taken} steps, {self.resolves} policies made, the next at "
            f"{self._next}"
        )
        headers = ("state", *(f"p({name})" for name in self.arms), "visits")
        visits = self.counts.visits.sum(axis=0)
        rows = tuple(
            (str(name), *row, count)
            for name, row, count in zip(self.states, self._policy, visits, strict=True)
        )
        notes = (f"No policy from the last attempt: {self.failure}",) if self.failure else ()
        return Table(headers, rows, title=title, notes=notes)

    def __repr__(self) -> str:
        return str(self.table())

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()

    # --- inside ------------------------------------------------------------------------------

    def _take(self, arm: int, state: int, next_state: int, reward: float) -> None:
        self._recent.append((arm, state, next_state, reward))
        if len(self._recent) >= GATHERED:
            self._gather()
        if self.due and self.options.automatic:
            self.resolve()

    def _gather(self) -> None:
        """Count the steps that were taken in one by one."""
        if self._recent:
            arms, states, after, rewards = zip(*self._recent, strict=True)
            self._counted += len(self._recent)
            self._recent.clear()
            self._counts = self._counts + TransitionCounts.from_steps(
                arms,
                states,
                rewards,
                after,
                number_of_arms=len(self.arms),
                number_of_states=len(self.states),
                arm_names=self._counts.arm_names,
                state_names=self._counts.state_names,
            )

    def _named(self, counts: TransitionCounts) -> TransitionCounts:
        """Counts under our names, where theirs are none or the same."""
        for what, own in (("arm", self.options.arms), ("state", self.options.states)):
            names, size = getattr(counts, f"{what}_names"), getattr(counts, f"{what}s")
            if size != len(own) or (names is not None and tuple(names) != own.names):
                raise BadLog(
                    f"Only counts of the same {what}s can be absorbed: these are of {size}, "
                    f"{'unnamed' if names is None else repr(names)}; ours are {own.names!r}."
                )
        return replace(
            counts, arm_names=self._counts.arm_names, state_names=self._counts.state_names
        )

    def _uniform(self, step: int) -> float:
        """The uniform number of a step: a function of seed and step alone."""
        batch, place = divmod(step, BATCH)
        if batch != self._batch[0]:
            stream = np.random.SeedSequence(self.options.seed, spawn_key=(batch,))
            self._batch = (batch, np.random.Generator(np.random.PCG64(stream)).random(BATCH))
        return float(self._batch[1][place])
