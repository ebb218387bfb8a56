"""See README.md of this folder."""

from liqatlas.venues.importers.inspection import FileReport, inspect_paths
from liqatlas.venues.importers.open_interest_audit import audit_open_interest
from liqatlas.venues.importers.reading import read_paths, recognise
from liqatlas.venues.importers.recognition import Recognised
from liqatlas.venues.importers.registry import understood
from liqatlas.venues.importers.selection import MAP_TABLES

__all__ = [
    "MAP_TABLES",
    "FileReport",
    "Recognised",
    "audit_open_interest",
    "inspect_paths",
    "read_paths",
    "recognise",
    "understood",
]
