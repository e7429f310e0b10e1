"""Prior improvement, phase b of Wang et al. 2019: D_I, CG, the decoder and Q, on images the prior makes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, ClassVar

import torch
from attrs import evolve, frozen
from torch import Tensor
from torch.nn import functional as F

from aae_learnedprior.networks import IMAGE, features
from aaecore.adversary import Adversary, told, told_apart
from aaecore.forward import Forward
from aaecore.loss import AdversarialLoss, Scores
from aaecore.optimizer import Optimizer
from aaecore.phase import LossFunction, Phase, Role, Term
from aaecore.recipe import Recipe
from aaecore.spec import Spec

if TYPE_CHECKING:
    from aae_learnedprior.prior import Learned

Terms = dict[str, Term | LossFunction]
NAMES = ("D_I", "CG", "dec_gen", "Q")
FRESH = ("z_prior", "s")
"""Noises that are drawn anew when prior improvement begins, with whichever of its phases."""
FROZEN = ("encoder", "code_discriminator")
"""What stands still meanwhile, its batch statistics too."""


def phases(prior: Learned, recipe: Recipe, spec: Spec) -> Sequence[Phase]:
    """On each batch: D_I, CG (unless the prior is fixed), dec_gen, Q (if there is a condition)."""
    fakes = ("x_gen", "x_rec") if prior.discriminate_recon and "encoder" in recipe.own_networks(spec) else ("x_gen",)
    game_of = partial(_game, prior, recipe.adversarial, told(IMAGE, recipe.own_phases(spec)))
    game = game_of(fakes)
    judges = (IMAGE, "matcher") if prior.matching else (IMAGE,)
    found = [_phase("D_I", "discriminator", judges, {"L_DI": game.discriminate}, prior.discriminator_optimizer)]
    if prior.generator == "mlp":
        deceive = game_of(("x_gen",)).deceive
        cg = _phase("CG", "prior", ("code_generator",), {"L_CG": deceive}, prior.generator_optimizer)
        found.append(_informed(cg, prior))
    dec = _phase("dec_gen", "generator", ("decoder",), {"L_decB": game.deceive}, prior.decoder_optimizer)
    found.append(evolve(_informed(dec, prior), optimizer_of=owner(prior, recipe, spec)))
    return found if prior.condition == "none" else [*found, _recognition(prior)]


def owner(prior: Learned, recipe: Recipe, spec: Spec) -> str | None:
    """The recipe's phase whose optimizer moves the decoder here too."""
    phases = recipe.own_phases(spec) if prior.share_decoder_optimizer else ()
    owners = (p.optimizer_of or p.name for p in phases if p.role == "reconstruction" and "decoder" in p.moves)
    return next(owners, None)


def _phase(name: str, role: Role, moves: tuple[str, ...], terms: Terms, optimizer: Optimizer) -> Phase:
    return Phase(name, role, moves, terms, optimizer, redraws=FRESH, redraws_with=NAMES, evaluates=FROZEN)


def _informed(phase: Phase, prior: Learned) -> Phase:
    """`phase` that also keeps the condition legible in the image."""
    if prior.condition == "none" or not prior.information:
        return phase
    return phase.extended(terms={"L_MI": Term(partial(mutual_information, prior), prior.information)})


def _recognition(prior: Learned) -> Phase:
    terms: Terms = {"L_Q": partial(mutual_information, prior)}
    if prior.condition == "labels":
        terms["L_cls"] = real_cross_entropy
    moves = (IMAGE, "recognizer") if prior.recognizer_trunk else ("recognizer",)
    return _phase("Q", "prior", moves, terms, prior.recognizer_optimizer)


# ---- Q


def recognized(f: Forward, x: Tensor) -> Tensor:
    """What Q says of samples: logits of s, or its mean, (B, width)."""
    return f.net.recognizer(features(f.net[IMAGE], x)).float()  # type: ignore[no-any-return]


def mutual_information(prior: Learned, f: Forward) -> Tensor:
    """L_MI = -log Q(s | dec(CG(z, s))), the negative of a lower bound on I(s; x_gen) up to the constant H(s).

    For K categories: 0 where Q is sure and right, log K where it knows nothing. For dense s, Q is a Gaussian of unit
    variance: 0.5 * ||s - Q(x_gen)||^2.
    """
    said, s = recognized(f, f.x_gen), prior.standardised(f, prior.s(f))
    if prior.condition == "dense":
        return 0.5 * (s - said).square().sum(dim=1).mean()
    return F.cross_entropy(said, s)


def real_cross_entropy(f: Forward) -> Tensor:
    """-log Q(y | x) on the samples of the batch that are labelled."""
    assert f.labels is not None
    each = F.cross_entropy(recognized(f, f.target), f.labels, ignore_index=-1, reduction="none")
    return f.mean_over_labelled(each)


# ---- D_I


@frozen
class MatchingAdversary:
    """D_I told dense conditions: a sample beside another's condition is a fake as well (Reed et al. 2016)."""

    prior: Learned
    fakes: tuple[str, ...]
    loss: AdversarialLoss
    network: ClassVar[str] = IMAGE

    def discriminate(self, f: Forward) -> Tensor:
        """What D_I and its matcher minimise."""
        return self.loss.discriminator(self.scores(f), *self._shown(f), f.draw(IMAGE + ".penalty"))

    def accuracy(self, f: Forward) -> Tensor:
        """How often they score a sample beside its own condition above a fake."""
        d, (real, fakes) = self.scores(f), self._shown(f)
        return torch.stack([told_apart(d(real), d(fake)) for fake in fakes]).mean()

    def deceive(self, f: Forward) -> Tensor:
        """What the makers of the fakes minimise."""
        d, s = self.scores(f), self.prior.standardised(f, self.prior.s(f))
        return torch.stack([self.loss.generator(d(_beside(getattr(f, name), s))) for name in self.fakes]).sum()

    def scores(self, f: Forward) -> Scores:
        """The sum of D_I's logit and the matcher's, for a sample and its condition in one flat vector."""
        network, matcher = f.net[IMAGE], f.net.matcher

        def judge(v: Tensor) -> Tensor:
            x, s = v[:, : f.spec.features].reshape(-1, *f.spec.shape), v[:, f.spec.features :]
            h = features(network, x)
            return network.head(h).squeeze(1) + matcher(h, s)  # type: ignore[no-any-return, operator]

        return judge

    def _shown(self, f: Forward) -> tuple[Tensor, list[Tensor]]:
        """What is real, and all that is fake."""
        s, others = (self.prior.standardised(f, each) for each in (self.prior.s(f), f.others_condition))
        fakes = [_beside(getattr(f, name), s) for name in self.fakes]
        return _beside(f.target, s), [*fakes, _beside(f.target, others)]


def _beside(x: Tensor, s: Tensor) -> Tensor:
    return torch.cat([x.flatten(1), s], dim=1)


def _game(
    prior: Learned, loss: AdversarialLoss, condition: Callable[[Forward], Tensor] | None, fakes: tuple[str, ...]
) -> Adversary | MatchingAdversary:
    """On the recipe's own image discriminator, if it has one, with what that is told."""
    if prior.matching:
        return MatchingAdversary(prior, fakes, loss)
    return Adversary(IMAGE, real="target", fakes=fakes, loss=loss, condition=condition)
