import json
from pathlib import Path

import pytest
import torch

from blemish.errors import TrainingError, UsageError
from blemish.model.centernet import DEFAULT_NET
from blemish.model.nets import build_net
from blemish.model.resnet import take_body
from blemish.model.retinanet import DEFAULT_RETINANET, RetinaNet
from blemish.runtime.bundle import default_bundle, read_bundle
from blemish.training.checkpoint import load_weights, save_weights
from blemish.training.start import BOXED, net_of, start_of, take_start
from planted import TINY_NET


def test_a_net_is_known_by_its_names() -> None:
    assert net_of("centernet", "resnet18", "own", "nothing") == DEFAULT_NET
    deep = net_of("retinanet", "resnet50", "own", "imagenet")
    assert (deep["backbone"], deep["norms"]) == ("resnet50", "fixed")
    assert net_of("retinanet", "resnet50", "classic", "nothing")["norms"] == "batch"
    for names in (("yolo", "resnet18", "own"), ("centernet", "resnet18", "classic")):
        with pytest.raises(UsageError, match="is not one of"):
            net_of(*names, "nothing")
    with pytest.raises(UsageError, match="resnet19"):
        net_of("retinanet", "resnet19", "own", "nothing")


def test_a_point_net_on_labels_begins_with_the_model_in_the_box() -> None:
    assert start_of("centernet", drawn=False) == "default"
    assert start_of("centernet", drawn=True) == start_of("retinanet", drawn=False) == "nothing"


def test_the_net_that_nobody_names_fits_the_model_in_the_box() -> None:
    net = build_net(net_of("centernet", "resnet18", "own", "default"), 1)
    assert "default" in take_start(net, "default")


def test_a_run_or_bundle_brings_its_own_net(tmp_path: Path) -> None:
    deep = DEFAULT_RETINANET | {"backbone": "resnet34", "levels": [3, 4]}
    (tmp_path / "settings.json").write_text(json.dumps({"net": deep, "classes": ["a"]}))
    assert net_of("retinanet", "resnet18", "own", str(tmp_path)) == deep
    assert net_of("centernet", "resnet18", "own", str(tmp_path)) == DEFAULT_NET


@pytest.mark.parametrize("num_classes", [1, 3])
def test_the_model_in_the_box_is_taken_and_more_classes_learned_anew(num_classes: int) -> None:
    net = build_net(read_bundle(default_bundle()).net, num_classes)
    first = {name: value.clone() for name, value in net.state_dict().items()}
    words = take_start(net, "default")
    kept = load_weights(default_bundle())
    for name, value in net.state_dict().items():
        anew = num_classes == 3 and name.startswith("heat.")
        assert torch.equal(value, first[name] if anew else kept[name]), name
    assert ("anew" in words) == (num_classes == 3)


def test_the_nets_in_the_box_are_two_of_one_architecture() -> None:
    facts = net_of("centernet", None, "own", "default")
    net = build_net(facts, 1)
    taken = []
    for name in BOXED:
        assert net_of("centernet", None, "own", name) == facts
        assert take_start(net, name) == f"from {name}"
        taken.append({key: value.clone() for key, value in net.state_dict().items()})
    assert any(not torch.equal(value, taken[1][key]) for key, value in taken[0].items())


def test_nothing_leaves_the_net_as_it_was_built() -> None:
    net = build_net(TINY_NET, 1)
    before = {name: value.clone() for name, value in net.state_dict().items()}
    assert take_start(net, "nothing") == "from nothing"
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())


def test_weights_of_another_net_are_refused_in_a_line(tmp_path: Path) -> None:
    save_weights(tmp_path / "w.safetensors", build_net(TINY_NET | {"head": 32}, 1).state_dict())
    with pytest.raises(TrainingError, match=r"w\.safetensors do not fit") as caught:
        take_start(build_net(TINY_NET, 1), str(tmp_path / "w.safetensors"))
    assert "\n" not in str(caught.value)
    few = dict(list(build_net(TINY_NET, 1).state_dict().items())[:-2])
    save_weights(tmp_path / "few.safetensors", few)
    with pytest.raises(TrainingError, match="lack"):
        take_start(build_net(TINY_NET, 1), str(tmp_path / "few.safetensors"))


def resnet() -> torch.nn.Module:
    from torchvision.models import resnet18

    return resnet18(weights=None)


def retinanet() -> RetinaNet:
    net = build_net(DEFAULT_RETINANET | {"norms": "fixed", "pyramid": 16, "depth": 1}, 1)
    assert isinstance(net, RetinaNet)
    return net


def test_a_torchvision_file_gives_the_body(tmp_path: Path) -> None:
    source = resnet()
    torch.save(source.state_dict(), tmp_path / "r.pth")
    net, other = retinanet(), retinanet()
    assert "r.pth" in take_start(net, str(tmp_path / "r.pth"))
    take_body(other.body, source.state_dict())
    mine, theirs = net.body.state_dict(), other.body.state_dict()
    assert all(torch.equal(mine[name], theirs[name]) for name in mine)


def test_a_pth_file_that_holds_more_than_weights_is_refused(tmp_path: Path) -> None:
    torch.save({"model": print}, tmp_path / "evil.pth")
    for name, words in (("evil.pth", "without running code"), ("gone.pth", "no weights there")):
        with pytest.raises(TrainingError, match=words):
            take_start(retinanet(), str(tmp_path / name))
    with pytest.raises(TrainingError, match="add --net retinanet"):
        take_start(build_net(TINY_NET, 1), "imagenet")


def test_without_a_network_imagenet_says_what_it_wanted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    for name in ("http_proxy", "https_proxy", "HTTPS_PROXY", "HTTP_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")  # nobody listens there
    with pytest.raises(TrainingError, match=r"--from resnet18-\w+\.pth"):
        take_start(retinanet(), "imagenet")
