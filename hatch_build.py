"""Builds the editor into the package while a wheel or source archive is made.

Where Node is missing the build goes on without it: everything else works, and the editor's page
says what is missing. `BLEMISH_EDITOR=required` makes that an error, `BLEMISH_EDITOR=skip` builds
none.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

BUILT = Path("src/blemish/web/static/editor")
PATIENCE = 120  # seconds a step may take; a registry that does not answer must not hold an install


class EditorHook(BuildHookInterface[Any]):
    """The hook that pyproject.toml names."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the editor unless it is built already or cannot be."""
        root = Path(self.root)
        if version == "editable" or not (root / "frontend" / "package-lock.json").is_file():
            return
        wish = os.environ.get("BLEMISH_EDITOR", "")
        built = root / BUILT / "editor.js"
        if wish != "skip" and not _is_fresh(built, root / "frontend"):
            _build(root / "frontend", required=wish == "required")
        if built.is_file():
            build_data["artifacts"].append(f"/{BUILT.as_posix()}/**")


def _is_fresh(built: Path, sources: Path) -> bool:
    """Tell whether the build is newer than all that it is made of."""
    if not built.is_file():
        return False
    made = built.stat().st_mtime
    names = ("src", "plugins", "package-lock.json", "vite.config.ts")
    files = [file for name in names for file in (sources / name, *(sources / name).rglob("*"))]
    return all(file.stat().st_mtime <= made for file in files)


def _build(sources: Path, *, required: bool) -> None:
    npm = shutil.which("npm")
    try:
        if npm is None:
            raise FileNotFoundError("npm is not installed")
        for words in (["ci", "--prefer-offline"], ["run", "build"]):
            subprocess.run([npm, *words], cwd=sources, check=True, timeout=PATIENCE)  # noqa: S603
    except (OSError, subprocess.SubprocessError) as error:
        if required:
            raise
        sys.stderr.write(f"the editor is not in this build: {error}\n")
