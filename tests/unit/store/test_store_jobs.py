from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from liqatlas.base.errors import InputError

if TYPE_CHECKING:
    from liqatlas.store import Lake


def test_a_job_is_taken_up_where_it_stood(lake: Lake) -> None:
    lake.put_job("btc-2026", '{"since": "30d"}', ["d1", "d2", "d3"])
    lake.mark_part("btc-2026", "d2", "done", note="1,000 rows")
    lake.mark_part("btc-2026", "d1", "failed", note="429")
    lake.mark_part("btc-2026", "d1", "failed", note="429 again")
    lake.put_job("btc-2026", '{"since": "30d"}', ["d1", "d2", "d3", "d4"])
    assert [p.part for p in lake.job_parts("btc-2026", state="open")] == ["d3", "d4"]
    failed = lake.job_parts("btc-2026", state="failed")[0]
    assert (failed.part, failed.tries, failed.note) == ("d1", 2, "429 again")
    (job,) = lake.jobs()
    assert (job.parts, job.done, job.failed, job.finished) == (4, 1, 1, False)
    for part in ("d1", "d3", "d4"):
        lake.mark_part("btc-2026", part, "done")
    assert lake.jobs()[0].finished


def test_another_job_of_the_same_name_is_refused(lake: Lake) -> None:
    lake.put_job("a", "{}", ["1"])
    with pytest.raises(InputError, match="another specification"):
        lake.put_job("a", '{"x": 1}', ["1"])
    with pytest.raises(InputError, match="no part"):
        lake.mark_part("a", "2", "done")


def test_checkpoints_are_replaced(lake: Lake) -> None:
    assert lake.checkpoint("a") is None
    lake.put_checkpoint("a", "1")
    lake.put_checkpoint("a", "2")
    assert lake.checkpoint("a") == "2"
