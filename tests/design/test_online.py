"""Online designs: what they choose, what they learn, and that nothing is lost."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import warnings

import numpy as np
import pytest

import eqsolve as eq
from eqsolve.design.estimation.counts import TransitionCounts
from eqsolve.design.estimation.estimate import estimate
from eqsolve.design.online.store import RECORD
from eqsolve.errors import BadExperiment, BadLog

m = eq.models
A = m.three_state_pair()
OPTIMUM = m.published("three_state_pair")


def online_for(experiment, **options):
    states = experiment.state_names or experiment.states
    return eq.OnlineDesign(states, experiment.arm_names, **({"seed": 0} | options))


def run(online, experiment, steps, seed=0, state=None):
    """A service that asks and observes step by step; returns the arms and the last state."""
    rng = np.random.default_rng(seed)
    arms = []
    state = experiment.state_names[0] if state is None else state
    for _ in range(steps):
        arm = online.next_arm(state)
        reward, after = step(rng, experiment, state, arm)
        online.observe(state, arm, reward, after)
        arms.append(arm)
        state = after
    return arms, state


def step(rng, experiment, state, arm):
    """The world's answer: reward and next state."""
    place, row = experiment.arm_names.index(arm), experiment.state_names.index(state)
    kernel = experiment.transitions[place]
    own = slice(kernel.indptr[row], kernel.indptr[row + 1])
    upto = np.cumsum(kernel.data[own])
    after = kernel.indices[own][np.searchsorted(upto, rng.random() * upto[-1])]
    mean, spread = experiment.rewards[place, row], experiment.reward_variances[place, row]
    return mean + np.sqrt(spread) * rng.standard_normal(), experiment.state_names[after]


# --- convergence ----------------------------------------------------------------------------


def test_the_occupancy_tends_to_the_optimum():
    runs = eq.simulate_experiment(A, online_for(A, steps=20_000), 20_000, 6, seed=1)
    shares = runs.occupancy[-1]
    assert shares.mean(axis=0) == pytest.approx(OPTIMUM.occupancy, abs=0.02)
    # Coin flipping has 1.39 times the least variance.
    for share in shares:
        assert A.variance(share) < 1.02 * OPTIMUM.variance
    report = runs.validate()
    assert report.kind == "sublinear"
    assert 0.3 < report.order < 0.8
    assert runs.expected_variance == pytest.approx(OPTIMUM.variance, rel=0.01)
    assert np.abs(runs.estimates["maximum likelihood"] - OPTIMUM.effect).max() < 0.15


def test_joint_sampling_is_found_where_a_coin_takes_long():
    walks = m.birth_death_pair(8).transitions
    pair = eq.MarkovExperiment(walks, [np.arange(8) / 7] * 2, 1.0)
    best, coin = eq.optimal_design(pair).variance, pair.variance(np.full((8, 2), 0.5))
    assert coin > 3.5 * best
    online = eq.OnlineDesign(8, 2, steps=20_000, seed=0)
    runs = eq.simulate_experiment(pair, online, 20_000, 2, seed=0)
    assert runs.expected_variance < 1.1 * best


def test_chains_with_next_state_rewards_and_transient_states():
    for experiment in (m.inventory_pair(((0, 2), (1, 3)), 1.0), m.ride_hailing_pair(1, 1)):
        runs = eq.simulate_experiment(experiment, online_for(experiment), 4000, 1, seed=0)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            best = eq.optimal_design(experiment).variance
        assert runs.expected_variance < 1.1 * best


def test_exploration_vanishes_and_never_ends():
    online = online_for(A, first=100, exploration=0.5)
    run(online, A, 400)
    assert online.resolves == 3
    visits = online.counts.visits.sum(axis=0)
    forced = 0.5 / np.sqrt(1 + visits)
    expected = (1 - forced)[:, None] * online.design.policy + forced[:, None] / 2
    assert online.policy == pytest.approx(expected)
    assert (online.policy >= forced[:, None] / 2 - 1e-12).all()
    # Summed over visits: at least 0.5 sum k^-1/2, without bound.
    assert (forced * visits > 0.4 * np.sqrt(visits)).all()


