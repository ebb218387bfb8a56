"""Sentences of a report: templates over its tree that say only what the numbers there support.

Each function takes sections of the tree and returns sentences; a number that is None becomes a sentence about what is missing,
never a guess. A liquidated long sells, a liquidated short buys; a level is where orders would be forced, not a promise.
"""

from liqatlas.report.words.cascade import cascade
from liqatlas.report.words.changes import changes
from liqatlas.report.words.day import overview, phase
from liqatlas.report.words.glance import glance
from liqatlas.report.words.levels import level_notes, summary
from liqatlas.report.words.numbers import chance, moment, small_change
from liqatlas.report.words.plan import plan_lines, side_plan, sizing
from liqatlas.report.words.quality import quality
from liqatlas.report.words.signals import hit_rate_cells, says

__all__ = [
    "cascade", "chance", "changes", "glance", "hit_rate_cells", "level_notes", "moment", "overview", "phase", "plan_lines",
    "quality", "says", "side_plan", "sizing", "small_change", "summary",
]  # fmt: skip
