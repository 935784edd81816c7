import pytest

from blemish.training.plateau import Plateau


def shares(losses: list[float], patience: int = 2) -> list[float]:
    """Give the share of the rate after each epoch of one step."""
    plateau = Plateau(patience)
    found = []
    for loss in losses:
        plateau.note(loss, is_last=True)
        found.append(plateau.share)
    return found


def test_two_epochs_without_a_lower_loss_cost_a_tenth_of_the_rate() -> None:
    assert shares([3, 2, 2, 2.1, 2.2, 2.3]) == pytest.approx([1, 1, 1, 0.1, 0.1, 0.01])


def test_a_lower_loss_starts_the_count_anew() -> None:
    assert shares([3, 3.1, 2, 2.1, 1, 1.1]) == [1] * 6


def test_a_fall_of_less_than_a_ten_thousandth_is_none() -> None:
    assert shares([1, 0.99995, 0.99991])[-1] == pytest.approx(0.1)
    assert shares([1, 0.9998, 0.9996])[-1] == 1


def test_the_mean_of_an_epoch_decides() -> None:
    plateau = Plateau(1)
    for loss, is_last in [(1, False), (3, True), (9, False), (-5.5, True)]:
        plateau.note(loss, is_last)
    assert (plateau.best, plateau.share, plateau.count) == (1.75, 1, 0)


def test_without_patience_the_rate_stays() -> None:
    assert shares([1] * 9, patience=0) == [1] * 9


def test_its_state_goes_on() -> None:
    plateau = Plateau(2)
    for loss in (2.0, 2.0):
        plateau.note(loss, is_last=True)
    plateau.note(5.0, is_last=False)
    again = Plateau.restored(plateau.state())
    assert again == plateau
    again.note(5.0, is_last=True)
    assert again.share == pytest.approx(0.1)
