"""A learning rate that falls where the loss no longer does."""

import math
from dataclasses import asdict, dataclass
from typing import Self

FACTOR = 0.1
LEAST_FALL = 1e-4  # of the loss; less is none


@dataclass
class Plateau:
    """What Keras 2.3's ReduceLROnPlateau does with the mean training loss of each epoch.

    Attributes:
        patience: epochs without a lower loss after which the rate is a tenth; 0 for never.
        share: of the rate that is left.
        best: lowest mean loss of an epoch.
        waited: epochs since.
        total: loss of this epoch's steps together.
        count: how many these are.
    """

    patience: int = 0
    share: float = 1.0
    best: float = math.inf
    waited: int = 0
    total: float = 0.0
    count: int = 0

    def note(self, loss: float, is_last: bool) -> None:
        """Take note of a step's loss; the last step of an epoch decides on the next one's rate."""
        self.total += loss
        self.count += 1
        if not is_last:
            return
        mean, self.total, self.count = self.total / self.count, 0.0, 0
        if mean < self.best - LEAST_FALL:
            self.best, self.waited = mean, 0
            return
        self.waited += 1
        if self.patience and self.waited >= self.patience:
            self.share, self.waited = self.share * FACTOR, 0

    def state(self) -> dict[str, float]:
        """Give what a resumed run needs."""
        return asdict(self)

    @classmethod
    def restored(cls, state: dict[str, float]) -> Self:
        """Give it as it was when its state was taken."""
        return cls(**state)  # type: ignore[arg-type]
