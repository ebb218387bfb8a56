"""The examples in the docstrings run."""

from __future__ import annotations

import doctest
from importlib import import_module

import pytest


@pytest.mark.parametrize(
    "module",
    [
        "liqatlas.base.format",
        "liqatlas.plot.theme",
        "liqatlas.plot.view",
        "liqatlas.plot.sheet",
        "liqatlas.plot.time_axis",
        "liqatlas.plot.terminal.bars",
        "liqatlas.plot.terminal.canvas",
    ],
)
def test_examples_of_a_module_run(module: str) -> None:
    result = doctest.testmod(import_module(module))
    assert result.attempted > 0
    assert result.failed == 0
