"""The baselines: VAE (check 5) and DCGAN."""

from math import log

import pytest
import torch
from aae_classic.dcgan import DCGANNetworks
from attrs import frozen
from torch import nn

from aaecore import compose
from aaecore.defaults.priors import Gaussian, Uniform
from aaecore.errors import AAEError
from aaecore.scheduler import PhaseScheduler
from aaecore.spec import Spec


class Says(nn.Module):
    """An encoder that says the same of every sample."""

    def __init__(self, mu, sigma):
        super().__init__()
        self.head = nn.Parameter(torch.cat([torch.tensor(mu), 2 * torch.tensor(sigma).log()]))

    def forward(self, x):
        return self.head.expand(len(x), -1)


def kl(bench, std):
    b = bench("classic-vae", code=2, prior=Gaussian(std=std), networks={"encoder": Says([0.5, -1.0], [0.5, 1.5])})
    return b.loss("vae", "kl").item()


def test_the_divergence_from_the_unit_prior_is_the_one_computed_by_hand(bench):
    assert kl(bench, 1.0) == pytest.approx(0.443147 + 0.719535, abs=1e-5)


def test_the_divergence_knows_the_priors_deviation(bench):
    q = torch.distributions.Normal(torch.tensor([0.5, -1.0]), torch.tensor([0.5, 1.5]))
    expected = torch.distributions.kl_divergence(q, torch.distributions.Normal(0.0, 5.0)).sum()
    assert kl(bench, 5.0) == pytest.approx(expected.item(), rel=1e-5)


def test_the_vae_descends_both_terms_in_one_step(bench):
    b = bench("classic-vae")
    assert {n: list(p.terms) for n, p in b.phases.items()} == {"vae": ["nll", "kl"]}
    assert b.moved_by("vae") == b.snapshot().keys()


def test_the_vae_learns_digits(bench):
    b = bench("classic-vae", reconstruction="bernoulli")
    first = sum(b.run().values())
    for step in range(1, 60):
        last = sum(b.run(f=b.forward(step)).values())
    assert last < 0.8 * first


def test_a_bernoulli_likelihood_is_ln_2_a_pixel_where_nothing_is_known(bench):
    class Grey(nn.Module):
        def __init__(self):
            super().__init__()
            self.logit = nn.Parameter(torch.zeros(1, 8, 8))

        def forward(self, z):
            return self.logit.sigmoid().expand(len(z), -1, -1, -1)

    b = bench("classic-vae", reconstruction="bernoulli", networks={"decoder": Grey()})
    assert b.loss("vae", "nll").item() == pytest.approx(64 * log(2), rel=1e-5)


def test_a_bernoulli_likelihood_needs_values_between_0_and_1(bench):
    with pytest.raises(AAEError, match="scaling=unit"):
        bench("classic-vae", reconstruction="bernoulli", scaling="standard")


COLOUR = Spec(shape=(3, 64, 64), output="tanh")


def test_dcgan_is_radfords():
    recipe = compose("classic-dcgan")
    assert (recipe.code, recipe.batch, recipe.prior, recipe.scaling) == (100, 128, Uniform(bound=1.0), "symmetric")
    for optimizer in (recipe.discriminator_optimizer, recipe.generator_optimizer):
        assert (optimizer.lr, optimizer.beta1) == (2e-4, 0.5)


def layers(network):
    return [m for m in network.modules() if not list(m.children())]


def test_the_generator_of_dcgan_projects_to_4x4x1024_and_doubles():
    g = DCGANNetworks().decoder(100, COLOUR)
    convolutions = [m for m in layers(g) if isinstance(m, nn.ConvTranspose2d)]
    assert [m.out_channels for m in convolutions] == [1024, 512, 256, 128, 3]
    assert g.blocks[0](torch.rand(2, 100)).shape == (2, 1024, 4, 4)
    assert [type(m) for m in layers(g.blocks[-1])][-1] is nn.Tanh
    assert sum(isinstance(m, nn.BatchNorm2d) for m in layers(g)) == 4
    assert not [m for m in layers(g.blocks[-1]) if isinstance(m, nn.BatchNorm2d)]
    assert sum(isinstance(m, nn.ReLU) for m in layers(g)) == 4


def test_the_discriminator_of_dcgan_does_not_normalise_its_first_layer():
    d = DCGANNetworks().discriminator((3, 64, 64))
    normalised = [any(isinstance(m, nn.BatchNorm2d) for m in block.modules()) for block in d.blocks]
    assert normalised == [False, True, True, True]
    assert [m.negative_slope for m in layers(d) if isinstance(m, nn.LeakyReLU)] == [0.2] * 4
    assert not any(isinstance(m, (nn.MaxPool2d, nn.ReLU)) for m in layers(d))
    assert d(torch.rand(2, 3, 64, 64)).shape == (2,)


def test_the_weights_of_dcgan_start_with_deviation_2_hundredths():
    for network in (DCGANNetworks().decoder(100, COLOUR), DCGANNetworks().discriminator((3, 64, 64))):
        for m in network.modules():
            if isinstance(m, (nn.Conv2d, nn.ConvTranspose2d, nn.Linear)):
                assert m.weight.std().item() == pytest.approx(0.02, rel=0.1)


@frozen(kw_only=True)
class TwiceTheDiscriminator(PhaseScheduler):
    """D twice, then G."""

    def plan(self, phases, progress):
        """Disc, disc, gen."""
        return [phases[0], *phases]


def test_the_discriminator_of_dcgan_may_move_more_often_each_time_against_fresh_samples(bench):
    b = bench("classic-dcgan", "dcgan", scheduler=TwiceTheDiscriminator())
    seen = []
    handle = b.networks["decoder"].register_forward_pre_hook(lambda _, z: seen.append(z[0].detach().clone()))
    plan = b.recipe.scheduler.plan(list(b.phases.values()), None)
    b.stepper.run(plan, [b.forward()])
    handle.remove()
    assert len(seen) >= 2
    assert not seen[0].equal(seen[1])
    assert b.stepper.optimizers["disc"].state_dict()["state"][0]["step"] == 2
    assert b.stepper.optimizers["gen"].state_dict()["state"][0]["step"] == 1


def test_dcgan_judges_images_in_the_range_it_makes(bench):
    b = bench("classic-dcgan", "dcgan")
    f = b.forward()
    assert f.target.min() == -1
    assert f.target.max() == 1
    assert f.x_gen.abs().max() <= 1
    assert {tuple(f.target.shape), tuple(f.x_gen.shape)} == {(20, 1, 8, 8)}
