"""Several processes that learn as one net, as `torchrun` starts them.

Each cuts its own crops; gradients are averaged before every step, so all hold the same weights.
The first process alone validates, logs and writes.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import distributed, nn

from blemish.errors import TrainingError
from blemish.training.machine import CPU, choose_device


@dataclass(frozen=True)
class Ranks:
    """Which of how many processes this is, on its own the first of one, and its device."""

    rank: int = 0
    size: int = 1
    device: torch.device = CPU

    @property
    def is_first(self) -> bool:
        """Whether this process speaks for all."""
        return self.rank == 0

    def share(self, net: nn.Module) -> None:
        """Take over the first process's weights and statistics, in place."""
        if self.size > 1:
            for value in net.state_dict().values():
                distributed.broadcast(value, 0)

    def average_gradients(self, net: nn.Module) -> None:
        """Put the mean of all processes' gradients into each, in one exchange."""
        if self.size == 1:
            return
        gradients = [p.grad for p in net.parameters() if p.grad is not None]
        joined = torch.cat([gradient.flatten() for gradient in gradients])
        distributed.all_reduce(joined)
        mean, first = joined / self.size, 0
        for gradient in gradients:
            last = first + gradient.numel()
            gradient.copy_(mean[first:last].view_as(gradient))
            first = last

    def agree(self, value: float) -> float:
        """Give the first process's number to all: clocks differ, and so may a Ctrl-C."""
        if self.size == 1:
            return value
        told = torch.tensor([value], dtype=torch.float64)
        distributed.broadcast(told, 0)
        return float(told)


@contextmanager
def join_ranks(environment: Mapping[str, str]) -> Iterator[Ranks]:
    """Join the processes that the environment tells of, as `torchrun` sets it.

    Raises:
        TrainingError: the others cannot be reached.
    """
    size = int(environment.get("WORLD_SIZE", "1"))
    device = choose_device(int(environment.get("LOCAL_RANK", "0")))
    if size == 1:
        yield Ranks(device=device)
        return
    try:
        if device.type == "cuda":
            torch.cuda.set_device(device)
        # Numbers to agree on lie in the processor's memory, gradients where the net is.
        distributed.init_process_group("cpu:gloo,cuda:nccl" if device.type == "cuda" else "gloo")
    except (RuntimeError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise TrainingError(f"the other processes cannot be joined ({reason})") from error
    try:
        yield Ranks(distributed.get_rank(), size, device)
    finally:
        distributed.destroy_process_group()
