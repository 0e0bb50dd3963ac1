"""Bins: where they are cut, what they are called, and what they do to the effect."""

import itertools

import numpy as np
import pandas as pd
import pytest

import eqsolve as eq
from eqsolve import TransitionLog
from eqsolve.design.logs.bins import coarser, finer
from eqsolve.design.logs.quantiles import quantiles
from eqsolve.design.logs.tables import open_table

COLUMNS = {
    "normal": lambda rng: rng.normal(size=5000),
    "far from zero": lambda rng: 1e9 + rng.normal(size=5000),
    "heavy tails": lambda rng: rng.standard_cauchy(5000) ** 3,
    "whole numbers": lambda rng: rng.poisson(40, 5000).astype(float),
    "tiny and huge": lambda rng: 10.0 ** rng.uniform(-12, 12, 5000),
    "few values": lambda rng: rng.choice([0.0, 1.0, 7.0], 5000, p=[0.9, 0.08, 0.02]),
}


@pytest.mark.parametrize("kind", list(COLUMNS))
@pytest.mark.parametrize("bins", [2, 3, 20])
def test_quantiles_cut_into_equal_numbers_of_rows(kind, bins):
    values = COLUMNS[kind](np.random.default_rng(0))
    points = quantiles(open_table(pd.DataFrame({"x": values})), "x", bins)
    assert list(points) == sorted(set(points))
    assert points[0] > values.min()
    goal = values.size / bins
    largest_value = np.unique(values, return_counts=True)[1].max()
    below = np.array([(values < point).sum() for point in points])
    if largest_value == 1:
        assert len(points) == bins - 1
        np.testing.assert_allclose(below, goal * np.arange(1, bins), atol=0.03 * goal + 1)
    else:
        sizes = np.diff([0, *below, values.size])
        assert sizes.max() <= 1.05 * goal + largest_value
        nearest = [np.abs(below - k * goal).min() for k in range(1, bins)]
        assert max(nearest) <= largest_value + 0.05 * goal


def test_quantiles_leave_absent_values_alone():
    values = np.array([np.nan, 1.0, 2.0, 3.0, 4.0, np.nan])
    assert quantiles(open_table(pd.DataFrame({"x": values})), "x", 2) == (3.0,)


def test_points_are_short_and_cut_as_the_values_do():
    values = 1.0 + np.random.default_rng(1).random(10_000)
    points = quantiles(open_table(pd.DataFrame({"x": values})), "x", 4)
    assert max(len(str(point)) for point in points) <= 6
    whole = quantiles(open_table(pd.DataFrame({"x": np.arange(100) * 10})), "x", 4)
    assert whole == (250.0, 500.0, 750.0)


def drifting(steps, seed, levels=12):
    """A walk over levels that arm "up" pushes up; what is earned grows with the square."""
    rng = np.random.default_rng(seed)
    arm, noise = rng.integers(0, 2, steps), rng.random(steps)
    level = np.zeros(steps, dtype=int)
    for step in range(steps - 1):
        move = 1 if noise[step] < (0.55 if arm[step] else 0.45) else -1
        level[step + 1] = min(max(level[step] + move, 0), levels - 1)
    return pd.DataFrame(
        {
            "level": level,
            "rule": np.array(["down", "up"])[arm],
            "gain": level**2 / 10 + rng.normal(size=steps),
        }
    )


KEYS = {"state": "level", "arm": "rule", "reward": "gain"}


def test_bins_are_named_by_their_ends_and_ordered_by_place():
    log = TransitionLog.from_table(drifting(3000, 0), **KEYS, bins=[2, 9.5, 11])
    assert log.states == ("< 2", "[2, 9.5)", "[9.5, 11)", ">= 11")
    assert log.bins == {"level": (2.0, 9.5, 11.0)}
    assert repr(log).endswith("4 states (level in 4 bins)")


@pytest.mark.parametrize("bins", [5, [1, 4, 6], {"level": [3]}])
def test_binned_counts_are_those_of_states_binned_beforehand(bins):
    frame = drifting(2000, 1)
    log = TransitionLog.from_table(frame, **KEYS, bins=bins)
    frame["level"] = np.digitize(frame["level"], log.bins["level"])
    plain = TransitionLog.from_table(frame, **KEYS)
    for name in ("arm", "state", "next_state", "count", "reward_sum"):
        np.testing.assert_allclose(getattr(log.counts, name), getattr(plain.counts, name))