def test_floors_hold_in_every_policy():
    online = online_for(A, first=60, floor={"first": 0.6, "second": 0.1})
    assert online.policy == pytest.approx(np.tile([0.75, 0.25], (3, 1)))
    run(online, A, 130)
    assert online.resolves == 2
    assert (online.policy >= np.array([0.6, 0.1]) - 1e-9).all()


def test_forbidden_arms_are_never_used():
    shelf = m.inventory_pair(((0, 1), (0, 2)), 0.8)
    allowed = np.ones((2, 3), dtype=bool)
    allowed[0, 2] = False  # that arm never comes there by itself
    online = online_for(shelf, allowed=allowed, first=60)
    run(online, shelf, 200)
    assert online.failure == ""
    assert online.resolves == 2
    assert online.policy[2, 0] == 0
    assert online.counts.visits[0, 2] == 0
    with pytest.raises(BadExperiment, match="Arm 'order at 0 up to 1' is not allowed in state 2"):
        online.observe(2, "order at 0 up to 1", 0.0, 1)


def test_times_of_policies_grow_geometrically():
    online = online_for(A, first=60, growth=1.5)
    assert online.resolve_times(400) == [60, 90, 135, 203, 305]
    run(online, A, 100)
    assert online.resolves == 2
    assert online.resolve_times(400) == [135, 203, 305]
    assert "Online design: 100 steps, 2 policies made, the next at 135" in str(online)
    assert "p(second)" in str(online)
    assert "<table>" in online._repr_html_()


# --- serving --------------------------------------------------------------------------------


def test_arms_are_drawn_from_the_policy_by_seed_and_step():
    online, same, other = (online_for(A, seed=seed, first=10**6) for seed in (3, 3, 4))
    first = [online.next_arm("low") for _ in range(5)]
    assert len(set(first)) == 1  # the same step, asked again
    arms, again, others = (run(each, A, 3000)[0] for each in (online, same, other))
    assert arms == again
    assert arms != others
    assert np.mean([arm == "first" for arm in arms]) == pytest.approx(0.5, abs=0.04)
    draws = [online.next_arm("low", np.random.default_rng(k)) for k in range(200)]
    assert 60 < draws.count("first") < 140


def test_frequencies_follow_the_policy_in_force():
    online = online_for(A, first=300)
    run(online, A, 300)
    rng = np.random.default_rng(0)
    for place, state in enumerate(A.state_names):
        drawn = [online.next_arm(state, rng) for _ in range(1500)]
        share = drawn.count("second") / 1500
        assert share == pytest.approx(online.policy[place, 1], abs=0.055)


def test_the_policy_is_a_plain_table_that_cannot_be_written_to():
    online = online_for(A)
    assert online.policy.shape == (3, 2)
    with pytest.raises(ValueError, match="read-only"):
        online.policy[0, 0] = 1.0


def test_observed_one_by_one_or_absorbed_at_once():
    one, other = online_for(A, first=500), online_for(A, first=500)
    run(one, A, 700)
    later = one.counts
    other.absorb(later)
    assert other.steps_taken == 700
    assert other.resolves == 1
    assert other.estimate().effect == pytest.approx(estimate(later).effect)
    assert one.estimate().standard_error == pytest.approx(other.estimate().standard_error)
    assert one.occupancy.sum() == pytest.approx(1)
    assert one.estimate({"first": 1}).effect == pytest.approx(later.experiment().averages[0])


def test_labels_may_be_numbers_texts_and_tuples():
    online = eq.OnlineDesign([(0, "a"), (1, "b"), 2.5], 2, first=1000, seed=0)
    online.observe([0, "a"], 1, 1.0, (1, "b"))
    online.observe(np.array(["x", 2.5], dtype=object)[1], 0, 1.0, (0, "a"))
    assert online.counts.visits.tolist() == [[0, 0, 1], [1, 0, 0]]
    assert online.next_arm(2.5) in (0, 1)


def test_several_contrasts_and_arms():
    rng = np.random.default_rng(0)
    kernels = rng.dirichlet(np.ones(3), size=(3, 3))
    three = eq.MarkovExperiment(list(kernels), rng.normal(size=(3, 3)), 1.0)
    online = eq.OnlineDesign(3, 3, first=200, seed=1)
    eq.simulate_experiment(three, online, 10, contrast=[-1, 1, 0])
    runs = eq.simulate_experiment(three, online, 3000, 1, seed=0, contrast=[-1, 1, 0])
    assert online.steps_taken == 0  # each replication has a copy
    online.absorb(runs.counts[0])
    assert online.design.contrast.tolist() == [[-1, 1, 0], [-1, 0, 1]]
    assert online.estimate().effect == pytest.approx(three.effect(), abs=0.4)


