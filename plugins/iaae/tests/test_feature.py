"""The feature loss, on the encoder's codes and on an image network's features (check 6)."""

import re

import pytest
import torch
from iaae.feature import Feature
from iaae.imagenetwork import ImageFeatures, build_network
from safetensors.torch import save_file
from torch import nn

from aaecore import compose, load, train
from aaecore.errors import AAEError, ConfigError
from aaecore.spec import Spec
from aaecore.unused import unused_settings

NETWORK = {"name": "feature", "source": "network"}


def test_it_is_the_weighted_sum_of_pixels_and_mean_codes(bench):
    b = bench("iaae-feature")
    value = b.loss("rec", "L_rec")
    f = b.forward()
    pixel = (f.x_rec - f.x).abs().mean()
    feature = (f.recipe.posterior.mean(f.encode(f.x_rec)["code"]) - f.mu).abs().mean()
    assert value.item() == pytest.approx((0.9 * pixel + 0.1 * feature).item(), rel=1e-5)


def test_the_gradient_reaches_encoder_and_decoder_but_not_through_the_wanted_features(bench):
    b = bench("iaae-feature", reconstruction={"name": "feature", "share": 1})
    b.loss("rec", "L_rec").backward()
    for role in ("encoder", "decoder"):
        assert any(p.grad is not None and p.grad.any() for p in b.networks[role].parameters())
    ours = [p.grad.clone() for p in b.networks["encoder"].parameters()]
    b = bench("iaae-feature")
    b.stepper._keep_alive({"encoder", "decoder"})
    f = b.forward()
    wanted = f.mu.detach()
    f.begin(("encoder", "decoder"))
    (f.recipe.posterior.mean(f.encode(f.x_rec)["code"]) - wanted).abs().mean().backward()
    theirs = [p.grad for p in b.networks["encoder"].parameters()]
    assert all(a.allclose(c, atol=1e-6) for a, c in zip(ours, theirs, strict=True))


class Echo(nn.Module):
    """A decoder that always says the same."""

    def __init__(self, x: torch.Tensor) -> None:
        super().__init__()
        self.x = nn.Parameter(x)

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        return self.x[: len(z)] + 0 * z.sum()


@pytest.mark.parametrize("source", ["encoder", "network"])
def test_a_perfect_reconstruction_costs_nothing(bench, source):
    x = bench().forward().x
    networks = {"decoder": Echo(x)} | ({"feature_network": Pixels()} if source == "network" else {})
    b = bench(reconstruction={"name": "feature", "source": source}, networks=networks)
    assert b.loss("rec", "L_rec").item() == 0


def test_without_a_share_it_is_the_baseline_bit_for_bit(bench):
    plain, feature = bench(), bench(reconstruction={"name": "feature", "share": 0})
    assert plain.train(3) == feature.train(3)
    assert all(v.equal(feature.snapshot()[k]) for k, v in plain.snapshot().items())


def test_the_loss_of_an_image_does_not_depend_on_its_place_in_the_batch(bench):
    b = bench("iaae-feature", posterior="deterministic")
    for network in b.networks.values():
        network.eval()
    f = b.forward()
    order = torch.randperm(f.n)
    shuffled = f.recipe.forward(f.recipe, f.spec, b.networks, {"x": f.x[order]}, f._draw)
    assert f.recipe.reconstruction(shuffled).item() == pytest.approx(f.recipe.reconstruction(f).item(), rel=1e-5)
    one, two = ({"x": f.x[i : i + 1]} for i in (3, 7))
    losses = [f.recipe.reconstruction(f.recipe.forward(f.recipe, f.spec, b.networks, x, f._draw)) for x in (one, two)]
    both = f.recipe.forward(f.recipe, f.spec, b.networks, {"x": f.x[[3, 7]]}, f._draw)
    assert f.recipe.reconstruction(both).item() == pytest.approx(sum(losses).item() / 2, rel=1e-5)


