"""What `eqsolve reproduce pomdp` shows, on fewer settings, seeds and episodes."""

from __future__ import annotations

import numpy as np
import pytest
from typer.testing import CliRunner

from eqsolve import cli
from eqsolve.errors import EqsolveError
from eqsolve.report import pomdp
from eqsolve.report._pomdp_settings import ALL, NARROW

SHOWN = ("Escape, mixed", "Matrix design", "Allocation, 3 messages")


@pytest.mark.parametrize("setting", [*ALL, NARROW], ids=lambda one: one.name)
def test_every_setting_has_its_published_optimum(setting):
    found = setting.optimum()
    assert found.target == pytest.approx(setting.published, abs=1e-8)
    assert found.bound == pytest.approx(setting.published, abs=1e-8)
    low, high = setting.aims(found)
    assert low < high <= found.target
    assert setting.ignorant() <= found.target + 1e-9
    if setting.published > 0:
        assert low == pytest.approx(0.99 * setting.published)


def test_settings_cover_what_is_published():
    names = {one.name for one in ALL}
    assert len(names) == len(ALL)
    assert {one.published for one in ALL} >= {30.0, 20.0, 27.5, 2.0, 2.5, 1.0, 10.0, -0.06, 0.0}
    assert set(pomdp.CRITICS) <= names


def test_reproduce_pomdp(tmp_path, monkeypatch):
    few = tuple(one for one in ALL if one.name in SHOWN)
    monkeypatch.setattr(pomdp, "SETTINGS", few)
    monkeypatch.setattr(pomdp, "STEPS", 1500)
    monkeypatch.setattr(pomdp, "GAP_PLAYS", (10, 100))
    monkeypatch.setattr(pomdp, "SELLING", 60)
    monkeypatch.setattr(pomdp, "PRICED", 1000)
    tables = []
    figures = pomdp.run(tmp_path, tables.append, seeds=2)
    assert [path.name for path in figures] == ["pomdp_curves.png", "pomdp_gap.png"]
    assert all(path.stat().st_size > 10_000 for path in figures)
    settings, reached, hidden, critics, gap, sellers = tables
    assert [row[0] for row in settings.rows] == [one.name for one in few]
    assert "weights 0.1, payoffs / 30, expected, argmax, ties even" in str(settings)
    for row in reached.rows:
        _, published, value, bound, _, middle, least, seeds, episodes, seconds, total = row
        assert value == pytest.approx(published, abs=1e-6)
        assert bound == pytest.approx(published, abs=1e-8)
        assert least <= middle <= bound + 1e-9
        assert seeds == "2 of 2"
        assert 0 < episodes <= 1536
        assert 0 < seconds <= total
    assert [row[1] for row in hidden.rows] == ["seen", "hidden"] * 2
    assert [row[4] for row in hidden.rows if row[1] == "seen"] == ["2 of 2"] * 2
    assert [row[1] for row in critics.rows] == ["full", "none"]
    assert all(row[2] <= row[3] for row in gap.rows)
    surplus = {name: value for name, value, _ in sellers.rows}
    assert surplus["monopoly"] < surplus["competition, everybody shown"]
    difference = surplus["learned rules"] - surplus["no intervention"]
    assert surplus["learned less no intervention"] == pytest.approx(difference)
    assert "[" in sellers.rows[-1][2]


def test_intervals_are_students():
    values = np.array([1.0, 2.0, 4.0])
    half = 4.302652730 * values.std(ddof=1) / np.sqrt(3)
    mean = values.mean()
    assert pomdp._interval(values) == f"{mean:.4g} [{mean - half:.4g}, {mean + half:.4g}]"
    assert pomdp._interval(values[:1]) == "1"


def test_seeds_go_with_pomdp(tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(pomdp, "run", lambda folder, say, seeds: asked.append(seeds) or [])
    done = CliRunner().invoke(
        cli.app, ["reproduce", "pomdp", "--seeds", "3", "--out", str(tmp_path)]
    )
    assert done.exit_code == 0
    assert asked == [3]
    wrong = CliRunner().invoke(cli.app, ["reproduce", "cournot", "--seeds", "3"])
    assert isinstance(wrong.exception, EqsolveError)
    assert "--seeds goes with the system pomdp" in str(wrong.exception)
