"""Kernels without reference counts: the same answers, and no way to allocate in one by mistake."""

from __future__ import annotations

import os

import numpy as np
import pytest

from liqatlas.base.jit import bare_inline, bare_kernel

pytestmark = pytest.mark.kernels


@bare_inline
def square(x: float) -> float:
    return x * x


@bare_kernel
def sum_of_squares(values: np.ndarray, part: tuple[np.ndarray, float]) -> float:
    total = part[1]
    for v in values:
        total += square(v) * part[0][0]
    return total


@bare_kernel
def allocating(count: int) -> float:
    return float(np.zeros(count).sum())


def test_answers_are_those_of_plain_python() -> None:
    values = np.arange(5.0)
    assert sum_of_squares(values, (np.array([2.0]), 1.0)) == 61.0


@pytest.mark.skipif(os.environ.get("NUMBA_DISABLE_JIT") == "1", reason="plain Python may allocate")
def test_an_array_made_inside_does_not_compile() -> None:
    with pytest.raises(Exception, match="zeros"):
        allocating(3)
