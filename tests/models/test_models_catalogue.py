"""Models are found by being there; the package has one name only."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import eqsolve as eq

ROOT = Path(__file__).parents[2]


def test_every_function_named_like_its_module_is_a_model():
    files = {path.stem for path in (ROOT / "eqsolve" / "models").glob("[a-z]*.py")}
    assert set(eq.models.catalogue()) == files - {"costs", "demand", "grid"}


def test_models_are_functions_even_after_their_modules_are_imported():
    from eqsolve.models.cournot import symmetric_start

    assert callable(symmetric_start)
    assert eq.models.cournot(2, costs=0.0, demand=eq.models.LinearDemand(1, 1)).n == 2


def test_changing_the_catalogue_does_not_change_the_package():
    eq.models.catalogue().clear()
    assert "cournot" in eq.models.catalogue()


def test_instances_are_of_games_of_either_kind_or_of_experiments():
    kinds = [eq.models.instances(kind) for kind in ("game", "finite", "experiment")]
    games = kinds[0]
    assert sorted(name for names in kinds for name in names) == list(eq.models.instances())
    assert {known.name for known in eq.testing.known_games()} == set(games)
    assert all(isinstance(eq.models.load(name), eq.Game) for name in games)
    with pytest.raises(
        eq.EqsolveError, match="kind must be 'game', 'finite' or 'experiment', not 'both'"
    ):
        eq.models.instances("both")


# Games with a leader and learning followers: their answers are in tests/commitment.
WITH_A_LEADER = {
    "matrix_design",
    "message_sequential_price",
    "platform_pricing",
    "repeated_game",
    "simple_allocation",
}


def test_every_model_has_an_instance_with_an_answer():
    used = {eq.models.published(name).model for name in eq.models.instances()}
    assert used == set(eq.models.catalogue()) - WITH_A_LEADER


def test_the_link_at_the_top_cannot_be_imported(tmp_path):
    (tmp_path / "models").symlink_to(ROOT / "eqsolve" / "models")
    run = subprocess.run(
        [sys.executable, "-c", "import models"], cwd=tmp_path, capture_output=True, text=True
    )
    assert run.returncode == 1
    assert "ImportError: This is eqsolve.models" in run.stderr
    assert "write `import eqsolve.models`" in run.stderr


@pytest.mark.parametrize("model", sorted(eq.models.catalogue()))
def test_every_model_is_documented(model):
    text = eq.models.catalogue()[model].__doc__
    for heading in ("Parameters", "Returns", "Examples"):
        assert heading in text or (heading == "Parameters" and text.count("()"))
