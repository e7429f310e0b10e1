"""What a user says about data."""

from typing import Literal

from attrs import field, frozen
from attrs.validators import ge, gt, in_, le, lt, optional


@frozen(kw_only=True)
class Pairs:
    """A transformation of every image, by which a training pair is made: the input is transformed, the target not.

    rotate: inputs are turned by U(-rotate, rotate) degrees.
    brightness: inputs are multiplied by U(1 - brightness, 1 + brightness).
    gamma: inputs are raised to the power gamma^U(-1, 1).
    """

    rotate: float = field(default=0.0, validator=[ge(0), le(180)])
    brightness: float = field(default=0.0, validator=[ge(0), le(1)])
    gamma: float = field(default=1.0, validator=ge(1))

    @property
    def any(self) -> bool:
        """Whether anything is transformed."""
        return self != Pairs()


@frozen(kw_only=True)
class DataConfig:
    """Which data to train on, and how much of it.

    source: `digits` (bundled), `torchvision:NAME`, `folder:PATH` (images by class), `PATH.npz` or `PATH.npy`.
    root: the folder in which torchvision keeps its files; nothing is ever downloaded.
    labels: how many labels to keep, balanced over the classes, the rest becoming unlabelled; None keeps all.
    heldout: share held out, stratified by class, where the data has no test set of its own.
    size: resize images to size x size; needed where they differ in size.
    channels: 3 repeats grey images, for recipes that take colour images; 1 refuses images that are not grey.
    limit: use only this many training samples, a random choice.
    pairs: make inputs that differ from their targets.
    streamed: read samples from disk as they are needed (`yes`), hold them in memory (`no`), or decide by
        `memory_gb` (`auto`); the batches are the same.
    memory_gb: gigabytes of training data, as float32, above which `auto` streams.
    workers: processes that read streamed data.
    """

    source: str = "digits"
    root: str = "data"
    labels: int | None = field(default=None, validator=optional(ge(1)))
    heldout: float = field(default=0.2, validator=[ge(0), lt(1)])
    size: int | None = field(default=None, validator=optional([ge(1), le(1 << 14)]))
    channels: int | None = field(default=None, validator=optional(in_((1, 3))))
    limit: int | None = field(default=None, validator=optional(ge(2)))
    pairs: Pairs = Pairs()
    streamed: Literal["auto", "yes", "no"] = field(default="auto", validator=in_(("auto", "yes", "no")))
    memory_gb: float = field(default=4.0, validator=gt(0))
    workers: int = field(default=2, validator=ge(0))
