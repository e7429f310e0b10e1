"""Pictures of what a model does: functions from arrays to PNG files."""

from aaecore.pictures.codes import codes
from aaecore.pictures.curves import curves, diagnostics
from aaecore.pictures.images import reconstructions, samples_grid, styles

__all__ = ["codes", "curves", "diagnostics", "reconstructions", "samples_grid", "styles"]
