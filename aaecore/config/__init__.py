"""Configuration: TOML and command-line settings to checked attrs classes, and back."""

from aaecore.config.layers import load_config
from aaecore.config.plain import to_dict
from aaecore.config.schema import Config, RunConfig, change, make, structure
from aaecore.config.write import to_toml

__all__ = ["Config", "RunConfig", "change", "load_config", "make", "structure", "to_dict", "to_toml"]
