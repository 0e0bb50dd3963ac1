"""What `eqsolve reproduce experiment` shows, on fewer states, runs and steps."""

import pytest

from eqsolve.report import experiment


def known_designs(table):
    assert len(table.rows) >= 10
    for _, status, _, alone, optimal, off, gap, _ in table.rows:
        assert status in ("derived", "computed", "published")
        assert optimal <= alone * (1 + 1e-9)
        assert off < 1e-6
        assert gap < 1e-8


def growth(table):
    """Each arm alone grows with the states as its closed form does; joint sampling stays."""
    for states, closed, alone, _, switchback, _, flat, joint, _ in table.rows:
        assert alone == pytest.approx(closed, rel=1e-9)
        assert switchback == pytest.approx(closed, rel=1e-6)  # the ring's own law, block by block
        assert flat <= joint <= flat * 1.002, states
    assert table.rows[-1][2] > 5 * table.rows[0][2]
    simulated = next(row for row in table.rows if row[3])
    assert float(simulated[3].split()[0]) == pytest.approx(simulated[1], rel=0.4)
    assert float(simulated[8].split()[0]) == pytest.approx(simulated[6], rel=0.4)


def online(table):
    (_, _, _, expected, ratio, covered), (_, _, _, flips, _, _) = table.rows
    assert ratio < 1.1
    assert expected < flips
    assert covered > 0.8


def converges(table):
    rows = dict(table.rows)
    assert rows["kind"] == "sublinear"
    assert 0.3 < rows["order p of k^-p"] < 0.7


def rivals(table):
    bias = {row[0]: row[1] for row in table.rows}
    assert abs(bias["maximum likelihood"]) < 0.1 < bias["naive difference"]


def trap(table):
    (_, none, slow, _, _, _, missing), (_, share, fast, _, _, ratio, found) = table.rows
    assert none == 0 < share < 1
    assert slow > 10 * fast
    assert missing > found == 0
    assert 0.3 < ratio < 3


def test_reproduce_experiment(tmp_path, monkeypatch):
    smaller = {
        "SIZES": (3, 8, 20),
        "SIMULATED": (8,),
        "RING_STEPS": 4_000,
        "REPLICATIONS": 150,
        "ONLINE_STEPS": 20_000,
        "ONLINE_REPLICATIONS": 30,
        "DRIFT_STATES": 40,
        "DRIFT_STEPS": 40_000,
        "DRIFT_REPLICATIONS": 30,
    }
    for name, value in smaller.items():
        monkeypatch.setattr(experiment, name, value)
    tables = []
    figures = experiment.run(tmp_path, tables.append)
    checks = (known_designs, growth, online, converges, rivals, trap)
    for check, table in zip(checks, tables, strict=True):
        check(table)
    assert len(figures) == 2
    assert all(figure.stat().st_size > 10_000 for figure in figures)
