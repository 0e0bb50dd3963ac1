"""An experiment that designs itself while it runs.

At steps t_1 < t_2 < ..., each `growth` times the one before, the chains and rewards are estimated
from all that has been observed, the design program is solved for the estimates, and its policy
p*(l | x) is put in force with forced exploration,

    p(l | x) = (1 - e(x)) p*(l | x) + e(x) / A(x),    e(x) = min(1, c / sqrt(1 + N(x))),

N(x) being the visits of state x so far and A(x) the arms allowed there. Until t_1 a coin is
flipped. The exploration of a state vanishes, but its sum over the visits diverges, so that every
arm is tried in every state that keeps coming back, again and again (Singh, Jaakkola, Littman and
Szepesvari, Machine Learning 38, 2000, appendix B); so the estimates are consistent, the occupancy
tends to the optimum, and the estimate of the effect to the least variance (Glynn, Johari and
Rasouli, NeurIPS 2020, section 5). The program is always told the number of steps, so that enough
coin flipping is mixed in for the policy to show its variance within the run.

Before an arm has been tried in a state it borrows what other arms did there, see
`eqsolve.design.plug_in`.
"""

from __future__ import annotations

import copy
import secrets
import warnings
from collections.abc import Hashable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from eqsolve.design.contrasts import check_contrast
from eqsolve.design.counts import TransitionCounts
from eqsolve.design.estimate import EffectEstimate, estimate
from eqsolve.design.labels import Labels
from eqsolve.design.occupancy import coin_flipping
from eqsolve.design.online_store import Journal, Snapshot, read_snapshot, write_snapshot
from eqsolve.design.planning import plan
from eqsolve.design.restrictions import check_restrictions
from eqsolve.errors import BadExperiment, BadLog, EquilibriumNotFound, SlowMixing
from eqsolve.results import Solution, Table

if TYPE_CHECKING:
    from eqsolve.design.sampling_design import SamplingDesign

Array = NDArray[np.float64]
Integers = NDArray[np.int64]

