"""The model folder: `model.onnx`, `weights.safetensors`, a card and `bundle.json`."""

import hashlib
import json
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from blemish import __version__
from blemish.core.scoremaps import ScoreMap, read_map
from blemish.errors import BundleError
from blemish.runtime.bundle_checks import EIGHT_BITS, PRECISIONS, check_kinds, check_values

FORMAT = 1
ABOUT = "bundle.json"
GRAPH = "model.onnx"


@dataclass(frozen=True)
class Bundle:
    """What a model folder says about itself; the fields are the keys of `bundle.json`.

    Attributes:
        path: the folder.
        blemish: the version of blemish that wrote it.
        net: the architecture, as the training side builds it.
        threshold: the lowest score that counts as a find by default, see `threshold_for`.
        stride: windows start, and have sides, at multiples of this, in pixels.
        window: the longest side of a window, in pixels.
        overlap: how far windows reach into each other, in pixels.
        nms_iou: the overlap above which the lower-scoring box of a class falls.
        top_k: the number of candidates the graph gives for a window.
        wafer_diameter: the size in pixels at which the model knows wafers; None for no such size.
        wafer_range: diameters in pixels that are looked at as they are.
        precisions: the precisions of each engine that passed the parity gate.
        long_side: in pixels, what the longer side of every picture is brought to, wafer or not;
            None to leave pictures as they are.
        region: what `auto` means for this model: its labels lay within the wafer
            where one is seen (`auto`), or anywhere (`whole`).
        files: the SHA-256 of each file, by its name.
        calibration: what `blemish calibrate` found out: `map`, from the graph's scores to chances
            (the threshold is one of these), and how the threshold was chosen; empty without it.
        meant: the precision that it is meant to run in; None where nobody said, see `precision`.
        quality: what was measured in each precision on the same held-out pictures, by its name:
            `ap50`, `recall` (of centres, at `false_per_picture`), `pictures` and `labels`.
        thresholds: that of each precision which has one of its own, by its name.
    """

    path: Path
    name: str
    blemish: str
    net: Mapping[str, Any]
    classes: tuple[str, ...]
    threshold: float
    stride: int
    window: int
    overlap: int
    nms_iou: float
    top_k: int
    wafer_diameter: float | None
    wafer_range: tuple[float, float] | None
    precisions: Mapping[str, tuple[str, ...]]
    files: Mapping[str, str] = field(default_factory=dict)
    parity: Mapping[str, Any] = field(default_factory=dict)
    training: Mapping[str, Any] = field(default_factory=dict)
    long_side: int | None = None
    region: str = "auto"
    calibration: Mapping[str, Any] = field(default_factory=dict)
    meant: str | None = None
    quality: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    thresholds: Mapping[str, float] = field(default_factory=dict)

    @cached_property
    def score_map(self) -> ScoreMap:
        """The map from the graph's scores to those of finds."""
        return read_map(self.calibration.get("map", {}))

    @property
    def offered(self) -> tuple[str, ...]:
        """The precisions in which some engine may run it."""
        allowed = {name for names in self.precisions.values() for name in names}
        return tuple(name for name in PRECISIONS if name in allowed)

    @property
    def precision(self) -> str:
        """The precision that it is meant to run in: bfloat16, if that passed, unless it says."""
        return self.meant or ("bfloat16" if "bfloat16" in self.offered else "float32")

    @property
    def graph(self) -> Path:
        """The path of the ONNX graph in float32."""
        return self.path / GRAPH

    def threshold_for(self, precision: str) -> float:
        """Give the lowest score that counts as a find by default in a precision."""
        return self.thresholds.get(precision, self.threshold)

    def graph_for(self, precision: str) -> Path:
        """Give the path of the graph that runs in a precision."""
        return self.path / EIGHT_BITS if precision == "int8" else self.graph


def default_bundle() -> Path:
    """Give the folder of the model that comes with blemish."""
    return Path(__file__).parent / "zoo" / "default"


def surfaces_start() -> Path:
    """Give the folder of the weights to start from on pictures that are no wafers.

    They fit the net of `default_bundle`, and are not for finding as they are.
    """
    return Path(__file__).parent / "zoo" / "surfaces"


def is_bundle(path: Path) -> bool:
    """Tell whether a folder is meant as a bundle."""
    return (path / ABOUT).is_file()


def bundle_hash(bundle: Bundle) -> str:
    """Give a SHA-256 that stands for the whole bundle, wherever it lies."""
    return hashlib.sha256(_to_text(bundle).encode()).hexdigest()


def read_bundle(path: Path) -> Bundle:
    """Read a bundle and check that every file is there and unchanged.

    Raises:
        BundleError: the folder is no bundle, of another format, or damaged.
    """
    about = path / ABOUT
    try:
        facts = json.loads(about.read_text(encoding="utf-8"))
    except OSError as error:
        raise BundleError(
            f"{path}: no model bundle here ({ABOUT}: {error.strerror}); "
            "give the folder that `blemish export` wrote"
        ) from error
    except (ValueError, RecursionError) as error:
        raise BundleError(f"{about}: not valid JSON ({error}); export the bundle again") from error
    bundle = _from_facts(path, facts)
    _check_files(bundle)
    return bundle


