"""Whether two engines give the same finds for one model.

Finds are compared, not raw candidates: what a user would see differ is what counts. In eight bits
the scores are those of the candidates that a find had on either side: of boxes that compete for one
mark, nearly as good as each other, a hair decides which suppresses the others.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blemish.core.boxes import box_iou
from blemish.core.defects import Defects
from blemish.errors import EngineError, ParityError
from blemish.runtime.bundle import Bundle
from blemish.runtime.bundle_checks import PRECISIONS
from blemish.runtime.engines import ENGINES, Engine, open_engine
from blemish.runtime.finder import Finder
from blemish.runtime.windows import best_of_each
from blemish.training.augment import Pixels

LOWEST = 0.05  # finds under this score are not asked for
COMPARED = 0.1  # pairs from this score on are compared; well above the lowest, so that the
# partner of a find that is a little better was still asked for
SAME = 0.5  # IoU from which two finds are the same
USUAL = 0.95  # share of pairs whose boxes are as near as is usual
RARE = 1000  # pairs of which one box, and one of fewer, may be farther off than any may be


@dataclass(frozen=True)
class Tolerance:
    """How far finds may differ.

    Attributes:
        score: any pair's scores.
        box: any pair's box sides, in px, but for one in `RARE`.
        usual: box sides of the share `USUAL` of the pairs, in px.
        near: a score this near to the threshold may count for one and not for the other.
    """

    score: float
    box: float
    usual: float
    near: float


# Two float32 engines differ by the order in which they add: 7e-6 in scores and 2e-4 px in
# boxes were measured. A hundred times that is still nothing a user could see; a wrong
# operator, layout or rounding of pixels is far beyond it. Of 41,626 pairs one was 0.6 px off at
# scores alike to 2e-6: two cells were equally warm, and a hair decides which one's box is taken.
FLOAT32 = Tolerance(score=1e-3, box=0.1, usual=0.1, near=1e-3)
# bfloat16 keeps 8 bits. On 758 pairs 95 % of the scores moved by less than 0.016 and one by
# 0.056; 95 % of the boxes by less than 0.6 px. In the rest the peak fell on the next cell,
# nearly as warm, which has a box of its own: as good as the first, and up to 11 px away. That
# they overlap is asked of every pair anyway. Average precision changed by 0.0002.
BFLOAT16 = Tolerance(score=0.1, box=math.inf, usual=2.0, near=0.05)

# Two engines on one graph in eight bits: where a value lies between two steps either may be
# taken, and one may compute in bfloat16 what is left in float. On three sets of 80 pairs of the
# model in the box 95 % of the boxes were within 2.5 px, as far as each was from float32, and the
# scores within 0.07 to 0.097. What they find is worth the same: AP is asked of each engine, too.
INT8 = Tolerance(score=0.15, box=math.inf, usual=4.0, near=0.05)


@dataclass(frozen=True)
class Difference:
    """How two engines' finds on the same pictures differ.

    Attributes:
        pictures: how many pictures were looked at.
        pairs: finds that both have, with a score of at least `COMPARED` in one.
        score: largest difference of a pair's scores, or of a find's and its candidate's.
        box: largest difference of a pair's box sides in px.
        far: pairs whose boxes differ by more than the tolerance.
        usual: the difference in px that the share `USUAL` of the pairs does not exceed.
        unpaired: best score of a find that only one has; 0 if there is none.
        flips: finds that count for one and not for the other, unless both scores (or that of a
            find without a partner) are as near to the threshold as the tolerance.
    """

    pictures: int
    pairs: int
    score: float
    box: float
    far: int
    usual: float
    unpaired: float
    flips: int

    def within(self, tolerance: Tolerance) -> bool:
        """Say whether the difference is tolerable."""
        return (
            self.score <= tolerance.score
            and self.far <= max(1, self.pairs // RARE)
            and self.usual <= tolerance.usual
            and self.flips == 0
        )

    def __str__(self) -> str:
        """Give the numbers in words."""
        return (
            f"{self.pairs} pairs of finds on {self.pictures} pictures, scores differ by up to "
            f"{self.score:.2g}, boxes by {self.box:.2g} px ({self.far} by more than may be); the "
            f"best find without a partner scores {self.unpaired:.2f}, {self.flips} differ at the "
            "threshold"
        )


def compare(
    first: Sequence[Defects],
    second: Sequence[Defects],
    threshold: float,
    tolerance: Tolerance,
    seen: tuple[Sequence[Defects], Sequence[Defects]] | None = None,
) -> Difference:
    """Compare two engines' finds, one `Defects` a picture, asked for from `LOWEST` on.

    With all candidates of both, ``seen``, each find's score is held against that of the other's
    candidate most like it, suppressed or not. Without them pairs are compared.

    A find may lack a partner without a fault: where two boxes overlap by just the limit of
    suppression, a hair decides whether both stay. At the threshold that is a flip.
    """
    scores, boxes, alone = [0.0], [0.0], [0.0]
    pairs = flips = 0
    for ours, theirs in zip(first, second, strict=True):
        mine, yours = _pair(ours, theirs)
        both = np.stack((ours.scores[mine], theirs.scores[yours]))
        good = both.max(axis=0, initial=0) >= COMPARED
        pairs += int(good.sum())
        if seen is None:
            scores += np.abs(both[0] - both[1])[good].tolist()
        boxes += np.abs(ours.boxes[mine] - theirs.boxes[yours])[good].max(axis=1).tolist()
        single = [*np.delete(ours.scores, mine), *np.delete(theirs.scores, yours)]
        alone += [float(score) for score in single]
        flips += _flips(both, threshold, tolerance.near)
        flips += sum(float(score) >= threshold + tolerance.near for score in single)
    if seen is not None:
        for finds, candidates in ((first, seen[1]), (second, seen[0])):
            scores += [
                difference
                for found, others in zip(finds, candidates, strict=True)
                for difference in _from_candidates(found, others)
            ]
    usual = float(np.quantile(boxes, USUAL))
    far = sum(one > tolerance.box for one in boxes)
    return Difference(len(first), pairs, max(scores), max(boxes), far, usual, max(alone), flips)


def _from_candidates(found: Defects, others: Defects) -> list[float]:
    """Give how far each score from `COMPARED` on is from any candidate's of that label and box.

    One that has none counts whole. That the other side may hold a better one besides is seen when
    its finds are held against this side's.
    """
    found = found.take(found.scores >= COMPARED)
    if not len(found) or not len(others):
        return [float(score) for score in found.scores]
    overlaps = box_iou(found.boxes, others.boxes)
    overlaps[found.labels[:, None] != others.labels[None, :]] = 0
    apart = np.abs(found.scores[:, None] - others.scores[None, :])
    apart[overlaps < SAME] = np.inf
    return [float(one) for one in np.minimum(apart.min(axis=1), found.scores)]


def _pair(first: Defects, second: Defects) -> tuple[list[int], list[int]]:
    """Pair finds of one label, the best overlaps first; gives the rows of either."""
    overlaps = box_iou(first.boxes, second.boxes)
    overlaps[first.labels[:, None] != second.labels[None, :]] = 0
    rows: list[int] = []
    columns: list[int] = []
    while overlaps.size and overlaps.max() >= SAME:
        row, column = np.unravel_index(int(overlaps.argmax()), overlaps.shape)
        rows.append(int(row))
        columns.append(int(column))
        overlaps[row] = 0
        overlaps[:, column] = 0
    return rows, columns


def _flips(scores: NDArray[np.float32], threshold: float, near: float) -> int:
    """Count pairs (2, N) that the threshold parts and of which one is farther off than that."""
    parted = (scores >= threshold).sum(axis=0) == 1
    far = np.abs(scores - threshold).max(axis=0, initial=0) > near
    return int((parted & far).sum())


@dataclass(frozen=True)
class Gate:
    """Lets engines and precisions pass that find what the net itself finds.

    Attributes:
        bundle: the graph, not yet at its place.
        reference: what the net itself finds, a `Defects` a picture.
        pictures: (H, W, 3) uint8 each.
        threads: for the engines; 0 for all cores.
    """

    bundle: Bundle
    reference: Sequence[Defects]
    pictures: Sequence[Pixels]
    threads: int = 0

    def pass_float32(self) -> dict[str, Difference]:
        """Give the difference of each engine that is installed.

        Raises:
            ParityError: one of them finds something else than the net.
        """
        passed = {}
        for name in filter(find_spec, ENGINES):
            passed[name] = self._differ(name, "float32", COMPARED, FLOAT32)
            if not passed[name].within(FLOAT32):
                raise ParityError(
                    f"{name} does not find what the net finds ({passed[name]}; scores may differ "
                    f"by {FLOAT32.score:g}, boxes by {FLOAT32.box:g} px); nothing was written: "
                    "try another version of torch, onnx or the engine"
                )
        return passed

    def try_bfloat16(self, threshold: float) -> Difference | None:
        """Give OpenVINO's difference in bfloat16; None where it cannot run."""
        try:
            return self._differ("openvino", "bfloat16", threshold, BFLOAT16)
        except EngineError:
            return None

    def _differ(
        self, name: str, precision: str, threshold: float, tolerance: Tolerance
    ) -> Difference:
        asked = replace(self.bundle, precisions=dict.fromkeys(ENGINES, PRECISIONS))
        found = finds_of(asked, open_engine(asked, name, precision, self.threads), self.pictures)
        return compare(self.reference, found, threshold, tolerance)