def test_it_compares_with_the_clean_image_where_the_input_is_corrupted(bench):
    b = bench("iaae-feature", input_noise=0.5, posterior="deterministic")
    f = b.forward()
    wanted = f.recipe.posterior.mean(f.encode(f.x)["code"])
    assert b.recipe.reconstruction._features(f, f.target).equal(wanted)
    assert not f.mu.allclose(wanted)


@pytest.mark.parametrize("posterior", ["deterministic", "gaussian", "universal"])
def test_it_works_with_every_posterior(bench, posterior):
    assert bench("iaae-feature", posterior=posterior).train(2)[-1]["rec/L_rec"] > 0


# ---- an image network


class Pixels(nn.Module):
    """Features that are the pixels, and that keep their range."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.low, self.high = x.min().item(), x.max().item()
        return x.flatten(1)


@pytest.mark.parametrize("scaling", ["unit", "symmetric"])
def test_your_own_network_sees_images_in_zero_to_one(bench, scaling):
    own = Pixels()
    b = bench(reconstruction=NETWORK, networks={"feature_network": own}, scaling=scaling)
    f = b.forward()
    b.recipe.reconstruction._features(f, f.target)
    assert (own.low, own.high) == (0, 1)


def test_an_image_network_runs_in_inference_mode_and_must_be_frozen(bench):
    own = nn.Sequential(nn.Flatten(), nn.Linear(64, 5), nn.Dropout(0.5), nn.BatchNorm1d(5))
    with pytest.raises(ConfigError, match="freeze its parameters"):
        bench(reconstruction=NETWORK, networks={"feature_network": own})
    b = bench(reconstruction=NETWORK, networks={"feature_network": own.requires_grad_(False)})
    before = {k: v.clone() for k, v in own.state_dict().items()}
    b.train(2)
    assert not own.training
    assert all(v.equal(before[k]) for k, v in own.state_dict().items())


@pytest.fixture(scope="module")
def resnet(tmp_path_factory):
    """The weights of some torchvision network, untrained."""
    models = pytest.importorskip("torchvision.models", reason="torchvision is not installed")
    path = tmp_path_factory.mktemp("weights") / "resnet18.safetensors"
    save_file(models.resnet18(weights=None).state_dict(), path)
    return {**NETWORK, "network": "resnet18", "layer": "layer1", "weights": str(path), "size": 16}


def test_a_torchvision_network_gives_the_pooled_features_of_a_layer(bench, colour, resnet):
    from torchvision.models import resnet18

    b = bench(data=colour, reconstruction=resnet)
    x = torch.rand(3, 3, 16, 16)
    own = resnet18(weights=None).eval()
    from safetensors.torch import load_file

    own.load_state_dict(load_file(resnet["weights"]))
    mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    h = own.maxpool(own.relu(own.bn1(own.conv1((x - mean[:, None, None]) / std[:, None, None]))))
    assert b.networks["feature_network"].eval()(x).allclose(own.layer1(h).mean((2, 3)), atol=1e-5)
    assert b.train(1)[0]["rec/L_rec"] > 0


def test_a_run_with_an_image_network_can_be_loaded(tmp_path, digits, resnet):
    recipe = compose("iaae", batch=64, epochs=1, reconstruction=resnet)
    model = train(recipe, digits, out=tmp_path / "run", quiet=True, device="cpu")
    assert load(tmp_path / "run").sample(4).equal(model.sample(4))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"network": "resnet19"}, "did you mean 'resnet18'"),
        ({"layer": "layer9"}, "has no layer 'layer9'; did you mean 'layer"),
        ({"weights": ""}, "needs weights, and nothing is downloaded; give a .safetensors file"),
        ({"weights": "nowhere.safetensors"}, "nowhere.safetensors: no such .safetensors file"),
        ({"weights": "weights.pth"}, "weights.pth: no such .safetensors file"),
        ({"network": "resnet34"}, "does not fit resnet34"),
    ],
)
def test_what_is_missing_is_said_before_training_in_one_line(digits, resnet, change, said):
    with pytest.raises(AAEError, match=re.escape(said)) as caught:
        compose("iaae", reconstruction={**resnet, **change}).build(Spec(shape=(1, 8, 8), output="tanh"))
    assert "\n" not in str(caught.value)


def test_an_image_network_needs_images_of_a_known_range():
    recipe = compose("iaae", reconstruction=NETWORK)
    with pytest.raises(ConfigError, match="set source=encoder"):
        recipe.validate(Spec(shape=(5,), output="tanh"))
    with pytest.raises(ConfigError, match="set scaling=unit or symmetric"):
        recipe.validate(Spec(shape=(1, 8, 8), output="linear"))


def test_the_encoder_sees_each_batch_once_and_its_reconstructions_once(bench):
    b = bench("iaae-feature")
    b.loss("rec", "L_rec")
    counts = [m.num_batches_tracked for m in b.networks["encoder"].modules() if isinstance(m, nn.BatchNorm1d)]
    assert counts == [2]


class Shape(nn.Module):
    """Remembers what size of images it was shown."""

    def forward(self, x):
        self.seen = tuple(x.shape)
        return {"layer": x}


@pytest.mark.parametrize(("size", "seen"), [(5, (2, 3, 5, 5)), (0, (2, 3, 8, 8))])
def test_images_are_resized_for_the_network_unless_that_is_left_out(size, seen):
    body = Shape()
    ImageFeatures(body, size)(torch.rand(2, 1, 8, 8))
    assert body.seen == seen


def test_the_authors_layer_and_size_of_inception_are_the_defaults():
    made = Feature(source="network")
    assert (made.network, made.layer, made.size) == ("inception_v3", "Conv2d_2b_3x3", 299)


def test_inception_is_shown_minus_one_to_one(tmp_path):
    """Its own transform undoes the normalisation: without it it would see ImageNet's."""
    models = pytest.importorskip("torchvision.models", reason="torchvision is not installed")
    network = models.inception_v3(weights=None, init_weights=False, aux_logits=True)
    save_file(network.state_dict(), tmp_path / "inception.safetensors")
    made = build_network("inception_v3", "Conv2d_1a_3x3", str(tmp_path / "inception.safetensors"), 0)
    x = torch.rand(1, 3, 32, 32)
    with torch.no_grad():
        wanted = network.eval().Conv2d_1a_3x3(2 * x - 1).mean((2, 3))
        assert made(x).allclose(wanted, atol=1e-5)


