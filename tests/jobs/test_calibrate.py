import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from blemish.core.exact import share_bound
from blemish.core.promise import MAX_FALSE, MIN_RECALL, Promise
from blemish.core.scoremaps import AsItIs, Platt
from blemish.errors import BundleError, UsageError
from blemish.jobs.calibrate import (
    CalibrateReport,
    CalibrateSettings,
    calibrate_run,
    deal_folds,
    describe,
    lowest_raw,
    promise_of,
)
from blemish.jobs.evaluate import EvaluateSettings, evaluate_run
from blemish.jobs.evaluate import describe as describe_scores
from blemish.jobs.scoring import Chosen, View
from blemish.runtime.bundle import Bundle, default_bundle, read_bundle
from blemish.runtime.finder import open_finder
from planted_bundle import planted_bundle
from planted_spots import put_steps

VIEW = View(engine="onnxruntime", threads=1)
Run = Callable[..., CalibrateReport]


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return planted_bundle(tmp_path_factory.mktemp("model") / "planted")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """24 pictures in 4 lots: marks are strong more often than what is no mark."""
    folder = tmp_path_factory.mktemp("data")
    rng = np.random.default_rng(0)
    for number in range(24):
        marks = [int(step) for step in rng.integers(30, 110, 2)]
        others = [int(step) for step in rng.integers(15, 60, int(number % 3 > 0))]
        put_steps(folder / f"lot{number % 4}" / f"p{number}.png", marks, others)
    return folder


@pytest.fixture
def run(bundle: Bundle, data: Path, tmp_path: Path) -> Run:
    base = CalibrateSettings(bundle.path, data, tmp_path / "new", chosen=Chosen("all"), view=VIEW)
    return lambda **changes: calibrate_run(replace(base, **changes))


def score(model: Path, data: Path, out: Path, **changes: object):  # type: ignore[no-untyped-def]
    settings = EvaluateSettings(model, data, out, "all", engine="onnxruntime", threads=1)
    return evaluate_run(replace(settings, pictures="none", **changes))  # type: ignore[arg-type]


@pytest.mark.parametrize("score_map", [None, "isotonic", "platt", "none"])
def test_find_keeps_what_was_promised(run: Run, data: Path, tmp_path: Path, score_map: str) -> None:
    report = run(map=score_map, promise=Promise(MIN_RECALL, 0.9))
    scores = score(tmp_path / "new", data, tmp_path / "out").scores
    counted = report.bundle.calibration["at_threshold"]
    centre = scores.overall.centre
    assert scores.threshold == report.bundle.threshold
    assert (counted["labels"], counted["missed"]) == (48, centre.num_true - centre.num_hits)
    assert counted["false"] == centre.num_false
    assert centre.recall >= 0.9
    assert counted["miss_bound"] == pytest.approx(share_bound(counted["missed"], 48), abs=1e-5)
    assert counted["recall_interval"][0] < counted["recall"] < counted["recall_interval"][1]
    # One find more would have to go before the recall falls below.
    assert centre.num_true - centre.num_hits == 4


def test_false_finds_are_as_rare_as_promised(run: Run, data: Path, tmp_path: Path) -> None:
    report = run(promise=Promise(MAX_FALSE, 0.1))
    centre = score(tmp_path / "new", data, tmp_path / "out").scores.overall.centre
    assert centre.num_false == report.bundle.calibration["at_threshold"]["false"] == 2
    strict = run(promise=Promise(MAX_FALSE, 0.15, sure=True))
    assert strict.bundle.threshold > report.bundle.threshold
    assert strict.bundle.calibration["at_threshold"]["false_interval"][1] > 0


@pytest.mark.parametrize("score_map", ["isotonic", "platt"])
def test_a_map_changes_scores_and_nothing_else(
    run: Run, bundle: Bundle, data: Path, tmp_path: Path, score_map: str
) -> None:
    report = run(map=score_map)
    before, after = (
        score(model, data, tmp_path / name)
        for model, name in ((bundle.path, "before"), (tmp_path / "new", "after"))
    )
    assert after.scores.overall.area == pytest.approx(before.scores.overall.area, abs=1e-9)
    assert after.scores.overall.centre == before.scores.overall.centre
    assert report.bundle.threshold != bundle.threshold
    error = report.bundle.calibration["error"]
    assert error["mapped"] < error["raw"]
    finders = [
        open_finder(path, 0.0, engine="onnxruntime") for path in (bundle.path, tmp_path / "new")
    ]
    picture = next(data.rglob("*.png"))
    raw, chances = (finder(picture) for finder in finders)
    np.testing.assert_array_equal(raw.boxes, chances.boxes)
    expected = report.bundle.score_map(raw.scores)
    np.testing.assert_allclose(chances.scores, expected, atol=1e-6)
    assert np.abs(raw.scores - chances.scores).max() > 0.01


