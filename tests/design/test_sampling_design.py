"""What a design tells: tables, sample sizes, comparison, files, figures."""

import csv

import numpy as np
import pytest
from known_answers.experiments import (
    opposite_cycles,
    random_pair,
    rare_ends,
    three_states,
    without_states,
)
from scipy.stats import norm

import eqsolve as eq
from eqsolve.design import MarkovExperiment


@pytest.fixture(scope="module")
def design():
    return eq.optimal_design(
        three_states(arm_names=("old", "new"), state_names=("low", "mid", "high")), steps=10_000
    )


def test_the_table_is_the_policy_and_its_verdict(design):
    text = str(design)
    assert repr(design) == text
    assert "old" in text
    assert "\nmid " in text
    assert "variance x steps 11.35008" in text
    assert "above the best possible" in text
    assert "<table>" in design._repr_html_()


def test_the_table_of_many_states_shows_where_a_run_is(tmp_path):
    design = eq.optimal_design(random_pair(220, seed=6, successors=3))
    table = design.table()
    assert len(table.rows) == 40
    assert "40 of 220 states" in table.notes[0]
    visits = design.occupancy.sum(axis=0)
    shown = [int(row[0]) for row in table.rows]
    assert shown == sorted(np.argsort(-visits)[:40])
    assert len(design.to_csv(tmp_path / "all.csv").read_text().splitlines()) == 221


def test_one_arm_is_compared_with_itself():
    one = MarkovExperiment(three_states().transitions[:1], [[1, 0, 2]], 1.0)
    comparison = eq.optimal_design(one).compare(block_length=2)
    assert [rule.ratio for rule in comparison.rules] == pytest.approx([1.0] * 5)


def test_the_summary_says_how_it_came_about(design):
    text = design.summary()
    for piece in ("lower bound", "relaxation time", "standard error after them", "engine"):
        assert piece in text
    assert "10000 steps are" in design.explanation["share of coin flipping"]


def test_the_summary_of_several_contrasts_lists_each():
    several = eq.optimal_design(random_pair(3, arms=3, seed=1))
    assert several.variances.shape == (2,)
    assert "contrast [-1.0, 0.0, 1.0]" in several.summary()
    assert several.standard_error(100).shape == (2,)


def test_standard_errors_shrink_with_the_root_of_steps(design):
    assert design.standard_error() == pytest.approx(np.sqrt(11.350081 / 10_000), rel=1e-6)
    assert design.standard_error(40_000) == pytest.approx(design.standard_error() / 2)
    assert design.half_width(level=0.9) == pytest.approx(norm.ppf(0.95) * design.standard_error())


def test_sample_sizes_reach_the_half_width_and_no_more(design):
    for level in (0.8, 0.95):
        size = design.sample_size(0.02, level=level)
        assert design.half_width(size, level) <= 0.02 < design.half_width(size - 1, level)
    assert design.sample_size(10.0) == int(np.ceil(30 * design.relaxation_time))


def test_sample_sizes_serve_every_contrast():
    design = eq.optimal_design(without_states([1, 1, 3]))
    size = design.sample_size(0.05)
    assert max(design.half_width(size)) <= 0.05 < max(design.half_width(size - 1))


def test_comparison_with_what_is_done_today(design):
    comparison = design.compare(block_length=4)
    names = [rule.name for rule in comparison.rules]
    assert names == [
        "coin flipping",
        "switchback, blocks of 4",
        "each arm alone",
        "best regenerative",
        "optimal",
    ]
    assert comparison["each arm alone"].variance == pytest.approx(11.523740, abs=5e-7)
    assert comparison["best regenerative"].variance == pytest.approx(11.504013, abs=5e-7)
    assert comparison["optimal"].variance == design.variance
    assert all(rule.ratio >= 1 - 1e-9 for rule in comparison.rules)
    for rule in comparison.rules:
        assert rule.ratio == pytest.approx(rule.variance / design.variance)
        assert rule.steps == pytest.approx(10_000 * rule.ratio, abs=1)  # its own interval
    assert "steps needed" in str(comparison)
    assert "<table>" in comparison._repr_html_()
    with pytest.raises(KeyError, match="none of 'coin flipping'"):
        comparison["thompson"]


def test_comparison_counts_steps_for_a_half_width(design):
    comparison = design.compare(half_width=0.05, level=0.9)
    expected = norm.ppf(0.95) ** 2 * design.variance / 0.05**2
    assert comparison["optimal"].steps == np.ceil(expected)
    assert comparison["coin flipping"].steps > comparison["optimal"].steps


def test_without_steps_the_half_width_is_a_tenth_of_the_effect():
    comparison = eq.optimal_design(three_states()).compare()
    assert comparison.half_width == pytest.approx(0.0972973, abs=1e-7)
    even = eq.optimal_design(without_states([1, 3])).compare()  # no effect: of the deviation
    assert even.half_width == pytest.approx(0.4)