@pytest.mark.parametrize("source", ["encoder", "network"])
def test_features_are_of_the_batch_at_hand_and_never_of_an_earlier_one(bench, source):
    own = {"feature_network": Pixels()} if source == "network" else {}
    b = bench(reconstruction={"name": "feature", "source": source, "share": 1}, networks=own, posterior="deterministic")
    for network in b.networks.values():
        network.eval()
    f = b.forward()
    loss = b.recipe.reconstruction
    first, second = ({"x": f.x[i : i + 4]} for i in (0, 4))
    alone = loss(f.recipe.forward(f.recipe, f.spec, b.networks, second, f._draw)).item()
    loss(f.recipe.forward(f.recipe, f.spec, b.networks, first, f._draw))
    assert loss(f.recipe.forward(f.recipe, f.spec, b.networks, second, f._draw)).item() == alone
    other = f.recipe.forward(f.recipe, f.spec, b.networks, second, f._draw)
    said, wanted = (loss._features(other, x) for x in (other.x_rec, other.x))
    assert alone == pytest.approx((said - wanted).abs().mean().item(), rel=1e-5)


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({}, []),
        ({"network": "vgg16", "size": 32}, ["reconstruction.network", "reconstruction.size"]),
        ({"source": "network", "network": "vgg16", "size": 32}, []),
        ({"share": 0.0, "source": "network"}, ["reconstruction.source"]),
    ],
)
def test_settings_of_features_that_are_not_taken_are_remarked(changed, named):
    recipe = compose("iaae-feature", reconstruction={"name": "feature", **changed})
    assert unused_settings(recipe, Spec((1, 8, 8))) == named
