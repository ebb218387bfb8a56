"""``liqatlas calibrate``: fit the estimator on realised prints and write the dated file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path  # noqa: TC003  (cyclopts reads the annotations)
from typing import Annotated

from cyclopts import Parameter

from liqatlas.cli.options import DataOptions, MomentOptions, OutputOptions, make_request
from liqatlas.cli.output import emit, reporting, say
from liqatlas.flows.calibrate import Period, build_calibration
from liqatlas.flows.request import moment

_DATA = DataOptions()


def calibrate(
    asset: str,
    /,
    *,
    data: DataOptions = _DATA,
    train_from: str | None = None,
    train_until: str | None = None,
    pool: Path | None = None,
    thinning: Path | None = None,
    output: Annotated[Path | None, Parameter(name=["--output", "-o"])] = None,
) -> int:
    """Fit the estimator on liquidations that happened, and write the calibration as JSON.

    Parameters
    ----------
    asset
        An asset such as BTC, or one venue's symbol.
    train_from
        First hour whose prints are read; default is the first there is.
    train_until
        One past the last hour whose prints are read; default is the last there is.
    pool
        Calibration file of another market: its shape of weights stands in where the own prints say little. For small coins.
    thinning
        Thinning curve that puts back what the venue hides from its single prints (scripts/learn_thinning.py makes one).
    output
        File to write; default is standard output.
    """
    request = replace(make_request(asset, data, MomentOptions(), OutputOptions()), thinning_file=thinning)
    period = Period(moment(train_from), moment(train_until))
    with reporting() as reporter:
        result = build_calibration(request, period, reporter, pool=pool)
    say(
        f"{result.rows:,} hours x positions with {result.printed_usd / 1e6:,.1f} million USD of prints; "
        f"identified out to {result.identified_distance:.2%}"
    )
    emit(result.to_json(), "json", output)
    return 0
