r"""Tests of the Markov assumption: does anything beyond arm and state matter for what comes next?

Under the assumption, among the steps of one arm from one state, what comes next (the next state,
the reward, or R + g(Y), reward plus bias, on which the estimate rests) has nothing to do with any
group z the step may be put in by what is known before it: the previous state and arm (first
against second order), or the finer state of which the state is a lump. In each stratum of N
steps, with A and B the projections on functions of the group and of the outcome,

    X^2 = N (tr(A B) - 1),    rank A = r, rank B = c,

is Pearson's chi-square for outcomes in c classes, and N times the share of the sum of squares
between groups for numbers (there c = 2, the constant and the number). If outcomes are dealt out
to the steps at random, then exactly, however thin the table,

    E X^2   = N / (N - 1) (r - 1)(c - 1)
    Var X^2 = 2 N / (N - 3) (v_A - w_A)(v_B - w_B) + N^2 / (N - 1) w_A w_B,
    v_A = (r - 1)(N - r) / (N - 1),    w_A = (N sum_i A_ii^2 - r^2) / (N - 2).

Strata are added up and referred to a multiple of a chi-square law with the same mean and variance.

Sources: Anderson and Goodman, Ann. Math. Statist. 28 (1957), for the tests; Dawson, Biometrika 41
(1954), for the variance in contingency tables, which holds for projections in general.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from eqsolve.design.estimation.columns import check_lengths, codes
from eqsolve.design.estimation.recorded_steps import RecordedSteps
from eqsolve.results import Table

if TYPE_CHECKING:
    from eqsolve.design.estimation.arm_estimate import ArmEstimate

Array = NDArray[np.float64]
Integers = NDArray[np.int64]

_LEAST = 4  # steps of a stratum, for its variance to be defined


@dataclass(frozen=True, eq=False, repr=False)
class DependenceTest:
    """Whether something that should not matter does.

    Attributes
    ----------
    outcome : str
        What was looked at: "next state", "reward" or "reward plus bias".
    group : str
        What should not matter for it.
    statistic : float
        Sum of chi-squares over strata.
    degrees : float
        Degrees of freedom, sum of (groups - 1)(outcomes - 1) over what was visited.
    p_value : float
        Probability of a statistic as large where nothing matters; nan where nothing could be
        compared.
    explained : float
        Share of the outcome's variance that the group explains beyond chance, 0 to 1: how much
        it matters, where the p-value says how surely.
    worst : tuple of int (arm, state), or None
        Where the statistic stands out most.
    """

    outcome: str
    group: str
    statistic: float
    degrees: float
    p_value: float
    explained: float
    worst: tuple[int, int] | None

    def table(self) -> Table:
        """The figures in one row."""
        headers = ("outcome", "group", "chi-square", "degrees", "p-value", "explained")
        row = (self.outcome, self.group, self.statistic, self.degrees, self.p_value, self.explained)
        return Table(headers, (row,))

    def __repr__(self) -> str:
        return str(self.table())

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()


def markov_tests(
    steps: RecordedSteps, arms: tuple[ArmEstimate | None, ...] = ()
) -> tuple[DependenceTest, ...]:
    """First against second order: does the previous step matter, given arm and state?

    A lump of states that behave differently shows up here too, as soon as the step before tells
    something of where in the lump the system is.

    Parameters
    ----------
    steps : RecordedSteps
    arms : tuple of ArmEstimate or None
        From an estimate; with them, reward plus bias is looked at as well.

    Examples
    --------
    The next state is the one before last, which two states do not remember:

    >>> x = np.array([0, 0, 1, 1] * 50)
    >>> steps = RecordedSteps(np.zeros(200, dtype=int), x, np.zeros(200))
    >>> test = markov_tests(steps)[0]
    >>> test.p_value < 1e-20, test.explained > 0.99
    (True, True)
    """
    before = steps.arms * steps.number_of_states + steps.states
    later = np.flatnonzero(~steps.new_run)
    return _tests(steps, arms, later, before[later - 1], "previous step")


def lumping_tests(
    steps: RecordedSteps, finer: Any, arms: tuple[ArmEstimate | None, ...] = ()
) -> tuple[DependenceTest, ...]:
    """Does a finer description of the state matter, given arm and state?

    Parameters
    ----------
    steps : RecordedSteps
    finer : array_like of int (n,)
        Code of the finer state at each step.
    arms : tuple of ArmEstimate or None
        As in `markov_tests`.

    Raises
    ------
    BadLog
        When `finer` holds no codes, or not one for each step.

    Examples
    --------
    Two states in one lump, one of which earns:

    >>> rng = np.random.default_rng(0)
    >>> finer = rng.integers(0, 2, 200)
    >>> steps = RecordedSteps(np.zeros(200, dtype=int), np.zeros(200, dtype=int), finer + 0.0)
    >>> [test.outcome for test in lumping_tests(steps, finer[:-1]) if test.p_value < 0.01]
    ['reward']
    """
    group = codes(finer, "finer state")
    check_lengths({"state": steps.states, "finer state": group})
    return _tests(steps, arms, np.arange(group.size), group, "finer state")


def _tests(
    steps: RecordedSteps,
    arms: tuple[ArmEstimate | None, ...],
    rows: Integers,
    group: Integers,
    what: str,
) -> tuple[DependenceTest, ...]:
    size = steps.number_of_states
    pair = steps.arms[rows] * size + steps.states[rows]
    after, reward = steps.next_states[rows], steps.rewards[rows]

    def finish(outcome: str, strata: _Strata, of: Integers) -> DependenceTest:
        return strata.test(outcome, what, of, size)

    found = [finish("next state", *_classes(pair, group, after))]
    found.append(finish("reward", *_numbers(pair * size + after, group, reward, pair)))
    if any(arm is not None for arm in arms):
        bias = np.full((len(arms), size), np.nan)
        for arm in arms:
            if arm is not None:
                bias[arm.arm, arm.states] = arm.bias
        value = reward + bias[steps.arms[rows], after]
        known = ~np.isnan(value)
        table = _numbers(pair[known], group[known], value[known], pair[known])
        found.append(finish("reward plus bias", *table))
    return tuple(found)


@dataclass(frozen=True, eq=False)
class _Strata:
    """One entry a stratum."""

    steps: Array
    statistic: Array
    ranks: tuple[Array, Array]
    diagonals: tuple[Array, Array]  # sum_i A_ii^2, and of B

    def test(self, outcome: str, group: str, pairs: Integers, states: int) -> DependenceTest:
        r, c = self.ranks
        fine = np.flatnonzero((self.steps >= _LEAST) & (r > 1) & (c > 1))
        n, statistic = self.steps[fine], self.statistic[fine]
        r, c = r[fine], c[fine]
        degrees = (r - 1) * (c - 1)
        mean = n / (n - 1) * degrees
        (va, wa), (vb, wb) = (
            _parts(n, rank, diagonal[fine])
            for rank, diagonal in zip((r, c), self.diagonals, strict=True)
        )
        variance = 2 * n / (n - 3) * (va - wa) * (vb - wb) + n**2 / (n - 1) * wa * wb
        variance = np.maximum(variance, 0.0)
        total, centre, spread = statistic.sum(), mean.sum(), variance.sum()
        if spread <= 0:
            return DependenceTest(outcome, group, float(total), 0.0, np.nan, 0.0, None)
        scale = spread / (2 * centre)
        most = n * np.minimum(r - 1, c - 1)
        excess = (statistic - mean) / np.sqrt(np.where(variance > 0, variance, np.inf))
        worst = int(pairs[fine][np.argmax(excess)])
        return DependenceTest(
            outcome=outcome,
            group=group,
            statistic=float(total),
            degrees=float(degrees.sum()),
            p_value=float(stats.chi2.sf(total / scale, centre / scale)),
            explained=float(np.clip((total - centre) / max((most - mean).sum(), 1e-300), 0.0, 1.0)),
            worst=(worst // states, worst % states),
        )


def _parts(n: Array, rank: Array, diagonal: Array) -> tuple[Array, Array]:
    return (rank - 1) * (n - rank) / (n - 1), (n * diagonal - rank**2) / (n - 2)


def _classes(strata: Integers, groups: Integers, outcomes: Integers) -> tuple[_Strata, Integers]:
    """Pearson's chi-square in every stratum, and the strata."""
    names, stratum = np.unique(strata, return_inverse=True)
    row, row_of = _margin(stratum, groups)
    column, column_of = _margin(stratum, outcomes)
    cells, cell_counts = np.unique(row * (column.max(initial=0) + 1) + column, return_counts=True)
    cell_row, cell_column = np.divmod(cells, column.max(initial=0) + 1)
    row_steps, column_steps = np.bincount(row) + 0.0, np.bincount(column) + 0.0
    share = cell_counts.astype(float) ** 2 / (row_steps[cell_row] * column_steps[cell_column])
    steps = np.bincount(stratum).astype(float)
    sums = np.bincount(row_of[cell_row], share, minlength=names.size)
    table = _Strata(
        steps,
        steps * (sums - 1.0),
        (_ranks(row_of, names.size), _ranks(column_of, names.size)),
        (
            _added(row_of, 1.0 / row_steps, names.size),
            _added(column_of, 1.0 / column_steps, names.size),
        ),
    )
    return table, names


