import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import pytest

import blemish
from blemish.runtime.bundle import Bundle
from planted_bundle import blobs, planted_bundle
from planted_labels import lay_picture, voc
from planted_lots import write_run
from planted_wafers import ODD_KLARF, Wafer, draw

ENVIRONMENT = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "PYTHONIOENCODING": "utf-8"}
COMMAND = [sys.executable, "-m", "blemish"]


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return planted_bundle(tmp_path_factory.mktemp("model") / "planted")


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    for name, spots in (("a.png", [(40, 40)]), ("웨이퍼.png", [])):
        picture = cv2.imencode(".png", blobs(96, 80, spots))[1]
        (tmp_path / "photos").mkdir(exist_ok=True)
        (tmp_path / "photos" / name).write_bytes(picture.tobytes())
    return tmp_path / "photos"


def call(*words: object, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603
        [*COMMAND, *map(str, words)],
        capture_output=True,
        encoding="utf-8",
        env=ENVIRONMENT | environment,
        check=False,
    )


def find(photos: Path, bundle: Bundle, *words: object) -> subprocess.CompletedProcess[str]:
    fixed = ("--out", photos.parent / "out", "--model", bundle.path, "--engine", "onnxruntime")
    return call("find", photos, *fixed, *words)


def test_help_imports_nothing_heavy() -> None:
    script = """
import sys
sys.argv = ["blemish", "--help"]
from blemish.cli import main
try:
    main()
except SystemExit as end:
    assert end.code == 0
heavy = {"numpy", "cv2", "openvino", "onnxruntime", "torch", "rich", "tifffile"} & set(sys.modules)
assert not heavy, heavy
"""
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", script], env=ENVIRONMENT, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_every_verb_has_help() -> None:
    overview = call("--help").stdout
    verbs = ("find", "demo", "synth", "doctor", "prepare", "train", "export", "evaluate")
    for verb in (*verbs, "calibrate", "compare", "repeats"):
        assert f"  {verb} " in overview
        assert call(verb, "--help").returncode == 0


def test_version() -> None:
    assert call("--version").stdout == f"blemish {blemish.__version__}\n"


def test_find_prints_a_table_and_where_the_result_is(photos: Path, bundle: Bundle) -> None:
    done = find(photos, bundle)
    assert done.returncode == 0
    assert done.stderr == ""
    assert "웨이퍼.png" in done.stdout
    assert "2 pictures: 1 clean, 1 defective; 1 find" in done.stdout
    assert str(photos.parent / "out") in done.stdout.replace("\n", "")


def test_report_writes_the_page_anew(photos: Path, bundle: Bundle) -> None:
    out = photos.parent / "out"
    find(photos, bundle)
    (out / "report.html").unlink()
    done = call("report", out, "--lang", "ko")
    assert done.returncode == 0
    assert str(out / "report.html") in done.stdout.replace("\n", "")
    assert '<html lang="ko">' in (out / "report.html").read_text(encoding="utf-8")
    done = call("report", photos)
    assert done.returncode == 2
    assert "no result there" in done.stderr


def test_json_is_all_that_is_printed(photos: Path, bundle: Bundle) -> None:
    result = json.loads(find(photos, bundle, "--json").stdout)
    assert [image["num_finds"] for image in result["images"]] == [1, 0]
    assert result["run"]["engine"] == "onnxruntime"


def test_fail_on_find(photos: Path, bundle: Bundle) -> None:
    assert find(photos, bundle, "--fail-on-find").returncode == 10
    assert find(photos, bundle, "--fail-on-find", "--overwrite", "--min-score", 1).returncode == 0


def test_a_broken_picture_is_said_once_and_wins_over_finds(photos: Path, bundle: Bundle) -> None:
    (photos / "zero.png").write_bytes(b"")
    done = find(photos, bundle, "--fail-on-find")
    assert done.returncode == 3
    assert done.stderr.count("zero.png") == 1
    assert len(done.stderr.splitlines()) == 1


