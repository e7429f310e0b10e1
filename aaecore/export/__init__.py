"""Trained networks for other programs, by torch.export and ONNX."""

from aaecore.export.checked import export

__all__ = ["export"]
