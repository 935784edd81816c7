import torch

from blemish.model.centernet import build_net
from blemish.training.average import Average
from planted import TINY_NET


def test_the_average_follows_and_lags() -> None:
    net = build_net(TINY_NET, 1)
    average = Average(net, 0.9)
    with torch.no_grad():
        net.heat.bias.add_(1.0)  # type: ignore[union-attr]
    start = float(average.net.heat.bias.detach()[0])  # type: ignore[union-attr,index]
    seen = []
    for step in range(200):
        average.update(net, step)
        seen.append(float(average.net.heat.bias.detach()[0]) - start)  # type: ignore[union-attr,index]
    assert 0 < seen[0] < 1
    assert seen == sorted(seen)
    assert abs(seen[-1] - 1) < 1e-4
    assert not any(parameter.requires_grad for parameter in average.net.parameters())


def test_it_takes_over_the_norms_statistics() -> None:
    net = build_net(TINY_NET, 1).train()
    average = Average(net, 0.5)
    net(torch.randint(0, 256, (2, 64, 64, 3), dtype=torch.uint8))
    for step in range(60):
        average.update(net, step)
    ours, theirs = average.net.state_dict(), net.state_dict()
    for name in (n for n in ours if n.endswith(("running_mean", "running_var"))):
        torch.testing.assert_close(ours[name], theirs[name], rtol=1e-4, atol=1e-4)