def test_rules_that_never_see_what_they_need_are_shown_as_infinite():
    """Arms that each lead to a state of their own, whose rewards are noisy elsewhere."""
    stay = [[[1.0, 0.0], [1.0, 0.0]], [[0.0, 1.0], [0.0, 1.0]]]
    experiment = MarkovExperiment(stay, [[0, 1], [1, 0]], [[1, 0], [0, 1]])
    design = eq.optimal_design(experiment, steps=1000)
    assert design.compare(block_length=2)["coin flipping"].variance > design.variance


def test_even_cycles_whose_blocks_keep_to_a_parity_are_compared_too():
    comparison = eq.optimal_design(opposite_cycles(6)).compare(block_length=2)
    assert np.isfinite(comparison["switchback, blocks of 2"].variance)


def test_forbidden_arms_leave_no_arm_to_run_alone():
    leaves = [[0.5, 0.5, 0.0], [0.5, 0.5, 0.0], [0.5, 0.25, 0.25]]
    second = [[0.8, 0.2, 0.0], [0.5, 0.4, 0.1], [0.0, 0.5, 0.5]]
    experiment = MarkovExperiment([leaves, second], [[1, 0, 0], [0, 1, 3]], 1.0)
    allowed = np.array([[1, 1, 0], [1, 1, 1]])
    comparison = eq.optimal_design(experiment, allowed=allowed).compare()
    assert [rule.name for rule in comparison.rules][2:] == ["optimal"]
    assert "no arm runs alone" in str(comparison)


def test_the_policy_as_a_file(design, tmp_path):
    path = design.to_csv(tmp_path / "policy.csv")
    with open(path, newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["state", "old", "new"]
    assert [row[0] for row in rows[1:]] == ["low", "mid", "high"]
    read = np.array([row[1:] for row in rows[1:]], dtype=float)
    assert (read == design.policy).all()  # to the last digit
    assert [item.name for item in tmp_path.iterdir()] == ["policy.csv"]


def test_states_of_several_columns_get_several_columns(tmp_path):
    names = [(i, j) for i in range(3) for j in range(2)]
    experiment = random_pair(6, seed=2)
    named = MarkovExperiment(
        experiment.transitions,
        experiment.rewards,
        experiment.reward_variances,
        state_names=names,
    )
    design = eq.optimal_design(named)
    design.to_csv(tmp_path / "plain.csv")
    design.to_csv(tmp_path / "named.csv", state_columns=("queue", "servers"))
    assert (tmp_path / "plain.csv").read_text().startswith("state_1,state_2,0,1\n0,0,")
    assert (tmp_path / "named.csv").read_text().startswith("queue,servers,0,1\n0,0,")
    with pytest.raises(eq.BadExperiment, match="state_columns has 1 names, but states have 2"):
        design.to_csv(tmp_path / "bad.csv", state_columns=("queue",))
    assert not (tmp_path / "bad.csv").exists()


def test_an_old_file_survives_a_failed_write(design, tmp_path):
    path = tmp_path / "policy.csv"
    path.write_text("old")
    with pytest.raises(eq.BadExperiment):
        design.to_csv(path, state_columns=("a", "b"))
    assert path.read_text() == "old"


def test_figures_show_every_arm_and_rule(design):
    def legend(ax):
        return [text.get_text() for text in ax.get_legend().get_texts()]

    ax = design.plot()
    # Of two arms one curve tells all.
    assert legend(ax) == ["share of run (largest = 1)", "probability of new"]
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["low", "mid", "high"]
    assert ax.patches[1].get_data().values == pytest.approx(design.policy[:, 1])
    three = eq.optimal_design(random_pair(40, arms=3, seed=1)).plot()
    assert len(legend(three)) == 4
    bars = design.compare().plot()
    assert len(bars.patches) == 5
    huge = eq.optimal_design(rare_ends(8)).compare().plot()
    assert huge.get_xscale() == "log"


def test_the_certificate_speaks_of_policies(design):
    text = str(design.certificate)
    assert "largest gain from another policy" in text
    assert "proven bound on the variance" in text
    assert design.certificate.kind == "design"
    assert design.certificate.max_gain == pytest.approx(
        max(0.0, design.variance - design.bound), abs=1e-12
    )


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda d: d.sample_size(0), "half_width is 0; it must be positive"),
        (lambda d: d.sample_size(0.1, level=1), "level is 1; it must lie between 0 and 1"),
        (lambda d: d.standard_error(0), "steps is 0; a standard error needs the number of steps"),
        (lambda d: d.compare(half_width=-1), "half_width is -1; it must be positive"),
    ],
)
def test_questions_without_an_answer(design, call, sentence):
    with pytest.raises(eq.BadExperiment) as error:
        call(design)
    assert sentence in str(error.value)


def test_a_design_without_steps_asks_for_them():
    with pytest.raises(eq.BadExperiment, match="needs the number of steps"):
        eq.optimal_design(three_states()).standard_error()