def test_next_states_are_binned_alike_and_checked_before():
    frame = drifting(2000, 1)
    frame["after"] = frame["level"].shift(-1)
    log = TransitionLog.from_table(frame, **KEYS, bins=3)
    given = TransitionLog.from_table(frame, **KEYS, bins=3, next_state="after")
    np.testing.assert_array_equal(log.counts.count, given.counts.count)
    frame.loc[5, "after"] += 0.25  # within the same bin, perhaps
    with pytest.raises(eq.BadLog, match=r"contradicts the next row: in row 5"):
        TransitionLog.from_table(frame, **KEYS, bins=3, next_state="after")


def test_an_absent_number_has_no_bin():
    frame = drifting(50, 0).astype({"level": float})
    frame.loc[7, "level"] = np.nan
    with pytest.raises(eq.BadLog, match=r"Column 'level' has no value in row 7"):
        TransitionLog.from_table(frame, **KEYS, bins=3)


def test_coarse_bins_bias_the_effect_and_a_warning_tells():
    frame = drifting(20_000, 2)
    truth = TransitionLog.from_table(frame, **KEYS).estimate()
    log = TransitionLog.from_table(frame, **KEYS, bins=2)
    with pytest.warns(eq.BinsMatter, match=r"^Bins matter \(level in 2\): the effect is") as caught:
        coarse = log.estimate()
    (told,) = [warning for warning in caught if warning.category is eq.BinsMatter]
    assert told.filename == __file__
    assert abs(coarse.effect - truth.effect) > 2 * truth.standard_error
    found = log.bin_sensitivity()
    assert found.matters
    assert [row.name for row in found.rows] == ["as given", "half as many", "twice as many"]
    assert found.rows[0].states == 2
    assert found.rows[2].states > 2
    assert str(found).endswith("Take finer bins until it no longer moves.")
    problems = log.diagnose().problems
    assert any("finer" in problem for problem in problems)
    assert problems[-1] == str(told.message)


def test_finer_bins_than_the_states_change_nothing():
    frame = drifting(3000, 3, levels=4)
    log = TransitionLog.from_table(frame, **KEYS, bins=[1, 2, 3])
    plain = TransitionLog.from_table(frame, **KEYS)
    finest = log.bin_sensitivity().rows[2]
    assert finest.effect[0] == pytest.approx(plain.estimate().effect)
    assert (
        log.estimate(ordered=False).effect == pytest.approx(plain.estimate().effect)
        if (not log.bin_sensitivity().matters)
        else log.bin_sensitivity().largest_move > 0.5
    )


def test_bins_that_other_bins_cannot_judge_are_said_to_be_so():
    """Finer states that one arm enters and never leaves identify nothing."""
    frame = pd.DataFrame(
        {
            "level": [0.0, 1.0, 0.2, 1.4, 0.1, 1.2, 0.3, 1.1] * 3,
            "rule": ["a", "b", "a", "a", "b", "a", "b", "b"] * 3,
            "gain": np.arange(24.0),
        }
    )
    log = TransitionLog.from_table(frame, **KEYS, bins=[0.5, 1.25])
    found = log.bin_sensitivity()
    for row in found.rows:
        assert np.isnan(row.effect).all() == bool(row.reason)


def test_with_bins_counts_the_same_log_again():
    log = TransitionLog.from_table(drifting(3000, 4), **KEYS, bins=4)
    finer_log = log.with_bins({"level": 6})
    assert len(finer_log.states) > len(log.states)
    assert finer_log.length == log.length
    assert log.with_bins(None).states == tuple(range(12))


def test_finer_and_coarser_cuts():
    source = open_table(pd.DataFrame({"x": np.arange(100.0)}))
    cut = {0: (25.0, 50.0, 75.0)}
    assert coarser(cut) == {0: (50.0,)}
    halves = finer(cut, source, ["x"])[0]
    assert set(cut[0]) < set(halves)
    assert all(a < b for a, b in itertools.pairwise(halves))
    assert len(halves) == 7
    assert finer({0: (50.0,)}, source, ["x"])[0] == (25.0, 50.0, 75.0)
