"""Whether the editor is there."""

from pathlib import Path

BUILT = Path(__file__).parent / "static" / "editor"
"""Where the build of `frontend/` puts it."""


def is_built() -> bool:
    """Tell whether the editor was built; a source checkout without Node has none."""
    return all((BUILT / name).is_file() for name in ("editor.js", "editor.css"))