def test_a_name_that_looks_like_markup_is_printed_as_it_is(photos: Path, bundle: Bundle) -> None:
    (photos / "[bold] lot.png").write_bytes(b"")
    done = find(photos, bundle)
    assert "[bold] lot.png" in done.stdout
    assert "[bold] lot.png" in done.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--region", "disc"), "disc"),
        (("--scale", "big"), "big"),
        (("--engine", "cuda"), "cuda"),
        (("--precision", "int4"), "int4"),
        (("--pictures", "some"), "some"),
        (("--range", "5"), "LO,HI"),
        (("--range", "9,5"), "range"),
        (("--min-score", "7"), "min-score"),
        (("--threads", "-1"), "threads"),
        (("--threads", "9999999999999"), "threads"),
        (("--range", "0,inf"), "rising"),
        (("--nonsense",), "nonsense"),
    ],
)
def test_usage_errors_are_said_and_exit_with_2(
    photos: Path, bundle: Bundle, words: tuple[str, ...], said: str
) -> None:
    done = find(photos, bundle, *words)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert not (photos.parent / "out").exists()


def test_a_second_run_needs_overwrite(photos: Path, bundle: Bundle) -> None:
    assert find(photos, bundle).returncode == 0
    again = find(photos, bundle)
    assert again.returncode == 2
    assert len(again.stderr.splitlines()) == 1
    assert find(photos, bundle, "--overwrite").returncode == 0


def test_debug_shows_where(photos: Path, tmp_path: Path) -> None:
    words = ("find", photos, "--out", tmp_path / "out", "--model", tmp_path)
    plain, debug = call(*words), call(*words, "--debug")
    assert plain.returncode == 2
    assert len(plain.stderr.splitlines()) == 1
    assert debug.returncode == 2
    assert "Traceback" in debug.stderr


def test_a_terminal_that_knows_no_korean_does_not_end_the_run(photos: Path, bundle: Bundle) -> None:
    out = photos.parent / "out"
    words = ("find", photos, "--out", out, "--model", bundle.path, "--engine", "onnxruntime")
    assert call(*words, PYTHONIOENCODING="ascii", PYTHONUTF8="0").returncode == 0


