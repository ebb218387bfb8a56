"""Compiled kernels answer as their Python source does."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numba
import numpy as np
import pytest

from liqatlas.base.jit import inline, kernel

pytestmark = pytest.mark.kernels

SOURCE = str(Path(__file__).parents[3] / "src")


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


def write_package(folder: Path, factor: int) -> None:
    """Write two kernels modules, the second calling the first."""
    (folder / "base").mkdir(parents=True, exist_ok=True)
    (folder / "kernels_inner.py").write_text(f"{HEAD}@kernel\ndef scaled(x):\n    return {factor} * x\n")
    (folder / "kernels_outer.py").write_text(
        f"{HEAD}from kernels_inner import scaled\n\n@kernel\ndef outer(x):\n    return scaled(x)\n"
    )


HEAD = """import sys
from pathlib import Path
import numba
from liqatlas.base import jit
numba.config.CACHE_DIR = str(Path(sys.argv[1]) / jit.fingerprint(Path(__file__).parent))
from liqatlas.base.jit import kernel
"""


def test_a_change_in_a_called_module_reaches_its_callers(tmp_path: Path) -> None:
    """Numba's own cache would go on answering with the old inner function."""
    answers = []
    for factor in (2, 3):
        write_package(tmp_path / "package", factor)
        done = subprocess.run(
            [sys.executable, "-c", "import kernels_outer; print(kernels_outer.outer(7))", tmp_path / "cache"],
            # both versions are of one size and may be of one second: Python's own cache would hide the change before ours is asked
            env={
                **os.environ,
                "PYTHONPATH": os.pathsep.join([str(tmp_path / "package"), SOURCE]),
                "PYTHONDONTWRITEBYTECODE": "1",
            },
            capture_output=True,
            text=True,
            check=True,
        )
        answers.append(int(done.stdout))
    assert answers == [14, 21]


def test_kernels_work_where_the_cache_cannot_be_written(tmp_path: Path) -> None:
    blocked = tmp_path / "a-file-where-a-folder-is-wanted"
    blocked.touch()
    (tmp_path / "kernels_alone.py").write_text(
        "from liqatlas.base.jit import kernel\n\n@kernel\ndef double(x):\n    return 2 * x\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", "import kernels_alone; print(kernels_alone.double(4))"],
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(tmp_path), SOURCE]),
            "NUMBA_CACHE_DIR": str(blocked),
        },
        capture_output=True,
        text=True,
        check=True,
    )
    assert int(done.stdout) == 8
