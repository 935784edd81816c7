"""`python -m blemish.cli.noted FILE VERB ...`: a verb whose exit code is left in a file.

For a server that starts it and may itself have been started anew when it ends.
"""

import os
import sys
from pathlib import Path

from blemish.cli import main

GIVES_WAY = 10  # the server's own work comes first


def run(place: Path, words: list[str]) -> None:
    """Run the command line and leave its exit code, written whole."""
    if hasattr(os, "nice"):
        os.nice(GIVES_WAY)
    sys.argv = ["blemish", *words]
    code: object = 0
    try:
        main()
    except SystemExit as end:
        code = end.code or 0
    temporary = place.with_name(f".{place.name}.part")
    temporary.write_text(str(code), encoding="ascii")
    temporary.replace(place)


if __name__ == "__main__":
    run(Path(sys.argv[1]), sys.argv[2:])
