"""What the launcher costs before the command line begins. Floor: starting bash and starting Python."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_benchmark.fixture import BenchmarkFixture

ROOT = Path(__file__).resolve().parent.parent
LAUNCH = f"source {ROOT}/scripts/environment.sh; prepare_environment {ROOT} dev"


@pytest.mark.parametrize(
    "command",
    [
        pytest.param(["bash", "-c", ":"], id="floor: bash"),
        pytest.param(["bash", "-c", LAUNCH], id="launcher, environment ready"),
        pytest.param([sys.executable, "-P", "-c", "pass"], id="floor: python"),
        pytest.param([sys.executable, "-P", "-c", "import liqatlas"], id="import liqatlas"),
    ],
)
@pytest.mark.benchmark(group="start", min_rounds=20)
def test_start(benchmark: BenchmarkFixture, command: list[str]) -> None:
    benchmark(subprocess.run, command, check=True)
