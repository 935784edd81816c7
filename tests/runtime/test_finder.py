from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import blemish
from blemish.core.boxes import box_centres
from blemish.core.scoremaps import Platt
from blemish.errors import BundleError, PictureError, UsageError
from blemish.runtime.bundle import Bundle
from blemish.runtime.finder import Finder, open_finder
from blemish.wafer.outline import Outline
from planted_bundle import blobs, planted_bundle


def a_disc(centre: tuple[float, float], diameter: float) -> Outline:
    """A round wafer without a flat."""
    return Outline(centre, (diameter / 2, diameter / 2), 0.0)


def with_disc(finder: Finder, disc: Outline | None, region: str = "auto") -> Finder:
    return replace(finder, region=region, outline_of=lambda pixels: disc)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return planted_bundle(tmp_path_factory.mktemp("model") / "planted")


@pytest.fixture(scope="module")
def finder(bundle: Bundle) -> Finder:
    return open_finder(bundle.path, region="whole", engine="onnxruntime", threads=1)


def centres(finder: Finder, pixels: NDArray[np.uint8]) -> set[tuple[int, int]]:
    """Give the centres of the finds in steps of the spots' raster of 20 px."""
    found = box_centres(finder(pixels).boxes)
    return {(round(float(x) / 20) * 20, round(float(y) / 20) * 20) for x, y in found}


def test_planted_spots_are_found_once_each(finder: Finder) -> None:
    spots = [(100, 100), (400, 260), (880, 880)]
    found = finder(blobs(900, 900, spots))
    assert len(found) == 3
    assert abs(np.sort(box_centres(found.boxes), 0) - np.sort(spots, 0)).max() <= 2
    assert (found.labels == 0).all()


def test_more_marks_than_a_window_has_candidates_are_all_found(finder: Finder) -> None:
    spots = [(40 + 100 * x, 40 + 100 * y) for x in range(9) for y in range(9)]
    assert len(spots) > finder.bundle.top_k
    found = finder(blobs(900, 900, spots))
    assert sorted(map(tuple, np.rint(box_centres(found.boxes) / 20) * 20)) == spots


def test_a_window_full_of_weak_candidates_is_not_looked_at_again(finder: Finder) -> None:
    sizes: list[tuple[int, ...]] = []

    def engine(windows: NDArray[np.uint8]) -> object:
        sizes.append(windows.shape[1:3])
        boxes, scores, labels = finder.engine(windows)
        return boxes, np.minimum(scores, 0.09), labels

    weak = replace(finder, engine=replace(finder.engine, run=engine), min_score=0.001)
    found = weak(
        blobs(900, 900, [(40 + 100 * x, 40 + 100 * y) for x in range(9) for y in range(9)])
    )
    assert len(found) > 0
    assert len(sizes) == 1


def test_nothing_found_is_empty(finder: Finder) -> None:
    assert len(finder(blobs(300, 200, []))) == 0


def test_classes_do_not_suppress_each_other(finder: Finder) -> None:
    pixels = blobs(128, 128, [(56, 64)])
    pixels[60:68, 60:68] = 0  # a dark spot beside the bright one: their boxes overlap
    assert sorted(set(finder(pixels).labels)) == [0, 1]


def test_finds_come_best_first(finder: Finder) -> None:
    pixels = np.maximum(blobs(256, 64, [(40, 32)], step=60), blobs(256, 64, [(200, 32)], step=110))
    scores = finder(pixels).scores
    assert len(scores) == 2
    assert scores[0] > scores[1]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    spots=st.lists(
        st.tuples(st.integers(1, 29), st.integers(1, 19)), min_size=1, max_size=12, unique=True
    )
)
def test_windows_do_not_change_the_answer(finder: Finder, spots: list[tuple[int, int]]) -> None:
    pixels = blobs(600, 400, [(20 * x, 20 * y) for x, y in spots])
    small = replace(finder, bundle=replace(finder.bundle, window=256, overlap=96))
    whole, tiled = finder(pixels), small(pixels)
    np.testing.assert_allclose(
        np.sort(np.column_stack([whole.boxes, whole.scores]), 0),
        np.sort(np.column_stack([tiled.boxes, tiled.scores]), 0),
        atol=1e-4,
    )


@pytest.mark.parametrize("size", [(1, 1), (1, 40), (20000, 3), (3, 5000), (31, 33)])
def test_any_size_has_an_answer(finder: Finder, size: tuple[int, int]) -> None:
    found = finder(np.full((size[1], size[0], 3), 128, np.uint8))
    assert len(found) == 0


def test_boxes_stay_inside_the_picture(finder: Finder) -> None:
    found = finder(blobs(100, 80, [(2, 2), (98, 78)]))
    assert len(found) == 2
    assert (found.boxes >= 0).all()
    assert (found.boxes <= [100, 80, 100, 80]).all()


def test_finds_outside_the_wafer_are_dropped_and_counted(finder: Finder) -> None:
    seen = with_disc(finder, a_disc((300, 300), 560)).look(blobs(600, 600, [(300, 300), (20, 20)]))
    assert len(seen.defects) == 1
    assert abs(seen.defects.boxes[0] - [286, 286, 314, 314]).max() <= 2
    assert (seen.num_outside, seen.scale, seen.note) == (1, 1.0, "")


