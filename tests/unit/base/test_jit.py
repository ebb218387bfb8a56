"""Compiled kernels answer as their Python source does."""

from __future__ import annotations

import os

import numba
import numpy as np
import pytest

from liqatlas.base.jit import inline, kernel

pytestmark = pytest.mark.kernels


@inline
def twice(x: float) -> float:
    return 2.0 * x


@kernel
def doubled_sum(values: np.ndarray) -> float:
    total = 0.0
    for value in values:
        total += twice(value)
    return total


def test_kernel_answers_as_its_source() -> None:
    values = np.array([0.1, 0.2, 0.7, 1e16, -1e16])
    expected = 0.0
    for value in values.tolist():
        expected += 2.0 * value
    assert doubled_sum(values) == expected


def test_compilation_can_be_turned_off() -> None:
    compiled = isinstance(doubled_sum, numba.core.dispatcher.Dispatcher)
    assert compiled is (os.environ.get("NUMBA_DISABLE_JIT", "0") != "1")