def test_a_promise_holds_in_every_precision_and_a_map_carries_all_thresholds(
    run: Run, data: Path, tmp_path: Path
) -> None:
    thresholds = {"float32": 0.35, "bfloat16": 0.5}
    model = planted_bundle(tmp_path / "own", thresholds=thresholds)
    promised = run(model=model.path, promise=Promise(MIN_RECALL, 0.9)).bundle
    assert promised.thresholds == {}
    card = (promised.path / "README.md").read_text(encoding="utf-8")
    assert "## Thresholds" not in card
    mapped = run(model=model.path, map="platt").bundle
    for name, threshold in [*thresholds.items(), ("int8", model.threshold)]:
        raw = lowest_raw(mapped.score_map, mapped.threshold_for(name))
        assert raw == pytest.approx(threshold, abs=1e-5)
    card = (mapped.path / "README.md").read_text(encoding="utf-8")
    assert f"Threshold {mapped.thresholds['float32']:.4g}: kept as it was" in card
    assert card.count("## Thresholds") == 1
    same = open_finder(model.path, engine="onnxruntime")
    assert same.min_score == 0.35
    counted = mapped.calibration["at_threshold"]
    finds = [len(same(path)) for path in data.rglob("*.png")]
    assert sum(finds) == counted["labels"] - counted["missed"] + counted["false"]


def test_a_bundle_is_calibrated_anew_from_the_graphs_own_scores(
    run: Run, bundle: Bundle, tmp_path: Path
) -> None:
    once = run(map="platt", promise=Promise(MIN_RECALL, 0.9)).bundle
    new = tmp_path / "new"
    again = run(model=new, out=tmp_path / "second", map="platt", promise=Promise(MIN_RECALL, 0.9))
    assert again.bundle.calibration["map"] == once.calibration["map"]
    assert again.bundle.threshold == once.threshold
    kept = run(model=new, out=tmp_path / "third", promise=Promise(MAX_FALSE, 0.1)).bundle
    assert kept.calibration["map"] == once.calibration["map"]
    without = run(model=new, out=new, map="none").bundle  # over itself
    assert without.score_map == AsItIs()
    assert read_bundle(new) == without
    # The threshold goes back to the graph's scale with it.
    raw = lowest_raw(once.score_map, once.threshold)
    assert without.threshold == pytest.approx(raw, abs=1e-5)
    card = (new / "README.md").read_text(encoding="utf-8")
    assert card.count("## Calibration") == 1
    assert bundle.calibration == {}


def test_the_lowest_score_that_comes_to_a_chance() -> None:
    line = Platt(2.0, -1.0)
    raw = lowest_raw(line, 0.3)
    assert float(line(np.float32([raw]))[0]) == pytest.approx(0.3, abs=1e-5)
    assert lowest_raw(AsItIs(), 0.3) == pytest.approx(0.3, abs=1e-6)
    assert lowest_raw(Platt(0.1, -5.0), 0.9) == pytest.approx(1, abs=1e-9)


def test_the_words_say_what_so_many_labels_can_support(run: Run, tmp_path: Path) -> None:
    report = run(map="isotonic", promise=Promise(MIN_RECALL, 0.9))
    text = "\n".join(describe(report, tmp_path / "new"))
    bound = share_bound(4, 48)
    assert f"at most {bound:.2%} of such defects are missed, 95 % sure" in text
    assert "Labels hit there: 44 of 48, recall 0.917 (95 %: 0.8 to 0.977)" in text
    assert "by a map (isotonic" in text
    card = (tmp_path / "new" / "README.md").read_text(encoding="utf-8")
    assert "## Calibration" in card
    assert f"{bound:.2%}" in card
    assert str(tmp_path) not in card
    assert report.exit_code() == 0