def test_policies_made_elsewhere_are_adopted():
    online = online_for(A, first=100, automatic=False)
    run(online, A, 150)
    assert online.due
    assert online.resolves == 0
    solved = online.copy()
    assert solved.resolve()
    run(online, A, 10)
    online.adopt(solved)
    assert not online.due
    assert online.steps_taken == 160
    assert np.array_equal(online.policy, solved.policy)
    with pytest.raises(BadExperiment, match="same states and arms"):
        online.adopt(eq.OnlineDesign(2, 2))


def test_what_determines_no_policy_leaves_the_old_one():
    online = eq.OnlineDesign(2, 2, first=4, seed=0)
    stuck = TransitionCounts(
        [0, 1, 0, 1], [0, 0, 1, 1], [0, 0, 1, 1], [2] * 4, [2.0] * 4, [2.0] * 4, 2, 2
    )
    online.absorb(stuck)
    assert "closed classes" in online.failure
    assert online.resolves == 0
    assert online.policy.tolist() == [[0.5, 0.5], [0.5, 0.5]]
    assert "No policy from the last attempt" in str(online)


# --- keeping --------------------------------------------------------------------------------


def test_saved_and_loaded_it_goes_on_as_if_nothing_had_happened(tmp_path):
    whole, part = (online_for(A, first=60, growth=1.6, steps=2000) for _ in range(2))
    arms, _ = run(whole, A, 500, seed=5)
    rng = np.random.default_rng(5)
    before, state = [], "low"
    for taken in range(500):
        if taken in (7, 60, 61, 333):
            path = part.save(tmp_path / "design.npz")
            part = eq.OnlineDesign.load(path)
        arm = part.next_arm(state)
        reward, after = step(rng, A, state, arm)
        part.observe(state, arm, reward, after)
        before.append(arm)
        state = after
    assert before == arms
    assert part.policy == pytest.approx(whole.policy, abs=1e-12)
    assert part.resolves == whole.resolves
    assert part.estimate().effect == pytest.approx(whole.estimate().effect, rel=1e-12)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["design.npz"]


def test_the_file_holds_no_pickle_and_the_table_in_force(tmp_path):
    online = online_for(A, first=60)
    run(online, A, 100)
    with np.load(online.save(tmp_path / "design.npz"), allow_pickle=False) as file:
        assert np.array_equal(file["policy"], online.policy)
        assert file["count"].sum() == 100


def test_options_and_labels_survive_the_file(tmp_path):
    online = eq.OnlineDesign(
        [(0, "a"), (1, "b")], ["x", "y", "z"], {"x": 1, "z": -2}, steps=99, floor=[0.1, 0, 0.2],
        allowed=[[1, 1], [1, 0], [1, 1]], exploration=0.3, first=77, growth=1.2, prior=0.5, seed=9,
        automatic=False,
    )  # fmt: skip
    again = eq.OnlineDesign.load(online.save(tmp_path / "a.npz"))
    assert again.options.json() == online.options.json()
    assert again.states == ((0, "a"), (1, "b"))
    assert again.contrast.tolist() == [[1, 0, -2]]
    assert np.array_equal(again.policy, online.policy)


SERVICE = """
import sys, eqsolve as eq, numpy as np
online = eq.OnlineDesign(3, 2, first=50, seed=1, keep=sys.argv[1])
rng, state = np.random.default_rng(2), 0
for step in range(10**6):
    after = int(rng.integers(3))
    online.observe(state, online.next_arm(state), float(step), after)
    state = after
    print(step + 1, flush=True)
"""


