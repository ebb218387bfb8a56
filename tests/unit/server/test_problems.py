"""Problems: every error of ours has one, and none tells a path of this machine or the text of a fault."""

from __future__ import annotations

import orjson

from liqatlas.base.errors import (
    DiskFullError,
    FormatError,
    InputError,
    NotEnoughDataError,
    SourceUnavailableError,
    TiersUnknownError,
    UnknownSymbolError,
)
from liqatlas.server.problems import Refused, encode_problem, problem_of


def test_statuses_follow_the_one_table() -> None:
    cases = {
        InputError("x"): 400, UnknownSymbolError("x", ["BTC"]): 404, NotEnoughDataError("x"): 404,
        TiersUnknownError("v", "s", "m"): 422, SourceUnavailableError("x"): 503, DiskFullError("x"): 507,
        Refused(429, "x"): 429,
    }  # fmt: skip
    for error, status in cases.items():
        problem = problem_of(error, "/v1/map/ETH")
        assert problem.status == status
        assert set(orjson.loads(encode_problem(problem))) >= {"type", "title", "status", "detail", "instance"}


def test_near_names_are_told() -> None:
    problem = problem_of(UnknownSymbolError("ETTH", ["ETH"], where="here"), "/v1/map/ETTH")
    assert orjson.loads(encode_problem(problem))["near"] == ["ETH"]
    assert problem.type == "urn:liqatlas:problem:unknown-symbol"


def test_paths_of_the_machine_stay_here() -> None:
    problem = problem_of(FormatError("/home/somebody/secret/trades.csv", "is empty", line=3), "/x")
    assert "somebody" not in problem.detail
    assert "trades.csv:3: is empty" in problem.detail


def test_a_fault_keeps_its_text() -> None:
    problem = problem_of(RuntimeError("password is hunter2"), "/x")
    assert problem.status == 500
    assert "hunter2" not in problem.detail
