"""schemathesis over the whole OpenAPI of a running server: no fault, no answer that is not described.

``LIQATLAS_FUZZ_EXAMPLES`` sets how many examples each operation gets; with it every phase runs (``.ci/proof.d/api_fuzz``).
"""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from pathlib import Path

import aiohttp

from tests.e2e.serving import served

#: OpenAPI cannot say that two parameters exclude each other, that a filter leaves nothing, or that a margin rule has no answer.
CONFIG = """
[checks.positive_data_acceptance]
expected-statuses = ["2xx", "3xx", 400, 404, 422, 429]
"""
FEW = ("--phases", "examples,fuzzing", "--max-examples", "3", "--generation-deterministic")


async def test_every_operation_answers_as_described(tmp_path: Path) -> None:
    wanted = os.environ.get("LIQATLAS_FUZZ_EXAMPLES", "")
    amount = ("--max-examples", wanted) if wanted else FEW
    config = tmp_path / "schemathesis.toml"
    config.write_text(CONFIG)
    beside = Path(sys.executable).with_name("schemathesis")
    program = str(beside) if beside.exists() else shutil.which("schemathesis")
    assert program is not None, "schemathesis is not installed beside this Python"
    async with served(tmp_path, "--demo") as one:
        async with aiohttp.ClientSession() as session, session.get(f"{one.url}/openapi.json") as answer:
            operations = sum(len(path) for path in (await answer.json())["paths"].values())
        assert operations >= 20
        process = await asyncio.create_subprocess_exec(
            program, "--no-color", "--config-file", config, "run", f"{one.url}/openapi.json", "--checks", "all",
            "--continue-on-failure", "--workers", "1", "--request-timeout", "120", *amount,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT, cwd=tmp_path,
        )  # fmt: skip
        out = (await process.communicate())[0].decode()
        assert process.returncode == 0, out[-8000:]
        assert f"Tested: {operations}" in out, out[-3000:]
        assert "Traceback" not in one.log()
        assert await one.stop() == 0
