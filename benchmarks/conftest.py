"""Fixtures that benchmarks share with tests."""

from tests.conftest import data_dir

__all__ = ["data_dir"]
