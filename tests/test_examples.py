"""Every example runs, draws its figure, and its numbers are the known ones."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

EXAMPLES = sorted((Path(__file__).parents[1] / "examples").glob("*.py"))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_example(path, tmp_path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    computed, known = module.run(tmp_path)
    np.testing.assert_allclose(computed, known, rtol=module.TOLERANCE)
    figures = list(tmp_path.glob("*.png"))
    assert figures
    assert all(figure.stat().st_size > 5_000 for figure in figures)


def test_there_are_examples():
    assert len(EXAMPLES) >= 4
