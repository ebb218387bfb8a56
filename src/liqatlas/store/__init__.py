"""See README.md of this room."""

from liqatlas.store.accounts import AccountStore
from liqatlas.store.backup import Backup
from liqatlas.store.catalogue import InstrumentVersion
from liqatlas.store.compaction import Compaction
from liqatlas.store.coverage import Coverage, Freshness, Standing, TouchedHour
from liqatlas.store.gaps import Gap
from liqatlas.store.jobs import Job, JobPart
from liqatlas.store.lake import Lake
from liqatlas.store.receipts import Ticket, WriterStats
from liqatlas.store.recording import PRINTS, scope_name, split_bars
from liqatlas.store.repair import Repair
from liqatlas.store.retention import KEEP_DAYS, DiskUse, Retention
from liqatlas.store.segments import SegmentEntry, StoredSegment
from liqatlas.store.verification import Problem, Verification
from liqatlas.store.writer import Writer

__all__ = [
    "KEEP_DAYS",
    "PRINTS",
    "AccountStore",
    "Backup",
    "Compaction",
    "Coverage",
    "DiskUse",
    "Freshness",
    "Gap",
    "InstrumentVersion",
    "Job",
    "JobPart",
    "Lake",
    "Problem",
    "Repair",
    "Retention",
    "SegmentEntry",
    "Standing",
    "StoredSegment",
    "Ticket",
    "TouchedHour",
    "Verification",
    "Writer",
    "WriterStats",
    "scope_name",
    "split_bars",
]
