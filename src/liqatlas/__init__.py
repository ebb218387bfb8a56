"""liqatlas: open liquidation maps of crypto derivatives."""

__version__ = "0.1.0"
