import math

import numpy as np
import pytest

from blemish.core.defects import Defects
from blemish.core.exact import rate_bound, share_bound
from blemish.core.matching import match_centre
from blemish.core.metrics import above, count_hits
from blemish.core.promise import MAX_FALSE, MIN_RECALL, Promise, PromiseError, keep_promise

BOX, FAR = [0, 0, 10, 10], [50, 50, 60, 60]


def picture(*scored):
    """A true box and finds: (score, whether it lies on the box)."""
    found = Defects.of([BOX if on else FAR for _, on in scored], None, [s for s, _ in scored])
    return found, Defects.of([BOX]), np.zeros(1, bool)


def draw_pictures(seed, number=40, steps=50):
    """Pictures with a mark each; scores often equal."""
    rng = np.random.default_rng(seed)
    pictures = []
    for _ in range(number):
        finds = [(rng.integers(1, steps) / steps, False) for _ in range(rng.integers(0, 3))]
        if rng.random() < 0.95:
            finds.append((max(rng.integers(1, steps, 2)) / steps, True))
        pictures.append(picture(*finds))
    return pictures


def slow_counts(pictures, threshold):
    counts = count_hits([above(one, threshold) for one in pictures], match_centre)
    return counts.num_true - counts.num_hits, counts.num_false


@pytest.mark.parametrize("sure", [False, True])
@pytest.mark.parametrize("limit", [0.0, 0.5, 0.7])
def test_the_threshold_is_the_highest_that_keeps_the_recall(limit, sure):
    for seed in range(6):
        pictures = draw_pictures(seed)
        kept = keep_promise(pictures, Promise(MIN_RECALL, limit, sure))
        assert (kept.num_missed, kept.num_false) == slow_counts(pictures, kept.threshold)

        def keeps(threshold, pictures=pictures):
            missed, _ = slow_counts(pictures, threshold)
            rate = share_bound(missed, 40) if sure else missed / 40
            return 1 - rate >= limit - 1e-12

        scores = {float(score) for found, _, _ in pictures for score in found.scores}
        assert keeps(kept.threshold)
        assert not any(keeps(score) for score in scores if score > kept.threshold)


@pytest.mark.parametrize("sure", [False, True])
@pytest.mark.parametrize("limit", [0.1, 0.35, 1.0, 9.0])
def test_the_threshold_is_the_lowest_that_keeps_false_finds_rare(limit, sure):
    for seed in range(6):
        pictures = draw_pictures(seed)
        kept = keep_promise(pictures, Promise(MAX_FALSE, limit, sure))
        assert (kept.num_missed, kept.num_false) == slow_counts(pictures, kept.threshold)
        assert (kept.false_bound if sure else kept.false_per_picture) <= limit + 1e-9
        scores = {float(score) for found, _, _ in pictures for score in found.scores}
        for score in scores:
            if score < kept.threshold:
                _, num_false = slow_counts(pictures, score)
                assert (rate_bound(num_false, 40) if sure else num_false / 40) > limit


def test_the_bound_holds_for_the_threshold_that_was_chosen_on_the_same_defects():
    """Scores are even from 0 to 1, so the true miss rate at a threshold is the threshold."""
    rng = np.random.default_rng(0)
    for promise in (Promise(MIN_RECALL, 0.9), Promise(MIN_RECALL, 0.9, sure=True)):
        rounds, exceeded, broken = 300, 0, 0
        for _ in range(rounds):
            kept = keep_promise([picture((s, True)) for s in rng.random(60)], promise)
            exceeded += kept.threshold > kept.miss_bound
            broken += kept.threshold > 0.1
        # 5 % of 300 are 15, give or take 3.8.
        assert 4 <= exceeded <= 27
        assert broken <= 27 if promise.sure else broken > 60


def test_what_the_data_cannot_support_is_said_with_what_would():
    found = [picture((0.9, True))] * 40
    with pytest.raises(PromiseError, match=r"40 labelled defects cannot .* 7\.22% .* at least 59 "):
        keep_promise(found, Promise(MIN_RECALL, 0.95, sure=True))
    assert keep_promise(found * 2, Promise(MIN_RECALL, 0.95, sure=True)).num_missed == 0
    with pytest.raises(PromiseError, match="no number is enough"):
        keep_promise(found, Promise(MIN_RECALL, 1.0, sure=True))
    with pytest.raises(PromiseError, match=r"20 pictures cannot .* 0\.15 .* at least 30 pictures"):
        keep_promise(found[:20], Promise(MAX_FALSE, 0.1, sure=True))
    assert keep_promise(found[:30], Promise(MAX_FALSE, 0.1, sure=True)).num_false == 0
    with pytest.raises(PromiseError, match=r"of 2 labelled defects 1 are found .* needs 2;"):
        keep_promise([picture((0.9, True)), picture()], Promise(MIN_RECALL, 0.8))
    clean = (Defects.none(), Defects.none(), np.zeros(0, bool))
    rare = [picture((0.9, True))] * 86 + [picture()]
    with pytest.raises(PromiseError, match=r"86 are found .* 0\.95 with --sure needs 87; promise"):
        keep_promise(rare, Promise(MIN_RECALL, 0.95, sure=True))
    with pytest.raises(PromiseError, match="no labelled defect"):
        keep_promise([clean], Promise(MIN_RECALL, 0.8))
    with pytest.raises(PromiseError, match="no pictures"):
        keep_promise([], Promise(MAX_FALSE, 0.8))


def test_ends_of_the_range():
    pictures = [picture((0.8, False), (0.6, True)), picture((0.4, False), (0.2, True))]
    none = keep_promise(pictures, Promise(MAX_FALSE, 0))
    assert 0.8 < none.threshold < 0.8001
    assert (none.num_missed, none.num_false) == (2, 0)
    half = keep_promise(pictures, Promise(MAX_FALSE, 0.5))
    assert half.threshold == float(np.float32(0.6))
    every = keep_promise(pictures, Promise(MAX_FALSE, 5))
    assert (every.threshold, every.num_missed) == (float(np.float32(0.2)), 0)
    assert keep_promise([picture()], Promise(MAX_FALSE, 0.1)).threshold == 1
    assert keep_promise(pictures, Promise(MIN_RECALL, 1)).recall == 1
    clean = (Defects.none(), Defects.none(), np.zeros(0, bool))
    kept = keep_promise([clean], Promise(MAX_FALSE, 0.1))
    assert math.isnan(kept.recall)
    assert kept.miss_bound == 1