def test_the_wafer_is_looked_at_and_hardly_more(finder: Finder) -> None:
    sizes: list[tuple[int, ...]] = []

    def engine(windows: NDArray[np.uint8]) -> object:
        sizes.append(windows.shape[1:3])
        return finder.engine(windows)

    watched = replace(finder, engine=engine)  # type: ignore[arg-type]
    picture = blobs(800, 900, [(420, 330), (300, 430)])
    whole = replace(watched, region="whole").look(picture)
    part = with_disc(watched, a_disc((400, 400), 600)).look(picture)
    assert len(part.defects) == len(whole.defects) == 2
    np.testing.assert_allclose(part.defects.boxes, whole.defects.boxes, atol=1e-3)
    assert sizes[1] == (640, 640)  # from 100 to 700 and a little, filled up to the stride


def test_the_whole_region_never_asks_for_an_outline(finder: Finder) -> None:
    def fail(pixels: NDArray[np.uint8]) -> None:
        raise AssertionError

    assert len(replace(finder, outline_of=fail)(blobs(64, 64, [(20, 20)]))) == 1


def test_what_auto_means_is_the_bundle_s_to_say(finder: Finder) -> None:
    picture = blobs(800, 800, [(420, 330), (20, 20)])  # the second lies outside the disc
    disc = a_disc((400, 400), 600)
    anywhere = replace(finder, bundle=replace(finder.bundle, region="whole"))
    assert len(with_disc(finder, disc).look(picture).defects) == 1
    assert len(with_disc(anywhere, disc).look(picture).defects) == 2
    assert len(with_disc(anywhere, disc, "wafer").look(picture).defects) == 1


def test_no_wafer_where_one_must_be_is_noted(finder: Finder) -> None:
    pixels = blobs(200, 200, [(60, 60)])
    assert with_disc(finder, None).look(pixels).note == ""
    seen = with_disc(finder, None, "wafer").look(pixels)
    assert len(seen.defects) == 1
    assert "no wafer" in seen.note


@pytest.mark.parametrize(("diameter", "scale"), [(700, 1.0), (1600, 0.5), (400, 2.0), (100, 4.0)])
def test_a_wafer_is_looked_at_in_the_size_the_model_knows(
    finder: Finder, diameter: float, scale: float
) -> None:
    asked: list[tuple[int, ...]] = []

    def engine(windows: NDArray[np.uint8]) -> object:
        asked.append(windows.shape)
        return finder.engine(windows)

    side = 320
    spot = blobs(side, side, [(160, 160)])
    spot = cv2.resize(spot[140:180, 140:180], None, fx=1 / scale, fy=1 / scale)
    pixels = blobs(side, side, [])
    half = spot.shape[0] // 2
    pixels[160 - half : 160 + half, 160 - half : 160 + half] = spot[: 2 * half, : 2 * half]
    scaled = with_disc(finder, a_disc((160, 160), diameter))
    seen = replace(scaled, engine=engine).look(pixels)  # type: ignore[arg-type]
    assert seen.scale == scale
    assert max(shape[1] for shape in asked) >= min(diameter * scale, side * scale)
    assert len(seen.defects) == 1
    assert abs(box_centres(seen.defects.boxes)[0] - 160).max() <= 4 / scale
    assert abs(seen.defects.boxes[0, 2] - seen.defects.boxes[0, 0] - 28 / scale) <= 0.5


def test_scales_are_obeyed(bundle: Bundle) -> None:
    pixels = blobs(200, 120, [])
    for scale, expected in [("native", 1.0), (2.5, 2.5), ("0.5", 0.5)]:
        opened = open_finder(bundle.path, scale=scale, engine="onnxruntime", threads=1)
        assert with_disc(opened, a_disc((60, 60), 5000)).look(pixels).scale == expected


@pytest.mark.parametrize("size", [(450, 300), (900, 600), (400, 1800)])
def test_a_long_side_that_the_model_knows_holds_for_every_picture(
    bundle: Bundle, size: tuple[int, int]
) -> None:
    engine = open_finder(bundle.path, threads=1).engine
    knowing = Finder(replace(bundle, long_side=900), engine, 0.3)
    scale = 900 / max(size)
    width, height = (round(side * scale) for side in size)
    spots = [(60, 100), (width - 60, height - 100)]
    pixels = cv2.resize(blobs(width, height, spots), size, interpolation=cv2.INTER_AREA)
    disc = a_disc((size[0] / 2, size[1] / 2), 2.0 * max(size))  # its size does not matter
    finding = with_disc(knowing, disc).look(pixels)
    assert finding.scale == pytest.approx(scale)
    found = box_centres(finding.defects.boxes) * scale
    assert abs(np.sort(found, 0) - np.sort(spots, 0)).max() <= 3
    assert replace(knowing, scale=1.0).look(pixels).scale == 1


