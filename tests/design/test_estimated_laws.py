"""What estimated laws add to the variance: closed forms on lines, and where it is warned of."""

import numpy as np
import pytest
from known_answers.experiments import (
    opposite_cycles,
    opposite_drifts,
    random_pair,
    rare_ends,
    three_states,
)

import eqsolve as eq
import eqsolve.design.second_order as second_order
from eqsolve.design.second_order import second_order_variance

PAIR = np.ones(2)


def coin(experiment):
    return experiment.occupancy(np.full((experiment.states, 2), 0.5))


@pytest.mark.parametrize("states", [5, 20, 80])
def test_a_rare_end_stands_behind_every_transition(states):
    """On a line Poisson's equation is a sum: pi(z) u (g(z + 1) - g(z)) = -(1 - sum_{x<=z} pi(x))."""
    experiment = rare_ends(states)
    up, law = 0.75, experiment.stationary[0]
    above = np.cumsum(law[::-1])[::-1][1:]  # mass above each state but the last
    rises = np.concatenate([[0.0], above / (law[:-1] * up), [0.0]])
    spread = up * (1 - up) * (rises[1:] + rises[:-1]) ** 2
    expected = (law**2 * spread).sum() * 2 * states
    found = second_order_variance(experiment, PAIR, coin(experiment))
    assert found == pytest.approx(expected, rel=1e-9)
    # Nearly one term 1 / (gamma u (1 - u)) a state.
    assert found == pytest.approx(2 * states * (states - 1.5) / (up * (1 - up)), rel=0.2)


def test_known_transitions_add_nothing():
    experiment = opposite_cycles(9)
    assert second_order_variance(experiment, PAIR, coin(experiment)) == 0.0


def test_by_finite_differences_of_the_law():
    """V of every state of a small chain, from derivatives of its law in its probabilities."""
    from eqsolve.markov import stationary_law

    experiment = three_states()
    occupancy = coin(experiment)
    part = experiment.stationary**2 * experiment.step_variances / occupancy
    expected, nudge = 0.0, 1e-6
    for arm, kernel in enumerate(experiment.transitions):
        matrix, law = kernel.toarray(), experiment.stationary[arm]
        for z in range(3):
            slopes = np.zeros((3, 3))
            for y in range(3):
                # Towards y: P(z, .) (1 - t) + t e_y, whose direction the multinomial noise mixes.
                moved = matrix.copy()
                moved[z] = (1 - nudge) * matrix[z]
                moved[z, y] += nudge
                slopes[y] = np.log(stationary_law(moved) / law) / nudge
            spread = matrix[z] @ slopes**2 - (matrix[z] @ slopes) ** 2
            expected += (part[arm] @ spread) / occupancy[arm, z]
    expected /= part.sum()
    assert second_order_variance(experiment, PAIR, occupancy) == pytest.approx(expected, rel=1e-4)


def test_random_signs_stand_for_every_state(monkeypatch):
    experiment = random_pair(40, seed=3)
    exact = second_order_variance(experiment, PAIR, coin(experiment))
    monkeypatch.setattr(second_order, "EVERY", 0)
    monkeypatch.setattr(second_order, "SIGNS", 400)
    signed = second_order_variance(experiment, PAIR, coin(experiment))
    assert signed == pytest.approx(exact, rel=0.05)


def test_what_is_never_seen_is_infinitely_uncertain():
    experiment = three_states()
    occupancy = coin(experiment)
    occupancy[0, 1] = 0.0
    assert second_order_variance(experiment, PAIR, occupancy) == np.inf


def test_a_run_too_short_for_its_laws_is_warned_of():
    with pytest.warns(eq.SlowMixing, match=r"laws are estimated so roughly .* plan for"):
        design = eq.optimal_design(rare_ends(80), steps=100_000)
    assert any("times the stated one" in note for note in design.notes)
    # The drifts alone, whose arms are learned where they live, are no such case.
    assert not any(
        "roughly" in note for note in eq.optimal_design(opposite_drifts(80), steps=100_000).notes
    )