VISITS = 10  # of each arm and state, on average, before the first policy
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
        c above; positive.
    first : int, optional
        Steps of coin flipping before the first policy; default ten for each arm and state.
    growth : float
        Over 1: policies are made at `first`, growth x first, growth^2 x first, ... steps.
    prior : float
        Pseudo-steps that each arm borrows in each state when a policy is made; estimates of the
        effect borrow nothing.
    seed : int or None
        Of the arms that are drawn.
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
        keep: str | Path | None = None,
    ) -> None:
        self.states, self.arms = Labels.of(states, "state"), Labels.of(arms, "arm")
        size = (len(self.arms), len(self.states))
        restrictions = _restrictions(self.states, self.arms, steps, floor, allowed)
        self.contrast = check_contrast(contrast, self.arms.names)
        self.steps, self.floor = restrictions.steps, restrictions.floor
        self.allowed = restrictions.allowed
        self.exploration = _above(exploration, 0.0, "exploration")
        self.growth = _above(growth, 1.0, "growth")
        self.prior = _above(prior, 0.0, "prior")
        self.first = (
            max(50, VISITS * size[0] * size[1]) if first is None else _whole(first, "first")
        )
        self.seed = secrets.randbits(63) if seed is None else _whole(seed, "seed")
        self._counts = TransitionCounts.empty(
            *size, arm_names=self.arms.given, state_names=self.states.given
        )
        self._recent: list[tuple[int, int, int, float]] = []
        self._coin = coin_flipping(self.allowed, self.allowed, self.floor)
        self._policy = _read_only(self._coin)
        self._next = self.first
        self._batch: tuple[int, Array] = (-1, np.zeros(0))
        self._solution: Solution | None = None
        self.design: SamplingDesign | None = None
        self.resolves = 0
        self.failure = ""
        self._journal: Journal | None = None
        if keep is not None:
            self._journal = Journal.begin(Path(keep))
            self._keep()

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
        place = self.states.place(state)
        uniform = self._uniform(self.steps_taken) if rng is None else float(rng.random())
        upto = np.cumsum(self._policy[place])
        arm = int(np.searchsorted(upto / upto[-1], uniform, side="right"))
        return self.arms.names[arm]

    def observe(self, state: Hashable, arm: Hashable, reward: float, next_state: Hashable) -> None:
        """Take in a step; now and then this makes a new policy.

        Raises
        ------
        BadExperiment
            When a label names no state or arm, or the arm is not allowed there.
        BadLog
            When the reward is no finite number.
        """
        here, after = self.states.place(state), self.states.place(next_state)
        used = self.arms.place(arm)
        try:
            paid = float(reward)
        except (TypeError, ValueError):
            paid = np.nan
        if not np.isfinite(paid):
            raise BadLog(f"The reward of step {self.steps_taken} is {reward!r}, no finite number.")
        if not self.allowed[used, here]:
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
        self._counts = self._counts + counts
        if self.steps_taken >= self._next:
            self.resolve()
        elif self._journal is not None:
            self._keep()

    @property
    def policy(self) -> Array:
        """Probability of each arm in each state (states, arms): the table in force, read-only."""
        return self._policy

    @property
    def steps_taken(self) -> int:
        """Steps observed so far."""
        return int(self._counts.total) + len(self._recent)

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
            due = self._after(due)
        return times

    def _after(self, due: int) -> int:
        return max(due + 1, int(np.ceil(self.growth * due)))

    def resolve(self) -> bool:
        """Estimate and solve anew, now; True where that gave a policy.

        Where the steps so far determine none, the policy in force stays, and `failure` says why.
        """
        total = max(self.steps_taken, self.first)
        while self._next <= self.steps_taken:
            self._next = self._after(self._next)
        horizon = max(self.steps or 0, int(np.ceil(self.growth * total)))
        try:
            experiment = self.counts.experiment(prior=self.prior)
            with warnings.catch_warnings():
                # The note of the design says it; a service has nobody to warn.
                warnings.simplefilter("ignore", SlowMixing)
                self.design = plan(
                    experiment,
                    self.contrast,
                    steps=horizon,
                    floor=self.floor,
                    allowed=self.allowed,
                    start=self._solution,
                )
        except (BadExperiment, BadLog, EquilibriumNotFound) as error:
            self.failure = str(error)
        else:
            self.failure = ""
            self.resolves += 1
            self._solution = self.design.solution
            self._policy = self._explored(self.design.policy)
        if self._journal is not None:
            self._keep()
        return not self.failure

    def _explored(self, policy: Array) -> Array:
        """A policy with forced exploration, read-only."""
        visits = self.counts.visits.sum(axis=0)
        forced = np.minimum(1.0, self.exploration / np.sqrt(1.0 + visits))[:, None]
        return _read_only((1 - forced) * policy + forced * self._coin)

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
        return write_snapshot(Path(path), self._snapshot())

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
        online = cls(**found.options)
        online._counts = found.counts
        online._policy = _read_only(found.policy)
        online.resolves, online.failure = found.resolves, found.failure
        while online._next <= found.counts.total:
            online._next = online._after(online._next)
        online._solution = found.solution
        if found.kept:
            online._journal, later = Journal.resume(path)
            for step, arm, state, after, reward in later:
                if step == online.steps_taken:
                    online._take(arm, state, after, reward)
        return online

    def _snapshot(self) -> Snapshot:
        options = {
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
        }
        return Snapshot(
            options=options,
            counts=self.counts,
            policy=self._policy,
            resolves=self.resolves,
            failure=self.failure,
            solution=self._solution,
            kept=self._journal is not None,
        )

    def _keep(self) -> None:
        assert self._journal is not None
        write_snapshot(self._journal.path, self._snapshot())
        self._journal.clear()

    # --- what it says ------------------------------------------------------------------------

    def table(self) -> Table:
        """How far the run is, and the policy in force."""
        title = (
            f"Online design: {self.steps_taken} steps, {self.resolves} policies made, the next at "
            f"{self._next}"
        )
        headers = ("state", *(f"p({name})" for name in self.arms.names), "visits")
        visits = self.counts.visits.sum(axis=0)
        rows = tuple(
            (str(name), *row, count)
            for name, row, count in zip(self.states.names, self._policy, visits, strict=True)
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
        if self.steps_taken >= self._next:
            self.resolve()

    def _gather(self) -> None:
        """Count the steps that were taken in one by one."""
        if self._recent:
            arms, states, after, rewards = zip(*self._recent, strict=True)
            self._recent.clear()
            self._counts = self._counts + TransitionCounts.from_steps(
                arms,
                states,
                rewards,
                after,
                number_of_arms=len(self.arms),
                number_of_states=len(self.states),
                arm_names=self.arms.given,
                state_names=self.states.given,
            )

    def _uniform(self, step: int) -> float:
        """The uniform number of a step: a function of seed and step alone."""
        batch, place = divmod(step, BATCH)
        if batch != self._batch[0]:
            stream = np.random.SeedSequence(self.seed, spawn_key=(batch,))
            self._batch = (batch, np.random.Generator(np.random.PCG64(stream)).random(BATCH))
        return float(self._batch[1][place])


def _restrictions(states: Labels, arms: Labels, steps: Any, floor: Any, allowed: Any) -> Any:
    """Steps, floors and allowed arms, checked as those of a design."""
    declared: Any = SimpleNamespace(
        arms=len(arms),
        states=len(states),
        arm_names=arms.names,
        state_name=lambda state: repr(states.names[state]),
    )
    return check_restrictions(declared, steps=steps, floor=floor, allowed=allowed)


def _whole(value: Any, what: str) -> int:
    least = 0 if what == "seed" else 1
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


def _read_only(policy: Array) -> Array:
    fixed = np.array(policy, dtype=np.float64)
    fixed.setflags(write=False)
    return fixed
