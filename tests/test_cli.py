"""The commands as a stranger types them: output, exit codes, sentences."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest

import eqsolve as eq


def run(*words, folder=None):
    command = [sys.executable, "-m", "eqsolve.cli", *words]
    width = os.environ | {"COLUMNS": "120"}
    return subprocess.run(
        command, cwd=folder, env=width, capture_output=True, text=True, check=False
    )


def test_version_and_help():
    assert run("--version").stdout.strip() == eq.__version__
    shown = run("--help").stdout
    assert all(command in shown for command in ("models", "solve", "validate", "reproduce"))


def test_models_lists_every_model_and_instance():
    shown = run("models").stdout
    assert all(name in shown for name in eq.models.catalogue())
    assert all(name in shown for name in eq.models.instances())


def test_solve_prints_the_certificate():
    done = run("solve", "river_basin", "--variational")
    assert done.returncode == 0
    assert "21.1448" in done.stdout
    assert "variational, global" in done.stdout


def test_solve_as_json():
    answer = json.loads(run("solve", "duopoly", "--json").stdout)
    assert answer["strategies"]["firm1"] == pytest.approx([92 / 3])
    assert answer["certificate"]["max_gain"] < 1e-9


@pytest.mark.parametrize("stance", ["optimistic", "pessimistic"])
def test_solve_with_a_leader(stance):
    words = ("solve", "duopoly", "--concept", "stackelberg", "--leader", "firm1")
    answer = json.loads(run(*words, "--stance", stance, "--json").stdout)
    assert answer["concept"] == "Stackelberg"
    assert answer["strategies"] == {"firm1": pytest.approx([46]), "firm2": pytest.approx([26])}
    assert answer["certificate"]["bound"] == pytest.approx(1058)


def test_an_instance_is_solved_for_what_its_answer_answers():
    answer = json.loads(run("solve", "pigou_toll", "--json").stdout)
    assert answer["concept"] == "Stackelberg"
    assert answer["payoffs"]["authority"] == pytest.approx(0.25)


def test_solve_a_file(tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text(
        'model = "cournot"\n[arguments]\ncosts = [1.0, 2.0]\n'
        'demand = {kind = "linear", intercept = 10.0, slope = 1.0}\n'
    )
    done = run("solve", str(file), "--formulation", "potential")
    assert done.returncode == 0, done.stderr
    assert "[3.33333]" in done.stdout


@pytest.mark.parametrize(("words", "sentence"), [
    (("solve", "river_bassin"), "There is no instance called 'river_bassin'; did you mean river_basin"),
    (("solve", "absent.toml"), "absent.toml"),
    (("solve", "duopoly", "--formulation", "magic"), "There is no formulation called 'magic'"),
    (("solve", "duopoly", "--solver", "magic"), "magic"),
    (("solve", "duopoly", "--leader", "nobody"), "the leader 'nobody' is no player; the players are"),
    (("solve", "duopoly", "--concept", "stackelberg"), "needs --leader NAME"),
    (("reproduce", "alchemy"), "There is no system called 'alchemy'"),
    (("validate", "absent.csv", "--model", "duopoly"), "There is no file 'absent.csv'"),
])  # fmt: skip
def test_errors_are_one_sentence(words, sentence, tmp_path):
    done = run(*words, folder=tmp_path)
    assert done.returncode != 0
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_validate_a_recorded_run(tmp_path):
    target = np.array([92 / 3, 101 / 3])
    rows = ["step,q1,q2"]
    rows += [
        f"{k},{a:.12g},{b:.12g}"
        for k, (a, b) in enumerate(target * (1 - 0.8**k) for k in range(60))
    ]
    file = tmp_path / "run.csv"
    file.write_text("\n".join(rows))
    done = run("validate", str(file), "--model", "duopoly", "--plot", str(tmp_path / "run.png"))
    assert done.returncode == 0, done.stderr
    assert "linear" in done.stdout
    assert "0.8" in done.stdout
    assert (tmp_path / "run.png").stat().st_size > 5_000