def finds_of(bundle: Bundle, engine: Engine, pictures: Sequence[Pixels]) -> list[Defects]:
    """Give what an engine finds in whole pictures as they are, from `LOWEST` on."""
    finder = Finder(bundle, engine, LOWEST, "whole", 1.0)
    return [finder(pixels) for pixels in pictures]


def parity_facts(
    passed: Mapping[str, Difference], bfloat16: Difference | None
) -> tuple[dict[str, tuple[str, ...]], dict[str, Any]]:
    """Give the precisions each engine may run in, and the numbers behind that."""
    precisions: dict[str, tuple[str, ...]] = dict.fromkeys(passed, ("float32",))
    numbers: dict[str, Any] = {name: {"float32": rounded(d)} for name, d in passed.items()}
    if bfloat16 is not None:
        good = bfloat16.within(BFLOAT16)
        numbers["openvino"]["bfloat16"] = {"passed": good, **rounded(bfloat16)}
        if good:
            precisions["openvino"] = ("float32", "bfloat16")
    return precisions, numbers


def compare_engines(
    bundle: Bundle, precision: str, reference: str, pictures: Sequence[Pixels], threads: int = 0
) -> dict[str, Difference]:
    """Give how the finds of every other installed engine differ from one engine's."""

    def look(name: str) -> tuple[list[Defects], list[Defects]]:
        engine = open_engine(bundle, name, precision, threads)
        seen = finds_of(replace(bundle, nms_iou=1.0), engine, pictures)
        return [best_of_each(one, bundle.nms_iou) for one in seen], seen

    first, seen = look(reference)
    differences = {}
    for name in ENGINES:
        if name != reference and find_spec(name):
            second, also_seen = look(name)
            differences[name] = compare(first, second, bundle.threshold, INT8, (seen, also_seen))
    return differences


def rounded(difference: Difference) -> dict[str, float]:
    """Give the numbers as a bundle keeps them."""
    return {
        name: value if isinstance(value, int) else float(f"{value:.3g}")
        for name, value in asdict(difference).items()
    }