def test_what_the_pictures_do_not_support_is_refused_and_nothing_is_written(
    run: Run, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match=r"48 labelled defects cannot .* at least 59 are needed"):
        run(promise=Promise(MIN_RECALL, 0.95, sure=True))
    with pytest.raises(UsageError, match=r"24 pictures cannot support 0\.1 .* at least 30"):
        run(promise=Promise(MAX_FALSE, 0.1, sure=True))
    assert list(tmp_path.iterdir()) == []


def test_evaluate_says_when_it_judges_on_the_pictures_that_were_calibrated_on(
    run: Run, data: Path, tmp_path: Path
) -> None:
    run(map="platt", chosen=Chosen("val"))
    used = read_bundle(tmp_path / "new").calibration["seen"]
    assert len(used) == 5
    every = describe_scores(score(tmp_path / "new", data, tmp_path / "all"))
    assert any("was chosen on 5 of these pictures" in line for line in every)
    other = describe_scores(score(tmp_path / "new", data, tmp_path / "train", part="train"))
    assert not any("was chosen on" in line for line in other)


def test_groups_of_pictures_are_counted_and_told(run: Run, tmp_path: Path) -> None:
    report = run(promise=Promise(MAX_FALSE, 0.2), chosen=Chosen("all", group=r"lot(\d)"))
    assert report.bundle.calibration["groups"] == 4
    assert "24 pictures in 4 groups" in describe(report, tmp_path)[0]


def test_folds_part_no_group() -> None:
    places = np.repeat(np.arange(11), 3)
    folds = deal_folds(places, np.random.default_rng(0))
    assert sorted(np.bincount(folds)) == [6, 6, 6, 6, 9]
    assert (folds.reshape(11, 3) == folds.reshape(11, 3)[:, :1]).all()


def test_a_picture_that_cannot_be_read_is_named_and_left_out(
    bundle: Bundle, tmp_path: Path
) -> None:
    for number in range(3):
        put_steps(tmp_path / "data" / f"p{number}.png", [80], [40])
    (tmp_path / "data" / "p1.png").write_bytes(b"")
    report = calibrate_run(
        CalibrateSettings(
            *(bundle.path, tmp_path / "data", tmp_path / "new", None, Promise(MAX_FALSE, 0.1)),
            *(Chosen("all"), VIEW),
        )
    )
    assert report.exit_code() == 3
    assert any("p1.png" in line for line in describe(report, tmp_path))
    assert report.bundle.calibration["at_threshold"]["pictures"] == 2


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "nothing to do"),
        ({"map": "spline"}, "'spline' is not one of isotonic, platt, none"),
        ({"map": "none", "chosen": Chosen("some")}, "--split 'some'"),
        ({"map": "none", "out": default_bundle()}, "is the model in the box"),
        ({"map": "none", "view": View(region="moon")}, "moon"),
        ({"map": "none", "view": View(value_range=(5, 1))}, "range"),
    ],
)
def test_wrong_settings_are_named(run: Run, changes: dict[str, object], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        run(**changes)


def test_two_promises_or_a_certainty_of_nothing_are_refused() -> None:
    assert promise_of(0.9, None, True) == Promise(MIN_RECALL, 0.9, sure=True)
    assert promise_of(None, 0.1, False) == Promise(MAX_FALSE, 0.1)
    assert promise_of(None, None, False) is None
    with pytest.raises(UsageError, match="one promise"):
        promise_of(0.9, 0.1, False)
    for recall, false in ((1.5, None), (float("nan"), None), (None, -1), (None, float("inf"))):
        with pytest.raises(UsageError, match="is not from 0 to"):
            promise_of(recall, false, False)
    with pytest.raises(ValueError, match="'hope' is not one of"):
        Promise("hope", 0.5)
    with pytest.raises(UsageError, match="--sure of what"):
        promise_of(None, None, True)


def test_finds_that_are_all_hits_make_no_map(bundle: Bundle, tmp_path: Path) -> None:
    put_steps(tmp_path / "data" / "clean.png", [], [])
    settings = CalibrateSettings(
        *(bundle.path, tmp_path / "data", tmp_path / "new", "isotonic", None, Chosen("all"), VIEW)
    )
    with pytest.raises(UsageError, match=r"data: 0 hits and \d+ false finds: a map needs both"):
        calibrate_run(settings)


def test_a_folder_of_something_else_is_not_replaced(run: Run, tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "a.png").write_bytes(b"a")
    with pytest.raises(BundleError, match="no model bundle"):
        run(map="none")
    assert json.dumps([path.name for path in (tmp_path / "new").iterdir()]) == '["a.png"]'