def test_the_minimum_score_is_the_bundles_unless_given(bundle: Bundle) -> None:
    pixels = blobs(128, 128, [(60, 60)], step=40)
    counts = [
        len(open_finder(bundle.path, score, "whole", engine="onnxruntime")(pixels))
        for score in (None, 0.05, 1.0)
    ]
    assert counts == [1, 1, 0]
    assert open_finder(bundle.path, engine="onnxruntime").min_score == bundle.threshold


def test_a_precision_goes_by_its_own_threshold(tmp_path: Path) -> None:
    pytest.importorskip("openvino")
    own = {"float32": 0.35, "bfloat16": 0.5}
    path = planted_bundle(tmp_path / "own", thresholds=own).path

    def least(precision: str, min_score: float | None = None) -> float:
        return open_finder(path, min_score, engine="openvino", precision=precision).min_score

    assert least("float32") == 0.35
    assert least("float32", 0.2) == 0.2
    opened = open_finder(path, engine="openvino", precision="bfloat16")
    # That of what runs, where the processor lacks what was asked for.
    assert opened.min_score == own[opened.engine.precision]
    other = planted_bundle(tmp_path / "other", thresholds={"bfloat16": 0.5})
    assert open_finder(other.path, engine="onnxruntime").min_score == other.threshold


def test_a_map_of_the_bundle_makes_scores_chances(bundle: Bundle, finder: Finder) -> None:
    line = Platt(2.0, -1.5)
    mapped = replace(
        finder, bundle=replace(bundle, calibration={"map": line.facts()}), min_score=0.0
    )
    pixels = blobs(400, 300, [(100, 100), (300, 200)], step=40)
    pixels[196:204, 296:304] += 40
    raw, chances = replace(finder, min_score=0.0)(pixels), mapped(pixels)
    np.testing.assert_array_equal(raw.boxes, chances.boxes)
    np.testing.assert_allclose(chances.scores, line(raw.scores), rtol=1e-6)
    # The least score is one of the map's: the same find is kept by what it comes to.
    between = float(chances.scores[:2].mean())
    assert len(replace(mapped, min_score=between)(pixels)) == 1
    # What fills up a window stays out, whatever a score of 0 comes to.
    high = replace(bundle, calibration={"map": Platt(0.01, 5.0).facts()})
    assert len(replace(finder, bundle=high, min_score=0.5)(blobs(64, 64, []))) == 0


def test_no_filling_comes_through_at_the_lowest_score(bundle: Bundle) -> None:
    finder = open_finder(bundle.path, 0.0, "whole", engine="onnxruntime")
    assert len(finder(blobs(64, 64, []))) == 0


def test_engines_agree(bundle: Bundle) -> None:
    pixels = np.random.default_rng(3).integers(0, 256, (300, 260, 3), dtype=np.uint8)
    pixels = cv2.GaussianBlur(pixels, (0, 0), 2) * 3
    first, second = (
        open_finder(bundle.path, 0.02, "whole", engine=name, precision="float32", threads=1)(pixels)
        for name in ("onnxruntime", "openvino")
    )
    assert len(first) == len(second) > 20
    np.testing.assert_allclose(first.boxes, second.boxes, atol=1e-3)
    np.testing.assert_allclose(first.scores, second.scores, atol=1e-4)


def test_stream_gives_what_calls_give_and_reads_files(finder: Finder, tmp_path: Path) -> None:
    pictures = [blobs(96, 64, [(20 * k, 20)]) for k in range(1, 4)]
    path = tmp_path / "웨이퍼 1.png"
    path.write_bytes(cv2.imencode(".png", pictures[0][..., ::-1])[1].tobytes())
    streamed = list(finder.stream([*pictures, path, str(path)]))
    expected = [finder(picture) for picture in [*pictures, pictures[0], pictures[0]]]
    for now, then in zip(streamed, expected, strict=True):
        np.testing.assert_array_equal(now.boxes, then.boxes)
        np.testing.assert_array_equal(now.scores, then.scores)


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((4, 4), np.uint8),
        np.zeros((4, 4, 4), np.uint8),
        np.zeros((4, 4, 3), np.float32),
        np.zeros((0, 4, 3), np.uint8),
        None,
        [1, 2],
    ],
)
def test_other_arrays_are_refused(finder: Finder, image: object) -> None:
    with pytest.raises(PictureError, match="uint8 RGB"):
        finder(image)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "wish",
    [{"region": "disc"}, {"scale": "big"}, {"scale": 0}, {"scale": "nan"}, {"min_score": 1.5}],
)
def test_wrong_wishes_are_named(bundle: Bundle, wish: dict[str, object]) -> None:
    with pytest.raises(UsageError, match="|".join(wish).replace("min_", "")):
        open_finder(bundle.path, **wish)  # type: ignore[arg-type]


def test_the_package_gives_the_finder(bundle: Bundle, tmp_path: Path) -> None:
    assert isinstance(blemish.open_finder(bundle.path, engine="onnxruntime"), blemish.Finder)
    with pytest.raises(BundleError):
        blemish.open_finder(tmp_path)


def test_a_finder_does_not_change_the_callers_pixels(finder: Finder) -> None:
    pixels = blobs(96, 96, [(40, 40)])
    pixels.flags.writeable = False
    assert len(finder(pixels)) == 1
