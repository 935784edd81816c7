"""What a run's folder tells those who come after it: settings, progress, weights."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from blemish.errors import TrainingError
from blemish.model.nets import Detector, build_net
from blemish.training.checkpoint import load_weights
from blemish.training.log import LOG, read_log

SETTINGS = "settings.json"
TAIL = 5  # validations that go into a bundle
# Of one machine only, or of no meaning to whoever gets the bundle.
PRIVATE = frozenset({"run", "cache", "drawers", "threads", "resume"})
PATHS = frozenset({"start", "data"})


@dataclass(frozen=True)
class Record:
    """A run as it lies on disk.

    Attributes:
        path: its folder.
        settings: those of `blemish.jobs.settings.TrainSettings`, as plain values.
        rows: its log.
    """

    path: Path
    settings: Mapping[str, Any]
    rows: tuple[Mapping[str, Any], ...]

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the classes."""
        return tuple(self.settings["classes"])

    def load_net(self, weights: str) -> Detector:
        """Give the net with the run's `last` or `best` weights.

        Raises:
            TrainingError: there are none, or they do not fit.
        """
        file = self.path / f"{weights}.safetensors"
        if not file.is_file():
            raise TrainingError(f"{self.path}: holds no {weights} weights yet; train longer")
        net = build_net(self.settings["net"], len(self.classes))
        try:
            net.load_state_dict(load_weights(file))
        except RuntimeError as error:
            raise TrainingError(f"{file}: does not fit the net in {SETTINGS}") from error
        return net.eval()

    def facts(self) -> dict[str, Any]:
        """Give what a bundle tells about its training; no path of this machine is in it."""
        settings = {name: value for name, value in self.settings.items() if name not in PRIVATE}
        for name in PATHS & settings.keys():
            settings[name] = Path(settings[name]).name if settings[name] else None
        last = self.rows[-1] if self.rows else {}
        return {
            "settings": settings,
            "steps": last.get("step", 0),
            "minutes": round(last.get("seconds", 0.0) / 60, 1),
            "validations": [row for row in self.rows if "ap50" in row][-TAIL:],
        }


def read_record(path: Path) -> Record:
    """Read what a run's folder holds.

    Raises:
        TrainingError: it is not a run's folder.
    """
    try:
        settings = json.loads((path / SETTINGS).read_text(encoding="utf-8"))
        rows = read_log(path / LOG)
        if not (settings["net"] and settings["classes"]):
            raise ValueError("no net or no classes")
    except OSError as error:
        raise TrainingError(
            f"{path}: is not a training run ({SETTINGS}: {error.strerror}); "
            "give the folder that `blemish train` wrote"
        ) from error
    except (ValueError, KeyError, TypeError) as error:
        raise TrainingError(f"{path}: its {SETTINGS} or {LOG} is damaged ({error})") from error
    return Record(path, settings, tuple(rows))
