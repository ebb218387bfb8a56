"""Stress of one's own positions: exact levels, what moves them, what past crashes would have done. See ../README.md."""

from liqatlas.signals.stress.crashes import Crash, load_crashes, taker_fee
from liqatlas.signals.stress.held import Held, Terms
from liqatlas.signals.stress.levels import Level, account_levels, joint_move
from liqatlas.signals.stress.moves import Outcome, outcomes
from liqatlas.signals.stress.remedies import Hedge, Stop, WhatIf, clear_stop, hedge, what_ifs

__all__ = [
    "Crash",
    "Hedge",
    "Held",
    "Level",
    "Outcome",
    "Stop",
    "Terms",
    "WhatIf",
    "account_levels",
    "clear_stop",
    "hedge",
    "joint_move",
    "load_crashes",
    "outcomes",
    "taker_fee",
    "what_ifs",
]
