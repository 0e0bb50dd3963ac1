"""What `eqsolve reproduce stackelberg` shows, on fewer starts and its smallest covariance."""

import pytest

from eqsolve.report import stackelberg


def commitments(table):
    assert len(table.rows) >= 7
    for *_, left, gap in table.rows:
        assert left < 1e-6
        assert gap == "" or gap < 5e-5


def polynomial(table):
    """All four equilibria attract somebody who respects the order of play."""
    led = {tuple(row[0].round(2)): row[-1] for row in table.rows if "Stackelberg" in row[1]}
    assert set(led) == {(-2.5, -2.34), (-13.34, -9.99), (12.19, -5.42), (-10.42, 8.48)}
    assert all(share > 0 for share in led.values())


def covariance(table):
    ((m, simultaneous, led, _),) = table.rows
    assert m == 3
    assert simultaneous > 5
    assert led < 1e-12


def noisy_duopoly(table):
    for _, known, learned, exact, profits in table.rows:
        assert learned == pytest.approx(known, rel=2e-3)
        assert profits == pytest.approx(exact, rel=5e-3)


def rates(table):
    assert [row[2] for row in table.rows] == ["linear"] * 4 + ["cycling"]
    assert all(row[-1] for row in table.rows)


def test_reproduce_stackelberg(tmp_path, monkeypatch):
    monkeypatch.setattr(stackelberg, "GRID", 7)
    monkeypatch.setattr(stackelberg, "SIZES", {3: 148})
    monkeypatch.setattr(stackelberg, "NOISY_STEPS", 2_000)
    tables = []
    figures = stackelberg.run(tmp_path, tables.append)
    checks = (commitments, polynomial, covariance, noisy_duopoly, rates)
    for check, table in zip(checks, tables, strict=True):
        check(table)
    assert len(figures) == 4
    assert all(figure.stat().st_size > 10_000 for figure in figures)
