"""Results as people read them: tables, certificates, equilibria, and their failures."""

import dataclasses
import html
import re

import cvxpy as cp
import numpy as np
import pytest

import eqsolve as eq
from eqsolve.results import (
    MAX_ROWS,
    Certificate,
    Equilibrium,
    Solution,
    Status,
    Table,
    format_number,
)

SURE = Certificate(
    max_gain=0.5,
    gains={"a": 0.5, "b": 0.0},
    kkt_residual=0.25,
    infeasibility=0.125,
    relative_gain=0.0625,
)


def duopoly():
    q1, q2 = (cp.Variable(nonneg=True, name=name) for name in ("q1", "q2"))
    price = 100 - (q1 + q2)
    return eq.Game(
        [
            eq.Player("incumbent", cp.Maximize(q1 * price - 10 * q1), [q1], [q1 <= 30]),
            eq.Player("entrant", cp.Maximize(q2 * price - 20 * q2), [q2]),
        ]
    )


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        ("word", "word"),
        (True, "True"),
        (0, "0"),
        (1 / 3, "0.333333"),
        (1e-12, "1e-12"),
        (1234567.0, "1.23457e+06"),
        (np.inf, "inf"),
        (-np.inf, "-inf"),
        (np.nan, "nan"),
        (np.float64(2.5), "2.5"),
        (np.array(2.5), "2.5"),
        (np.zeros(0), "[]"),
        (np.array([1.0]), "[1]"),
        (np.arange(6.0), "[0, 1, 2, 3, 4, 5]"),
        (np.arange(7.0), "[0, 1, 2, ..., 5, 6]"),
        (np.array([[1.0, 2.0], [3.0, 4.0]]), "[1, 2, 3, 4]"),
    ],
)
def test_numbers_are_short(value, text):
    assert format_number(value) == text


def test_tables_align_columns_and_end_with_notes():
    table = Table(
        ("firm", "q"), (("a", 1.5), ("longest", np.arange(3.0))), title="Market", notes=("n.",)
    )
    assert str(table) == "Market\nfirm     q\na        1.5\nlongest  [0, 1, 2]\nn."
    assert repr(table) == str(table)
    assert all(line == line.rstrip() for line in str(table).splitlines())


def test_an_empty_table_has_its_headers():
    assert str(Table(("a", "b"), ())) == "a  b"
    assert Table(("a",), ())._repr_html_() == "<table><tr><th>a</th></tr></table>"


def test_long_tables_show_their_ends_and_count_the_rest():
    at_limit = Table(("k",), tuple((k,) for k in range(MAX_ROWS)))
    assert len(str(at_limit).splitlines()) == MAX_ROWS + 1
    over = Table(("k", "v"), tuple((k, -k) for k in range(MAX_ROWS + 7)))
    lines = str(over).splitlines()
    assert len(lines) == MAX_ROWS + 2
    shown = [line.split()[0] for line in lines[1:]]
    half = MAX_ROWS // 2
    assert shown[:half] == [str(k) for k in range(half)]
    assert lines[1 + half] == "... 7 more"
    assert shown[half + 1 :] == [str(k) for k in range(half + 7, MAX_ROWS + 7)]


def test_rows_must_fit_the_headers():
    with pytest.raises(ValueError):
        str(Table(("a", "b"), (("only one",),)))


def test_html_escapes_what_users_named():
    nasty = "<b>&\"x'"
    text = Table((nasty,), ((nasty,),), title=nasty, notes=(nasty,))._repr_html_()
    assert nasty not in text
    assert text.count(html.escape(nasty)) == 4


def test_html_and_text_hold_the_same_cells():
    table = eq.solve(duopoly()).table()
    cells = re.findall(r"<t[dh]>(.*?)</t[dh]>", table._repr_html_())
    for cell in cells:
        assert html.unescape(cell) in str(table)
    assert len(cells) == 3 * len(table.headers)


def test_solved_is_one_status_alone():
    for status in Status:
        solution = Solution(np.zeros(1), status, 0.0, 1, "none")
        assert solution.solved == (status is Status.SOLVED)
        assert status.value.endswith(".")


def test_certificates_hold_by_gain_and_feasibility():
    assert not SURE.holds()
    assert SURE.holds(0.125)
    assert not SURE.holds(0.12)  # feasibility fails
    assert not dataclasses.replace(SURE, infeasibility=0.0).holds(0.06)  # gain fails
    assert dataclasses.replace(SURE, infeasibility=0.0).holds(0.0625)
    lost = dataclasses.replace(SURE, relative_gain=np.inf, infeasibility=0.0)
    assert not lost.holds(1e300)
    assert not dataclasses.replace(SURE, relative_gain=np.nan).holds(1e300)
    assert isinstance(SURE.holds(), bool)


def test_certificates_print_what_they_claim():
    lines = dict(re.split(r"  +", line.strip(), maxsplit=1) for line in repr(SURE).splitlines())
    assert lines == {
        "certificate": "value",
        "largest gain from deviating": "0.5",
        "as a share of payoffs": "0.0625",
        "first-order residual": "0.25",
        "infeasibility": "0.125",
        "scope": "global",
        "second order": "not computed",
        "kind": "Nash",
    }
    shared = dataclasses.replace(
        SURE, second_order="strict", multiplier_spread=0.0, variational_residual=2.0, bound=-3.0
    )
    text = repr(shared)
    for row in ("second order", "multiplier spread", "variational residual", "proven bound"):
        assert row in text
    assert "not computed" not in text
    assert "<td>strict</td>" in shared._repr_html_()