def _numbers(
    strata: Integers, groups: Integers, values: Array, pairs: Integers
) -> tuple[_Strata, Integers]:
    """N times the share between groups in every stratum, and the (arm, state) of each."""
    names, first, stratum = np.unique(strata, return_index=True, return_inverse=True)
    row, row_of = _margin(stratum, groups)
    steps = np.bincount(stratum, minlength=names.size).astype(float)
    size = np.maximum(steps, 1.0)
    centre = np.bincount(stratum, values, minlength=names.size) / size
    from_centre = values - centre[stratum]
    scale = np.bincount(stratum, np.abs(values), minlength=names.size) / size
    total = np.bincount(stratum, from_centre**2, minlength=names.size)
    # Values that differ by rounding alone are equal.
    varied = total > size * (1e-12 * scale) ** 2
    safe = np.where(varied, total, 1.0)
    row_steps = np.bincount(row) + 0.0
    between = np.bincount(row_of, np.bincount(row, from_centre) ** 2 / row_steps, names.size)
    fourth = np.bincount(stratum, from_centre**4, minlength=names.size)
    table = _Strata(
        steps,
        np.where(varied, steps * between / safe, 0.0),
        (_ranks(row_of, names.size), np.where(varied, 2.0, 1.0)),
        (
            _added(row_of, 1.0 / row_steps, names.size),
            3.0 / size + np.where(varied, fourth / safe**2, 0.0),
        ),
    )
    return table, pairs[first]


def _margin(stratum: Integers, codes_: Integers) -> tuple[Integers, Integers]:
    """Code of the pair (stratum, code) of each step, and the stratum of each pair."""
    width = int(codes_.max(initial=0)) + 1
    pairs, code = np.unique(stratum * width + codes_, return_inverse=True)
    return code, pairs // width


def _ranks(stratum_of: Integers, size: int) -> Array:
    return _added(stratum_of, np.ones(stratum_of.size), size)


def _added(stratum_of: Integers, values: NDArray[Any], size: int) -> Array:
    return np.asarray(np.bincount(stratum_of, values, minlength=size), dtype=np.float64)
