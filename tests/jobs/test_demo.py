import json
from pathlib import Path

import cv2
import pytest

from blemish.errors import UsageError
from blemish.jobs import demo
from blemish.jobs.demo import demo_pictures, demo_run
from blemish.runtime import finder
from planted_bundle import blobs, planted_bundle


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put two pictures and a planted model where the package has its own."""
    folder = tmp_path / "runtime" / "zoo" / "demo"
    folder.mkdir(parents=True)
    for number in range(2):
        picture = cv2.imencode(".png", blobs(96, 96, [(40, 40)] * number))[1]
        (folder / f"wafer-{number}.png").write_bytes(picture.tobytes())
    bundle = planted_bundle(tmp_path / "model")
    monkeypatch.setattr(demo, "demo_pictures", lambda: folder)
    monkeypatch.setattr(finder, "default_bundle", lambda: bundle.path)
    return folder


def test_the_demo_takes_the_same_road(installed: Path, tmp_path: Path) -> None:
    report = demo_run(tmp_path / "out")
    assert [row.status for row in report.rows] == ["clean", "defective"]
    assert len(list((tmp_path / "out" / "pictures").iterdir())) == 2


def test_the_demo_replaces_an_earlier_demo(installed: Path, tmp_path: Path) -> None:
    demo_run(tmp_path / "out")
    demo_run(tmp_path / "out")


def test_the_demo_replaces_nothing_else(installed: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    demo_run(out)
    facts = json.loads((out / "run.json").read_text(encoding="utf-8"))
    for paths in (["photos"], ["a", "b"], 3):
        facts["settings"]["paths"] = paths
        (out / "run.json").write_text(json.dumps(facts))
        with pytest.raises(UsageError, match="not empty"):
            demo_run(out)


def test_a_package_without_pictures_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demo, "demo_pictures", lambda: tmp_path / "none")
    with pytest.raises(UsageError, match="install blemish again"):
        demo_run(tmp_path / "out")


def test_the_pictures_have_their_place_in_the_package() -> None:
    assert demo_pictures().parts[-4:] == ("blemish", "runtime", "zoo", "demo")
