"""What a precision must find to be offered, to the last digit."""

from dataclasses import replace

import pytest

from blemish.jobs.offering import EightBits, judge
from blemish.runtime.bundle import Bundle
from blemish.training.parity import Difference
from planted_bundle import planted_bundle

CLOSE = Difference(8, 20, 0.01, 0.1, 0, 0.05, 0.0, 0)
FAR = replace(CLOSE, flips=3)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return planted_bundle(tmp_path_factory.mktemp("model") / "planted", layers=True)


def quality(**ap50: float) -> dict[str, dict[str, float]]:
    rest = {"recall": 0.9, "false_per_picture": 0.1, "pictures": 40, "labels": 100}
    return {name: {"ap50": value, **rest} for name, value in ap50.items()}


@pytest.mark.parametrize(
    ("numbers", "difference", "onnxruntime", "openvino"),
    [
        (quality(float32=0.9, int8=0.895), CLOSE, "float32 int8", "float32 bfloat16 int8"),
        (quality(float32=0.9, int8=0.8949), CLOSE, "float32", "float32 bfloat16"),
        (quality(float32=0.9, int8=0.91), FAR, "float32 int8", "float32 bfloat16"),
        (quality(float32=0.9, int8=0.9, there=0.89), CLOSE, "float32 int8", "float32 bfloat16"),
        (
            quality(float32=0.9, bfloat16=0.89, int8=0.9),
            CLOSE,
            "float32 int8",
            "float32 int8",
        ),
    ],
)
def test_a_hair_too_much_is_too_much(
    bundle: Bundle,
    numbers: dict[str, dict[str, float]],
    difference: Difference,
    onnxruntime: str,
    openvino: str,
) -> None:
    there = numbers.get("there", numbers["int8"])["ap50"]  # with OpenVINO
    measured = {name: one for name, one in numbers.items() if name != "there"}
    eight = EightBits([], 2, {"openvino": difference}, {"openvino": there})
    after, refused = judge(bundle, measured, eight)
    assert after.precisions["onnxruntime"] == tuple(onnxruntime.split())
    assert after.precisions["openvino"] == tuple(openvino.split())
    everything = bundle.precisions["openvino"] + ("int8",)
    assert len(refused) == (after.precisions["openvino"] != everything)