def test_a_reader_that_left_is_no_fault(photos: Path, bundle: Bundle) -> None:
    words = ["find", photos, "--out", photos.parent / "out", "--model", bundle.path, "--json"]
    running = subprocess.Popen(  # noqa: S603
        [*COMMAND, *map(str, words)],
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert running.stdout is not None
    running.stdout.close()
    assert running.stderr is not None
    assert running.stderr.read() == b""
    running.stderr.close()
    assert running.wait(timeout=60) == 1
    assert (photos.parent / "out" / "finds.csv").exists()


@pytest.fixture
def heard() -> Iterator[None]:
    """Let processes hear Ctrl-C, also where the tests run in the background of a shell."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.skipif(sys.platform == "win32", reason="SIGINT cannot be sent to one process there")
@pytest.mark.usefixtures("heard")
def test_ctrl_c_keeps_what_is_complete(photos: Path, bundle: Bundle) -> None:
    picture = (photos / "a.png").read_bytes()
    for number in range(2000):
        (photos / f"b{number}.png").write_bytes(picture)
    out = photos.parent / "out"
    words = ["find", photos, "--out", out, "--model", bundle.path, "--engine", "onnxruntime"]
    running = subprocess.Popen(  # noqa: S603
        [*COMMAND, *map(str, words)],
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    until = time.monotonic() + 30
    while time.monotonic() < until and len(list(out.glob("pictures/*.jpg"))) < 3:
        time.sleep(0.02)
    running.send_signal(signal.SIGINT)
    said, errors = running.communicate(timeout=30)
    assert running.returncode == 130, errors
    assert b"Traceback" not in errors
    assert b"Interrupted" in said
    rows = (out / "images.csv").read_text(encoding="utf-8-sig").splitlines()[1:]
    assert 1 <= len(rows) < 2002
    assert all(",clean," in row or ",defective," in row for row in rows)
    assert json.loads((out / "run.json").read_text(encoding="utf-8"))["complete"] is False
    assert [name.name for name in out.rglob("*.part")] == []


def evaluate(photos: Path, bundle: Bundle, *words: object) -> subprocess.CompletedProcess[str]:
    table = photos / "labels.csv"
    table.write_text("a.png,26,26,54,54,bright\n웨이퍼.png,,,,,\n", encoding="utf-8")
    fixed = ("--out", photos.parent / "out", "--engine", "onnxruntime", "--threads", 1)
    return call("evaluate", bundle.path, table, *fixed, *words)


def test_evaluate_prints_the_numbers_and_where_they_are(photos: Path, bundle: Bundle) -> None:
    done = evaluate(photos, bundle, "--split", "all")
    assert done.returncode == 0
    assert done.stderr == ""
    lines = done.stdout.splitlines()
    assert "1 instances of class bright with average precision: 1.0000" in lines
    assert "mAP: 1.0000" in lines
    assert any(line.split() == ["bright", "1", *["1.000"] * 3, "0.000"] for line in lines)
    assert str(photos.parent / "out" / "scores.json") in done.stdout
    again = evaluate(photos, bundle, "--split", "all")
    assert again.returncode == 2
    assert len(again.stderr.splitlines()) == 1


def test_evaluate_names_a_broken_picture_once_and_exits_with_3(
    photos: Path, bundle: Bundle
) -> None:
    (photos / "웨이퍼.png").write_bytes(b"")
    done = evaluate(photos, bundle, "--split", "all", "--pictures", "none")
    assert done.returncode == 3
    assert done.stderr.count("웨이퍼.png") == 1
    assert "mAP: 1.0000" in done.stdout


def test_evaluate_takes_the_model_in_the_box_by_its_name(photos: Path, bundle: Bundle) -> None:
    words = ("--out", photos.parent / "out", "--split", "all")
    done = call("evaluate", "default", photos, *words)
    assert done.returncode == 2  # there are no labels, but there is a model
    assert "no labels" in done.stderr


def test_calibrate_and_compare_say_what_they_found(photos: Path, bundle: Bundle) -> None:
    table, new = photos / "labels.csv", photos.parent / "new"
    table.write_text("a.png,26,26,54,54,bright\n웨이퍼.png,,,,,\n", encoding="utf-8")
    view = ("--split", "all", "--engine", "onnxruntime", "--threads", 1)
    done = call("calibrate", bundle.path, table, "--min-recall", 1, "--out", new, *view)
    assert (done.returncode, done.stderr) == (0, "")
    assert "Labels hit there: 1 of 1, recall 1.000" in done.stdout
    assert "at most 95.00% of such defects are missed, 95 % sure (rule of three" in done.stdout
    assert f"blemish find PICTURES --model {new}" in done.stdout.replace("\n", "")
    both = call("calibrate", bundle.path, table, "--min-recall", 1, "--max-false-per-image", 1,
                "--out", new, *view)  # fmt: skip
    assert (both.returncode, len(both.stderr.splitlines())) == (2, 1)
    words = ("compare", bundle.path, new, "--data", table, *view)
    done = call(*words)
    assert (done.returncode, done.stderr) == (0, "")
    assert "1 found by both, 0 by A alone" in done.stdout
    assert "50.0%" in done.stdout
    done = call(*words, "--out", photos.parent / "compared")
    assert str(photos.parent / "compared" / "differences.csv") in done.stdout.replace("\n", "")


def test_doctor_says_whether_data_is_fit(tmp_path: Path) -> None:
    lay_picture(tmp_path / "결함.png", seed=1)
    label = tmp_path / "결함.xml"
    label.write_text(voc((5, 5, 20, 20), (9, 9, 9, 9)), encoding="utf-8")
    bad = call("doctor", tmp_path, "--out", tmp_path / "report.csv", "--labels", "voc")
    assert (bad.returncode, bad.stderr) == (4, "")
    assert "object 2" in bad.stdout
    assert "Not fit for training (1 broken, 0 mended, 0 to look at)." in bad.stdout
    assert "no-inside" in (tmp_path / "report.csv").read_text(encoding="utf-8-sig")
    asked = call("doctor", tmp_path, "--json")
    assert asked.returncode == 4
    assert json.loads(asked.stdout)["problems"][0]["kind"] == "no-inside"


def test_prepare_makes_a_set_that_the_doctor_finds_fit(tmp_path: Path) -> None:
    for index in range(5):
        lay_picture(tmp_path / "data" / f"결함{index}.png", seed=index)
        label = tmp_path / "data" / f"결함{index}.xml"
        label.write_text(voc((5, 5, 20, 20), (9, 9, 9, 9)), encoding="utf-8")
    made = call("prepare", tmp_path / "data", "--out", tmp_path / "plain", "--size", 180)
    assert (made.returncode, made.stderr) == (0, "")
    assert "train 4, val 1 pictures" in made.stdout
    assert "5 left out: see" in made.stdout
    fit = call("doctor", tmp_path / "plain")
    assert (fit.returncode, fit.stderr) == (0, "")
    assert "Fit for training (0 broken, 0 mended, 0 to look at)." in fit.stdout


def test_find_tells_millimetres_and_klarf_shows_them(tmp_path: Path, bundle: Bundle) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    picture = cv2.imencode(".png", draw(Wafer(), spots=[(300, 300)]))[1]
    (photos / "w.png").write_bytes(picture.tobytes())
    words = ("--wafer-diameter", 150, "--min-score", 0.7, "--grid", "--write", "klarf,voc")
    found = find(photos, bundle, *words)
    assert found.returncode == 0, found.stderr
    assert "Written: " in found.stdout
    shown = call("klarf", tmp_path / "out" / "klarf" / "w.klarf")
    assert shown.returncode == 0, shown.stderr
    assert "150 mm" in shown.stdout
    as_json = json.loads(call("klarf", tmp_path / "out" / "klarf" / "w.klarf", "--json").stdout)
    (find_,) = as_json["wafers"][0]["finds"]
    assert find_["x_mm"] == pytest.approx(0, abs=1)
    assert find_["y_mm"] == pytest.approx(-1.2, abs=1)


def test_klarf_of_others_and_damaged(tmp_path: Path) -> None:
    path = tmp_path / "odd.klarf"
    path.write_text(ODD_KLARF.replace("dirt", "d\xe9bris"), encoding="latin-1")
    shown = call("klarf", path, PYTHONIOENCODING="ascii")
    assert shown.returncode == 0, shown.stderr
    assert "scratch" in shown.stdout
    assert json.loads(call("klarf", path, "--json").stdout)["wafers"][1]["wafer"] == "B"
    path.write_text(ODD_KLARF[:400])
    refused = call("klarf", path)
    assert refused.returncode == 2
    assert "odd.klarf, line" in refused.stderr
    assert refused.stdout == ""


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (("--wafer-diameter", "6"), "if it is inches, write 150"),
        (("--grid",), "--grid needs --wafer-diameter"),
        (("--write", "klarf"), "--write klarf needs --wafer-diameter"),
        (("--write", "voc", "--ray", "local"), "--write: only tables are written with --ray"),
        (("--grid", "--wafer-diameter", "150", "--ray", "local"), "--grid: only tables are"),
    ],
)
def test_what_wafers_lack_is_said(
    photos: Path, bundle: Bundle, words: tuple[str, ...], what: str
) -> None:
    refused = find(photos, bundle, *words)
    assert refused.returncode == 2
    assert what in " ".join(refused.stderr.split())
    assert not (photos.parent / "out").exists()


def test_repeats_are_shown_and_a_wrong_table_is_one_line(tmp_path: Path) -> None:
    wafers = [(f"웨이퍼[bold]{at}.png", [(30.0 + at / 10, 20.0)]) for at in range(6)]
    found = write_run(tmp_path / "found", wafers)
    done = call("repeats", found, "--out", tmp_path / "out")
    assert done.returncode == 0
    assert "6 wafers (0 without finds), 6 finds; 1 place comes back" in done.stdout
    assert "6 of 6" in done.stdout
    result = json.loads(call("repeats", found, "--out", tmp_path / "b", "--json").stdout)
    assert result["repeats"][0]["wafers"][0] == "웨이퍼[bold]0.png"
    assert result["complete"]
    (found / "finds.csv").write_text("image,x1,y1,x2,y2\n", encoding="utf-8")
    done = call("repeats", found, "--out", tmp_path / "c")
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert "--wafer-diameter" in done.stderr


@pytest.mark.parametrize(("flags", "shown"), [((), False), (("-W", "default"), True)])
def test_warnings_for_developers_reach_no_user(flags: tuple[str, ...], shown: bool) -> None:
    code = """
import warnings, blemish.cli
blemish.cli.app = lambda: warnings.warn("invalid value encountered in matmul", RuntimeWarning)
blemish.cli.main()
"""
    result = subprocess.run(  # noqa: S603
        [sys.executable, *flags, "-c", code], capture_output=True, env=ENVIRONMENT, check=True
    )
    assert (b"matmul" in result.stderr) is shown
