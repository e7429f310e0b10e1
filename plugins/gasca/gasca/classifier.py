"""Pre-training for classification: the classifier stands on the stacked encoder."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import ClassVar, Literal

from attrs import field, frozen
from attrs.validators import ge
from torch import Tensor, nn
from torch.nn import functional as F

from aaecore.errors import ConfigError
from aaecore.forward import Forward, quantity
from aaecore.optimizer import Adam, Optimizer
from aaecore.phase import Phase
from aaecore.recipe import Builders, Recipe
from aaecore.spec import Spec
from aaecore.stacking import Stacking
from gasca.pretraining import Pretrained
from gasca.recipe import Gasca
from gasca.stackings import LevelWise


class LabelledForward(Forward):
    """A batch with its logits, and those of the labelled batch beside it."""

    @quantity
    def logits(self) -> Tensor:
        """Of the classes, (B, K)."""
        return self.net.classifier(self.mu)  # type: ignore[no-any-return]

    @quantity
    def logits_labelled(self) -> Tensor:
        """Of the classes, (B_labelled, K)."""
        head = self.encode(self.batch["x_labelled"])["code"]
        return self.net.classifier(self.recipe.posterior.mean(head))  # type: ignore[no-any-return]


def cross_entropy(f: Forward) -> Tensor:
    """-log q(label | x), from logits."""
    assert isinstance(f, LabelledForward)
    return F.cross_entropy(f.logits_labelled.float(), f.batch["y_labelled"])


@frozen(kw_only=True)
class GascaClassifier(Gasca):
    """The stacked encoder as a classifier: pre-trained on all images, then fine-tuned on the labelled ones.

    labelled_batch: labelled samples per step.
    classification_optimizer: moves encoder and classifier in `cls`.
    """

    forward: ClassVar[type[Forward]] = LabelledForward
    stacking: Stacking = Pretrained()
    labelled_batch: int = field(default=64, validator=ge(1))
    classification_optimizer: Optimizer = Adam(lr=1e-3)

    def own_networks(self, spec: Spec) -> Builders:
        """As without labels, and one linear layer from code to logits."""
        return {**super().own_networks(spec), "classifier": partial(nn.Linear, self.decoder_width(spec), spec.classes)}

    def own_phases(self, spec: Spec) -> Sequence[Phase]:
        """On each batch: disc, gen, cls; pre-training keeps `cls` for the end."""
        moves = ("encoder", "classifier")
        cls = Phase("cls", "supervision", moves, {"L_cls": cross_entropy}, self.classification_optimizer)
        return (*super().own_phases(spec), cls)

    def labelled_per_step(self) -> int:
        """`labelled_batch`."""
        return self.labelled_batch

    @property
    def predicts(self) -> Literal["classes", "clusters", "nothing"]:
        """Classes."""
        return "classes"

    def predict(self, f: Forward) -> Tensor:
        """q(label | x), (B, K)."""
        assert isinstance(f, LabelledForward)
        return f.logits.float().softmax(dim=1)

    def check(self, recipe: Recipe, spec: Spec) -> None:
        """Needs labels."""
        super().check(recipe, spec)
        if isinstance(self.stacking, LevelWise):
            said = "the classifier stands on the full stack; set stacking=pretrained, its pretraining as you like"
            raise ConfigError("recipe.stacking", said)
        if not spec.classes:
            raise ConfigError("data", "this recipe learns classes, and the data has none; give some (y in the .npz)")