def write_bundle(bundle: Bundle, sources: Mapping[str, Path | bytes]) -> Bundle:
    """Write a bundle to `bundle.path` in one step and give it back with its file hashes.

    Args:
        bundle: what to write; its `files` are worked out here. A bundle that already stands at
            its path is replaced.
        sources: the content of each file, or a path to copy it from, by its name in the bundle.

    Raises:
        BundleError: a graph is missing, the path is taken by something else, or the disk
            refuses.
    """
    if GRAPH not in sources:
        raise BundleError(f"{bundle.path}: a bundle needs a {GRAPH}")
    if "int8" in bundle.offered and EIGHT_BITS not in sources:
        raise BundleError(f"{bundle.path}: a bundle for int8 needs a {EIGHT_BITS}")
    place = bundle.path
    if place.exists() and not (place / ABOUT).is_file() and not _is_empty_folder(place):
        raise BundleError(f"{place}: exists and is no model bundle; choose another folder")
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        build = Path(tempfile.mkdtemp(prefix=f".{place.name}-", dir=place.parent))
        try:
            written = _fill(build, bundle, sources)
            _swap_in(build, place)
        finally:
            shutil.rmtree(build, ignore_errors=True)
    except OSError as error:
        raise BundleError(f"{place}: cannot write the bundle ({error.strerror})") from error
    return written


def _fill(build: Path, bundle: Bundle, sources: Mapping[str, Path | bytes]) -> Bundle:
    for name, source in sources.items():
        if isinstance(source, bytes):
            (build / name).write_bytes(source)
        else:
            shutil.copyfile(source, build / name)
    build.chmod(0o755)  # mkdtemp makes a folder that nobody else can read
    written = replace(bundle, files={name: _file_hash(build / name) for name in sorted(sources)})
    (build / ABOUT).write_text(_to_text(written), encoding="utf-8", newline="\n")
    return written


def _swap_in(build: Path, place: Path) -> None:
    """Put the built folder in place; a folder that stands there is moved away first."""
    if not place.exists():
        build.replace(place)
        return
    old = Path(tempfile.mkdtemp(prefix=f".{place.name}-old-", dir=place.parent))
    place.replace(old / place.name)
    build.replace(place)
    shutil.rmtree(old, ignore_errors=True)


def _to_text(bundle: Bundle) -> str:
    facts = asdict(bundle)
    del facts["path"]
    for name in ("calibration", "meant", "quality", "thresholds"):
        if not facts[name]:  # so that a bundle without it keeps its hash
            del facts[name]
    return json.dumps({"format": FORMAT} | facts, indent=2, ensure_ascii=False) + "\n"


def _from_facts(path: Path, facts: Any) -> Bundle:
    about = path / ABOUT
    _check_format(about, facts)
    # Which the first bundles do not know:
    facts = {"long_side": None, "region": "auto", "calibration": {}} | facts
    facts = {"meant": None, "quality": {}, "thresholds": {}} | facts
    names = {item.name for item in fields(Bundle)} - {"path"}
    if missing := sorted(names - set(facts)):
        raise BundleError(f"{about}: lacks {', '.join(missing)}; export the bundle again")
    known = {name: facts[name] for name in names}
    try:
        check_kinds(known)
        known["classes"] = tuple(str(name) for name in known["classes"])
        known["precisions"] = {key: tuple(value) for key, value in known["precisions"].items()}
        if known["wafer_range"] is not None:
            low, high = known["wafer_range"]
            known["wafer_range"] = (float(low), float(high))
        bundle = Bundle(path=path, **known)
        check_values(bundle)
        _ = bundle.score_map
    except (TypeError, ValueError) as error:
        raise BundleError(f"{about}: {error}; export the bundle again") from error
    return bundle


def _check_format(about: Path, facts: Any) -> None:
    found = facts.get("format") if isinstance(facts, dict) else None
    if isinstance(found, int) and found > FORMAT:
        raise BundleError(
            f"{about}: of format {found}, made by a newer version of blemish "
            f"({str(facts.get('blemish'))[:20]}); this one, {__version__}, reads format {FORMAT}: "
            "pip install --upgrade blemish"
        )
    if found != FORMAT or isinstance(found, bool):
        raise BundleError(
            f"{about}: format {found!r} is not one this version of blemish reads ({FORMAT}); "
            "export the bundle again"
        )


def _check_files(bundle: Bundle) -> None:
    if GRAPH not in bundle.files:
        raise BundleError(f"{bundle.path / ABOUT}: lists no {GRAPH}; export the bundle again")
    for name, expected in bundle.files.items():
        file = bundle.path / name
        if Path(name).name != name:
            raise BundleError(f"{bundle.path / ABOUT}: {name!r} is no file name")
        try:
            found = _file_hash(file)
        except OSError as error:
            raise BundleError(
                f"{file}: cannot be read ({error.strerror}); copy the bundle again"
            ) from error
        if found != expected:
            raise BundleError(
                f"{file}: damaged (its SHA-256 is not the one in {ABOUT}); copy the bundle again"
            )


def _file_hash(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _is_empty_folder(path: Path) -> bool:
    return path.is_dir() and not any(path.iterdir())
