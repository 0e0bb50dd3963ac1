"""What `eqsolve reproduce finite` shows, on fewer games and starts."""

from __future__ import annotations

import pytest

from eqsolve import models
from eqsolve.report import finite


def commitments(table):
    rows = {row[0]: row for row in table.rows}
    assert rows["maintain"][2:5] == pytest.approx((20, 27.5, 27.5))
    assert rows["conitzer"][2:5] == pytest.approx((2, 2.5, 2.5))
    assert rows["escape"][2:5] == pytest.approx((30, 30, 30))
    assert rows["dominant_follower"][2:5] == pytest.approx((1, 1, 1))
    assert {"prisoners_dilemma", "battle_of_the_sexes", "two_checkpoints"} <= set(rows)
    for *_, apart, open_, gain in table.rows:
        assert max(apart, open_, gain) < 1e-6


def bands(table):
    for name, coarse_low, coarse_high, low, high, welfare, gap in table.rows:
        assert coarse_low <= low + 1e-9
        assert low <= high + 1e-9
        assert high <= coarse_high + 1e-9
        # Play at a gap may lie outside by the gap times a multiplier.
        assert coarse_low - 5 * gap - 1e-9 <= welfare <= coarse_high + 5 * gap + 1e-9, name
        known = models.published(name).welfare
        assert (low, high) == pytest.approx(known["correlated"], abs=1e-6)
        assert (coarse_low, coarse_high) == pytest.approx(known["coarse"], abs=1e-6)


def regret(table):
    names = [row[0] for row in table.rows]
    assert names[0] == "MultiplicativeWeights"
    assert table.rows[0][1] < 1  # under sqrt(ln n / 2T) at every round
    assert all(row[2] < 1 for row in table.rows)
    assert (
        dict(zip(names, (row[4] for row in table.rows), strict=True))[
            "PredictiveRegretMatchingPlus"
        ]
        > 5
    )


def selection(table):
    share = {}
    for name, mixes, _, part, _ in table.rows:
        share.setdefault(name, {})[mixes] = part
    assert all(sum(parts.values()) == pytest.approx(1) for parts in share.values())
    # The risk-dominant equilibrium of the stag hunt draws more starts than the best one.
    assert share["stag_hunt"]["(0, 1), (0, 1)"] > share["stag_hunt"]["(1, 0), (1, 0)"] > 0
    assert share["battle_of_the_sexes"]["(0.667, 0.333), (0.333, 0.667)"] == 0


def test_reproduce_finite(tmp_path, monkeypatch):
    monkeypatch.setattr(finite, "STARTS", 60)
    tables = []
    figures = finite.run(tmp_path, tables.append)
    for check, table in zip((commitments, bands, regret, selection), tables, strict=True):
        check(table)
    assert len(figures) == 4
    assert all(figure.stat().st_size > 10_000 for figure in figures)