def test_a_killed_service_loses_nothing_it_had_observed(tmp_path):
    path = tmp_path / "kept.npz"
    service = subprocess.Popen(
        [sys.executable, "-c", SERVICE, str(path)], stdout=subprocess.PIPE, text=True
    )
    told = 0
    for line in service.stdout:
        told = int(line)
        if told == 137:
            os.kill(service.pid, signal.SIGKILL)
            break
    told = max([told, *(int(line) for line in service.stdout.read().split())])
    service.wait()
    service.stdout.close()
    online = eq.OnlineDesign.load(path)
    # The step under way when it was killed may be there, none before it may be missing.
    assert online.steps_taken in (told, told + 1)
    steps = online.steps_taken
    assert online.counts.reward_sum.sum() == pytest.approx(steps * (steps - 1) / 2)
    assert online.resolves >= 2
    online.observe(0, 0, 1.0, 0)
    assert eq.OnlineDesign.load(path).steps_taken == steps + 1


def test_a_kept_run_goes_on_to_the_same_policies(tmp_path):
    plain, kept = online_for(A, first=60), online_for(A, first=60, keep=tmp_path / "kept.npz")
    arms, _ = run(plain, A, 300, seed=3)
    first, _ = run(kept, A, 130, seed=3)
    assert (tmp_path / "kept.npz.steps").stat().st_size == 10 * RECORD.size
    loaded = eq.OnlineDesign.load(tmp_path / "kept.npz")
    assert loaded.steps_taken == 130
    assert first == arms[:130]
    assert loaded.policy == pytest.approx(kept.policy, abs=1e-12)
    assert (tmp_path / "kept.npz.steps").stat().st_size == 0


def test_a_record_cut_short_is_left_out(tmp_path):
    path = tmp_path / "kept.npz"
    online = online_for(A, keep=path)
    run(online, A, 5)
    journal = tmp_path / "kept.npz.steps"
    whole = journal.read_bytes()
    journal.write_bytes(whole[:-3])
    assert eq.OnlineDesign.load(path).steps_taken == 4
    # Killed between snapshot and clearing: what the snapshot holds is not taken twice.
    journal.write_bytes(whole[: 2 * RECORD.size])
    assert eq.OnlineDesign.load(path).steps_taken == 4
    journal.write_bytes(whole)
    assert eq.OnlineDesign.load(path).steps_taken == 5


def test_policies_made_while_records_are_replayed(tmp_path):
    path = tmp_path / "kept.npz"
    online = online_for(A, first=60, keep=path)
    snapshot = path.read_bytes()
    run(online, A, 59)
    records = (tmp_path / "kept.npz.steps").read_bytes()
    run(online, A, 90, seed=1)
    more = online.counts
    # As if the process had died over and over before its first snapshot.
    path.write_bytes(snapshot)
    journal = tmp_path / "kept.npz.steps"
    rows = list(RECORD.iter_unpack(records))
    rows += [(59 + k, 0, k % 3, (k + 1) % 3, 0.0) for k in range(70)]
    journal.write_bytes(b"".join(RECORD.pack(*row) for row in rows))
    loaded = eq.OnlineDesign.load(path)
    assert loaded.steps_taken == 129
    assert loaded.resolves == 2
    assert eq.OnlineDesign.load(path).steps_taken == 129
    assert more.total == 149


def test_an_absorbed_log_is_kept_too(tmp_path):
    path = tmp_path / "kept.npz"
    online = online_for(A, first=1000, keep=path)
    run(online, A, 3)
    online.absorb(online.counts)
    assert eq.OnlineDesign.load(path).steps_taken == 6
    copy = online.copy()
    run(copy, A, 5)
    assert (online.steps_taken, eq.OnlineDesign.load(path).steps_taken) == (6, 6)


def test_a_failed_write_leaves_the_old_file(tmp_path, monkeypatch):
    online = online_for(A)
    path = online.save(tmp_path / "design.npz")
    run(online, A, 5)

    def broken(*arguments, **names):
        raise OSError("disk full")

    monkeypatch.setattr(np, "savez", broken)
    with pytest.raises(OSError, match="disk full"):
        online.save(path)
    assert eq.OnlineDesign.load(path).steps_taken == 0


