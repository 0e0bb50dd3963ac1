"""The effect as a log grew, against estimates from the log cut short."""

import numpy as np
import pandas as pd
import pytest
from logged import made

from eqsolve import TransitionLog

KEYS = {"state": "queue", "arm": "rule", "reward": "profit"}


def test_parts_are_of_equally_many_rows_and_each_is_the_log_cut_short():
    frame = made(900, runs=1)
    found = TransitionLog.from_table(frame, **KEYS).interval_over_time(6)
    assert found.steps.tolist() == [150, 300, 450, 600, 750, 899]
    for t, steps in enumerate(found.steps):
        short = frame.iloc[: steps + 1]
        alone = TransitionLog.from_table(short, **KEYS).estimate(ordered=False)
        assert found.effects[t, 0] == pytest.approx(alone.effect)
        assert found.standard_errors[t, 0] == pytest.approx(alone.standard_error)
    low, high = found.interval("clt")
    np.testing.assert_allclose((high - low) / 2, 1.959964 * found.standard_errors, rtol=1e-6)
    wide_low, wide_high = found.interval("anytime")
    assert (wide_low < low).all()
    assert (wide_high > high).all()


def test_runs_side_by_side_are_followed_by_time():
    frame = made(300)
    log = TransitionLog.from_table(
        frame.sample(frac=1, random_state=0), **KEYS, run="city", time="minute"
    )
    found = log.interval_over_time(4)
    bounds = np.linspace(frame["minute"].min(), frame["minute"].max(), 5)[1:]
    after = frame.groupby("city")["queue"].shift(-1).notna()
    wanted = [int(((frame["minute"] < bound) & after).sum()) for bound in bounds[:-1]]
    assert found.steps.tolist() == [*wanted, 897]
    assert found.effects[-1, 0] == pytest.approx(log.estimate().effect)


@pytest.mark.parametrize("kind", ["datetime64[us]", "datetime64[us, UTC]", "days"])
def test_times_may_be_dates_and_clocks(kind):
    frame = made(300)
    start = pd.Timestamp("2026-03-01")
    if kind == "days":
        frame["minute"] = (start + pd.to_timedelta(frame["minute"], "D")).dt.date
    else:
        frame["minute"] = start + pd.to_timedelta(frame["minute"], "min")
        frame["minute"] = (
            frame["minute"].dt.tz_localize("UTC") if "UTC" in kind else frame["minute"]
        )
    log = TransitionLog.from_table(frame, **KEYS, run="city", time="minute")
    plain = TransitionLog.from_table(made(300), **KEYS, run="city", time="minute")
    found, wanted = log.interval_over_time(5), plain.interval_over_time(5)
    np.testing.assert_array_equal(found.steps, wanted.steps)
    np.testing.assert_allclose(found.effects, wanted.effects)


def test_several_contrasts_and_parts_too_short_to_tell():
    frame = made(400, runs=1)
    frame.loc[frame.index < 100, "rule"] = "old"
    frame.loc[frame.index >= 300, "rule"] = np.where(frame["queue"][300:] > 1, "odd", "old")
    frame.loc[[398], "rule"] = "new"
    log = TransitionLog.from_table(frame, **KEYS, arms=["old", "new", "odd"])
    found = log.interval_over_time(8, {"new": 1, "old": -1})
    assert np.isnan(found.effects[0, 0])
    assert not np.isnan(found.effects[-1, 0])
    assert found.names == ("new minus old",)
    rows = log.interval_over_time(2, [[-1, 1, 0], [1, 0, 0]])
    assert rows.effects.shape == (2, 2)
    assert "contrast" in str(rows).splitlines()[0]
    assert "contrast" not in str(found).splitlines()[0]


def test_more_parts_than_rows():
    found = TransitionLog.from_table(made(40, runs=1, states=2), **KEYS).interval_over_time(200)
    assert found.steps.tolist() == list(range(1, 40))


def test_the_figure_shows_both_intervals():
    found = TransitionLog.from_table(made(300, runs=1), **KEYS).interval_over_time(10)
    axes = found.plot()
    labels = axes.get_legend_handles_labels()[1]
    assert labels == ["effect", "95 %, one look", "95 %, any number of looks"]
    assert axes.get_xlabel() == "steps"
