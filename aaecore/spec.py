"""What the data asks of the networks: everything a recipe must know before it builds any."""

from attrs import frozen


@frozen
class Spec:
    """The shape of one problem: a sample's shape, the number of classes, the width of a condition."""

    shape: tuple[int, ...]
    """(channels, height, width) of an image, or (features,) of a plain vector."""
    classes: int = 0
    """Number of label values K; 0 without labels."""
    condition: int = 0
    """Width of the dense condition vector given with each sample; 0 without one."""
    output: str = "sigmoid"
    """What the decoder ends with, so that its range is the data's: sigmoid, tanh or linear."""

    @property
    def is_image(self) -> bool:
        """Whether samples are (channels, height, width)."""
        return len(self.shape) == 3

    @property
    def features(self) -> int:
        """How many numbers one sample has."""
        total = 1
        for n in self.shape:
            total *= n
        return total
