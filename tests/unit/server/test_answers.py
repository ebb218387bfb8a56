"""Answers: made once, kept within bounds, compressed as asked, refused when too much is under way."""

from __future__ import annotations

import asyncio
import gzip
import threading

import pytest
import zstandard

from liqatlas.base.errors import NotEnoughDataError, SourceUnavailableError
from liqatlas.flows.serving_cache import Kept
from liqatlas.server import answers as module
from liqatlas.server.answers import Answers, Made, chosen_form, make_answer
from liqatlas.server.problems import Refused


async def test_made_once_however_many_ask() -> None:
    answers, count, gate = Answers(), 0, threading.Event()

    def make() -> Made:
        nonlocal count
        count += 1
        gate.wait(5)
        return Made(b"x" * 1000)

    asked = [asyncio.create_task(answers.get("k", make)) for _ in range(50)]
    await asyncio.sleep(0.05)
    gate.set()
    found = await asyncio.gather(*asked)
    assert count == 1
    assert len({one.etag for one in found}) == 1
    answers.close()


async def test_a_refusal_of_the_data_is_kept_and_a_lost_source_is_not() -> None:
    answers, calls = Answers(), []

    def poor() -> Made:
        calls.append("poor")
        raise NotEnoughDataError("no prints")

    def lost() -> Made:
        calls.append("lost")
        raise SourceUnavailableError("gone")

    for _ in range(3):
        with pytest.raises(NotEnoughDataError, match="no prints"):
            await answers.get("poor", poor)
        with pytest.raises(SourceUnavailableError):
            await answers.get("lost", lost)
    assert calls.count("poor") == 1
    assert calls.count("lost") == 3
    answers.close()


async def test_slow_work_is_answered_and_goes_on() -> None:
    answers, gate = Answers(patience_s=0.05), threading.Event()

    def make() -> Made:
        gate.wait(5)
        return Made(b"late")

    with pytest.raises(Refused) as refused:
        await answers.get("k", make)
    assert (refused.value.status, refused.value.kind) == (503, "still-computing")
    gate.set()
    for _ in range(100):
        if len(answers):
            break
        await asyncio.sleep(0.01)
    answers.patience_s = 5
    assert (await answers.get("k", lambda: Made(b"never"))).made.body == b"late"
    answers.close()


async def test_too_much_under_way_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_UNDER_WAY", 3)
    answers, gate = Answers(), threading.Event()
    slow = [asyncio.create_task(answers.get(n, lambda: (gate.wait(5), Made(b"x"))[1])) for n in range(3)]
    await asyncio.sleep(0)
    with pytest.raises(Refused, match="being made"):
        await answers.get("one more", lambda: Made(b"x"))
    gate.set()
    await asyncio.gather(*slow)
    assert (await answers.get("one more", lambda: Made(b"x"))).made.body == b"x"
    answers.close()


async def test_the_last_answer_is_given_while_the_next_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "REST_S", 0.0)
    answers, gate = Answers(stale_s=600.0), threading.Event()

    def slowly() -> Made:
        gate.wait(60)
        return Made(b"two")

    first = await answers.get("k", lambda: Made(b"one"), version=1)
    again = []
    async with asyncio.timeout(60):
        while answers.misses < 2:  # a key rests at least as long as it took to make
            again.append(await answers.get("k", slowly, version=2))
            await asyncio.sleep(0.01)
    again += [await answers.get("k", slowly, version=2) for _ in range(5)]
    assert {one.made.body for one in (first, *again)} == {b"one"}
    assert answers.misses == 2
    gate.set()
    for _ in range(6000):
        await asyncio.sleep(0.01)
        if not answers.under_way:
            break
    assert (await answers.get("k", slowly, version=2)).made.body == b"two"
    answers.stale_s = 0.0  # too old to be given
    assert (await answers.get("k", lambda: Made(b"three"), version=3)).made.body == b"three"
    answers.close()


async def test_answers_are_bounded_in_number_and_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ENTRIES", 5)
    monkeypatch.setattr(module, "CAPACITY", 2_000)
    answers = Answers()
    for number in range(20):
        await answers.get(number, lambda: Made(bytes(400)))
        assert len(answers) <= 5
        assert answers.weighs <= 2_000
    await answers.get("large", lambda: Made(bytes(4_000) + bytes(range(256)) * 20))
    assert answers.weighs <= 2_000
    answers.close()


def test_forms() -> None:
    body = b'{"a":1}' * 400
    answer = make_answer(Made(body))
    assert chosen_form(answer, "gzip, zstd;q=0.5")[0] == "zstd"
    assert chosen_form(answer, "gzip, zstd;q=0")[0] == "gzip"
    assert chosen_form(answer, "*")[0] == "zstd"
    assert chosen_form(answer, "identity") == ("", body)
    assert chosen_form(answer, "gzip;q=x") == ("", body)
    assert gzip.decompress(answer.forms["gzip"]) == body
    assert zstandard.decompress(answer.forms["zstd"]) == body
    assert chosen_form(make_answer(Made(b"tiny")), "gzip") == ("", b"tiny")


def test_kept_is_bounded_by_weight_and_number() -> None:
    kept: Kept[bytes] = Kept(3, weight=len, capacity=100)
    for number in range(5):
        kept.get(number, lambda: b"x" * 10)
    assert len(kept) == 3
    kept.get("large", lambda: b"x" * 95)
    assert kept.weighs <= 100
    kept.get("too large", lambda: b"x" * 101)
    assert kept.peek("too large") is None
    assert kept.weighs <= 100


def test_kept_hands_a_failure_to_all_who_wait() -> None:
    kept: Kept[int] = Kept(3)
    gate, seen = threading.Event(), []

    def fail() -> int:
        gate.wait(5)
        raise ValueError("no")

    def ask() -> None:
        try:
            kept.get("k", fail)
        except ValueError as error:
            seen.append(str(error))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for one in threads:
        one.start()
    gate.set()
    for one in threads:
        one.join(5)
    assert seen == ["no"] * 4
    assert kept.get("k", lambda: 7) == 7
