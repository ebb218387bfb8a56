"""``liqatlas calibrate``: fit the estimator on realised prints and write the dated file."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path  # noqa: TC003  (cyclopts reads the annotations)
from typing import Annotated

from cyclopts import Parameter

from liqatlas.base.errors import InputError
from liqatlas.cli.options import DataOptions, MomentOptions, OutputOptions, make_request
from liqatlas.cli.output import emit, reporting, say
from liqatlas.flows.calibrate import Period, build_calibration, update_calibration
from liqatlas.flows.request import moment


@Parameter(name="*", group="Fit")
@dataclass(frozen=True, kw_only=True)
class FitOptions:
    """What a fit starts from."""

    pool: Path | None = None
    "Calibration file of another market: its shape of weights stands in where the own prints say little. For small coins."
    update: Path | None = None
    "Calibration file to carry on from: take in what was printed after it, in place of a fit anew."
    half_life: float = 60.0
    "With --update: days after which older prints count half."
    thinning: Path | None = None
    "Thinning curve that puts back what the venue hides from its single prints (scripts/learn_thinning.py makes one)."


_DATA, _FIT = DataOptions(), FitOptions()


def calibrate(
    asset: str,
    /,
    *,
    data: DataOptions = _DATA,
    train_from: str | None = None,
    train_until: str | None = None,
    how: FitOptions = _FIT,
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
    output
        File to write; default is standard output.
    """
    request = replace(make_request(asset, data, MomentOptions(), OutputOptions()), thinning_file=how.thinning)
    period = Period(moment(train_from), moment(train_until))
    with reporting() as reporter:
        if how.update is not None:
            if how.pool is not None or period != Period():
                raise InputError(
                    "--update takes everything after the calibration: leave --pool and --train-… out"
                )
            result = update_calibration(request, how.update, how.half_life, reporter)
        else:
            result = build_calibration(request, period, reporter, pool=how.pool)
    say(
        f"{result.rows:,} hours x positions with {result.printed_usd / 1e6:,.1f} million USD of prints; "
        f"identified out to {result.identified_distance:.2%}"
    )
    emit(result.to_json(), "json", output)
    return 0
