"""What a user installs: light to import, complete, and importable under one name only."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import eqsolve

ROOT = Path(__file__).parents[1]


def python(code, **how):
    command = [sys.executable, "-c", code]
    return subprocess.run(command, capture_output=True, text=True, check=False, **how)


def test_importing_eqsolve_loads_nothing_heavy():
    heavy = ("cvxpy", "pyomo", "casadi", "matplotlib", "scipy", "networkx", "numpy")
    code = f"import sys, eqsolve; print([m for m in {heavy} if m in sys.modules])"
    assert python(code).stdout.strip() == "[]"


@pytest.mark.parametrize("name", ["models", "solvers"])
def test_the_links_at_the_top_are_for_readers(name):
    assert (ROOT / name).is_symlink()
    assert (ROOT / name).resolve() == (ROOT / "eqsolve" / name).resolve()
    done = python(f"import {name}", cwd=ROOT)
    assert done.returncode != 0
    assert f"eqsolve.{name}" in done.stderr


def test_every_public_name_exists_and_is_documented():
    for name in dir(eqsolve):
        if name.startswith("_") or name in ("annotations", "import_module", "Any", "TYPE_CHECKING"):
            continue
        assert getattr(eqsolve, name).__doc__, f"eqsolve.{name} has no docstring"


def test_the_wheel_holds_the_package_whole(tmp_path):
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--no-deps",
        "--quiet",
        "-w",
        str(tmp_path),
        ".",
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (wheel,) = tmp_path.glob("eqsolve-*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert "eqsolve/py.typed" in names
    sources = [p.relative_to(ROOT).as_posix() for p in (ROOT / "eqsolve").rglob("*.py")]
    assert set(sources) <= set(names)
    assert sum(name.endswith(".toml") for name in names) == len(eqsolve.models.instances())
    assert not [name for name in names if name.startswith(("models/", "solvers/", "tests/"))]
    target = tmp_path / "site"
    zipfile.ZipFile(wheel).extractall(target)
    code = (
        f"import sys; sys.path.insert(0, {str(target)!r}); import eqsolve as eq; "
        "assert eq.__file__.startswith(sys.path[0]); "
        "print(eq.solve(eq.models.load('duopoly')).payoffs['firm1'])"
    )
    assert float(python(code, cwd=tmp_path).stdout) == pytest.approx(940.4444444)


def test_the_version_stands_in_one_place():
    text = (ROOT / "pyproject.toml").read_text()
    assert f'version = "{eqsolve.__version__}"' in text