def test_results_cannot_be_changed():
    found = eq.solve(duopoly())
    for record, field in ((found, "vector"), (found.certificate, "max_gain"), (SURE, "scope")):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(record, field, None)


def test_equilibria_are_indexed_by_player():
    game = duopoly()
    found = eq.solve(game)
    # The incumbent's capacity binds: q1 = 30 < 100 / 3, and q2 = (80 - 30) / 2 answers it.
    np.testing.assert_allclose(found["incumbent"], [30], atol=1e-8)
    np.testing.assert_allclose(found["entrant"], [25], atol=1e-8)
    with pytest.raises(KeyError):
        found["nobody"]
    assert list(found.strategies) == list(found.payoffs) == list(game.player_names)
    np.testing.assert_array_equal(np.concatenate(list(found.strategies.values())), found.vector)
    assert found.payoffs == pytest.approx({"incumbent": 30 * 35, "entrant": 25 * 25})
    assert set(found.certificate.gains) == set(found.payoffs)
    assert found.game is game
    assert found.concept == "Nash"
    assert found.solution.solved


def test_values_are_in_the_variables_own_shapes():
    x = cp.Variable((2, 3), name="x")
    y = cp.Variable(name="y")
    wanted = np.arange(6.0).reshape(2, 3)
    game = eq.Game(
        [
            eq.Player("a", cp.Minimize(cp.sum_squares(x - wanted)), [x]),
            eq.Player("b", cp.Minimize(cp.square(y - cp.sum(x))), [y]),
        ]
    )
    found = eq.solve(game)
    assert found.values["x"].shape == (2, 3)
    assert found.values["y"].shape == ()
    np.testing.assert_allclose(found.values["x"], wanted, atol=1e-9)
    np.testing.assert_allclose(found["a"], wanted.ravel(), atol=1e-9)
    assert found.values["y"] == pytest.approx(15)


def test_minimisers_report_costs_and_maximisers_profits():
    x, y = cp.Variable(name="x"), cp.Variable(name="y")
    players = [
        eq.Player("cost", cp.Minimize(cp.square(x) + 2), [x]),
        eq.Player("profit", cp.Maximize(3 - cp.square(y)), [y]),
    ]
    assert eq.solve(eq.Game(players)).payoffs == pytest.approx({"cost": 2.0, "profit": 3.0})


def test_the_printed_equilibrium():
    found = eq.solve(duopoly())
    lines = repr(found).splitlines()
    assert lines[0] == "Nash equilibrium"
    assert re.split(r"  +", lines[1]) == ["player", "strategy", "payoff", "gain from deviating"]
    assert lines[2].split()[:3] == ["incumbent", "[30]", "1050"]
    assert lines[3].split()[:3] == ["entrant", "[25]", "625"]
    assert lines[4].startswith("Nash, global: largest gain ")
    assert "<caption>Nash equilibrium</caption>" in found._repr_html_()


def test_the_summary_adds_certificate_multipliers_and_routes():
    found = eq.solve(duopoly())
    parts = found.summary().split("\n\n")
    assert parts[0] == repr(found)
    assert parts[1] == repr(found.certificate)
    # The incumbent's last unit of capacity earns 100 - 2 * 30 - 25 - 10 = 5.
    assert re.search(r"incumbent: q1 <= 30.0 +\[5\]", parts[2])
    assert re.search(r"complementarity +used\.", parts[3])
    assert len(parts) == 4
    bare = Equilibrium({}, {}, np.zeros(0), SURE)
    assert bare.summary().count("\n\n") == 1
    assert bare.explanation == {}


def test_every_formulation_is_explained():
    from eqsolve.formulations.catalogue import formulations

    found = eq.solve(duopoly(), formulation="potential")
    assert set(found.explanation) == set(formulations())
    assert found.explanation["potential"] == "used."
    assert list(found.explanation.values()).count("used.") == 1


def test_several_equilibria_make_a_sequence():
    x, y = (cp.Variable(name=name, bounds=[-1, 1]) for name in ("x", "y"))
    game = eq.Game(
        [eq.Player("a", cp.Maximize(x * y), [x]), eq.Player("b", cp.Maximize(x * y), [y])]
    )
    # Equilibria: (1, 1), (-1, -1) and (0, 0), where nobody can gain alone.
    found = eq.find_equilibria(game, starts=[[0.5, 0.5], [-0.5, -0.5], [0.5, 0.6], [0.0, 0.0]])
    assert sorted(tuple(e.vector.round(6) + 0.0) for e in found) == [(-1, -1), (0, 0), (1, 1)]
    assert len(found) == 3
    assert found[0] is next(iter(found))
    assert (found.starts, found.failures) == (4, 0)
    assert "3 distinct from 4 starts (0 without an answer); there may be others." in repr(found)
    assert "<table>" in found._repr_html_()


def test_what_was_not_found_says_how_far_it_got():
    x, y = cp.Variable(name="x"), cp.Variable(name="y")
    game = eq.Game(
        [
            eq.Player("up", cp.Maximize(x), [x]),  # unbounded: no best answer exists
            eq.Player("b", cp.Minimize(cp.square(y)), [y]),
        ]
    )
    with pytest.raises(eq.EquilibriumNotFound) as failure:
        eq.solve(game)
    error = failure.value
    assert error.status in {status.value for status in Status}
    assert error.residuals
    assert error.status in str(error)
    assert error.advice in str(error)
    for name in error.residuals:
        assert name in str(error)