# --- what is refused ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: eq.OnlineDesign(0, 2), "one state or more, not 0"),
        (lambda: eq.OnlineDesign([], 2), "one state or more; no label"),
        (lambda: eq.OnlineDesign("abc", 2), "states must be a number of them or their labels"),
        (lambda: eq.OnlineDesign(2, ["a", "a"]), "arm label 'a' is given twice"),
        (lambda: eq.OnlineDesign(2, [object(), 1]), "neither a text, a number, nor a tuple"),
        (lambda: eq.OnlineDesign(2, [np.nan, 1]), "arm label nan is neither"),
        (
            lambda: eq.OnlineDesign(2, 2, exploration=0),
            "exploration must be a number above 0, not 0",
        ),
        (lambda: eq.OnlineDesign(2, 2, exploration="x"), "exploration must be a number above 0"),
        (lambda: eq.OnlineDesign(2, 2, growth=1.0), "growth must be a number above 1, not 1.0"),
        (lambda: eq.OnlineDesign(2, 2, prior=np.inf), "prior must be a number above 0, not inf"),
        (
            lambda: eq.OnlineDesign(2, 2, first=0),
            "first must be a whole number of 1 or more, not 0",
        ),
        (lambda: eq.OnlineDesign(2, 2, seed=-1), "seed must be a whole number of 0 or more"),
        (lambda: eq.OnlineDesign(2, 2, steps=0), "steps"),
        (lambda: eq.OnlineDesign(2, 2, floor=0.6), "floors .* in state 0 sum to 1.2"),
        (lambda: eq.OnlineDesign(2, 2, {"x": 1}), "weighs arm 'x'"),
        (lambda: eq.OnlineDesign(2, 2).next_arm(5), "There is no state 5; there are 0, 1"),
        (lambda: eq.OnlineDesign(2, 2).next_arm({}), "There is no state {}"),
        (lambda: eq.OnlineDesign(9, 2).next_arm("x"), r"there are 0, 1, 2, 3, 4, 5, \.\.\."),
        (lambda: eq.OnlineDesign(2, 2).observe(0, 3, 1.0, 1), "There is no arm 3"),
        (
            lambda: eq.simulate_experiment(A, eq.OnlineDesign(3, 2), 5),
            r"arms of the online design are \(0, 1\), those of the experiment \('first', 'second'\)",
        ),
    ],
)
def test_arguments_that_do_not_fit_are_named(call, says):
    with pytest.raises(BadExperiment, match=says):
        call()


@pytest.mark.parametrize("reward", [np.nan, np.inf, "much", None])
def test_a_reward_that_is_none_changes_nothing(reward, tmp_path):
    online = online_for(A, keep=tmp_path / "kept.npz")
    with pytest.raises(BadLog, match="The reward of step 0 is .*, no finite number"):
        online.observe("low", "first", reward, "high")
    assert online.steps_taken == 0
    assert eq.OnlineDesign.load(tmp_path / "kept.npz").steps_taken == 0


def test_files_that_are_none_of_ours(tmp_path):
    online = online_for(A, keep=tmp_path / "kept.npz")
    run(online, A, 2)
    with pytest.raises(BadExperiment, match=r"exists already: OnlineDesign.load goes on with it"):
        online_for(A, keep=tmp_path / "kept.npz")
    assert eq.OnlineDesign.load(tmp_path / "kept.npz").steps_taken == 2
    with pytest.raises(BadLog, match="There is no file"):
        eq.OnlineDesign.load(tmp_path / "absent.npz")
    for name, content in (("text.npz", b"nonsense"), ("empty.npz", b"")):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(BadLog, match=f"{name}' is no file that OnlineDesign.save wrote"):
            eq.OnlineDesign.load(tmp_path / name)
    np.savez(tmp_path / "other.npz", iterates=np.zeros(3))
    with pytest.raises(BadLog, match=r"other.npz' is no file"):
        eq.OnlineDesign.load(tmp_path / "other.npz")
    np.savez(tmp_path / "new.npz", notes=np.array('{"format": "eqsolve online design, 99"}'))
    with pytest.raises(BadLog, match=r"new.npz' is no file"):
        eq.OnlineDesign.load(tmp_path / "new.npz")
    log = TransitionCounts.empty(2, 5)
    with pytest.raises(BadLog, match="same states can be absorbed: these are of 5, unnamed"):
        online.absorb(log)
    named = TransitionCounts.empty(2, 3, arm_names=("old", "new"))
    with pytest.raises(BadLog, match=r"same arms can be absorbed.*\('old', 'new'\); ours are"):
        online.absorb(named)
