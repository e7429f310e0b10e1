"""Orderings the paper reports, on small parts of MNIST with an equal budget (check 10)."""

from aaecore import compose, train
from aaecore.metrics import choose_sigma, parzen_log_likelihood
from aaecore.optimizer import Adam

SMALL = {"name": "mlp", "hidden": [300, 300]}


def adam(milestone, *names):
    """The recipes' own optimizers with an earlier milestone."""
    rates = {"discriminator": {"lr": 2e-4, "beta1": 0.5}, "generator": {"lr": 2e-4, "beta1": 0.5}}
    return {f"{n}optimizer": Adam(**rates.get(n[:-1], {}), milestones=(milestone,)) for n in names}


AAE = ("reconstruction_", "discriminator_", "generator_")


def log_likelihood(model, data):
    samples, real = model.sample(5000), data.heldout.x.take(range(2000))
    mean, _ = parzen_log_likelihood(samples, real[:1000], choose_sigma(samples, real[1000:]))
    return mean


def test_samples_of_the_adversarial_autoencoder_are_likelier_than_those_of_the_vae(mnist):
    data = mnist(limit=5000)
    aae = compose("classic", code=8, prior={"name": "gaussian", "std": 5.0}, architecture=SMALL, **adam(14, *AAE))
    vae = compose("classic-vae", code=8, architecture=SMALL, **adam(14, ""))
    likelihoods = [log_likelihood(train(r, data, epochs=20, quiet=True), data) for r in (aae, vae)]
    assert likelihoods[0] > likelihoods[1] + 30


def test_a_thousand_labels_err_less_than_a_hundred(mnist):
    recipe = compose("classic-semi-supervised", architecture=SMALL, **adam(5, *AAE, "classification_"))
    models = [train(recipe, mnist(limit=5000, labels=n), epochs=8, quiet=True) for n in (100, 1000)]
    errors = [m.metrics["classification_error"] for m in models]
    assert errors[1] < 0.7 * errors[0]
    assert errors[1] < 0.13
