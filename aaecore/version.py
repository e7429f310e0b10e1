"""Which version of the core is running."""

from importlib import metadata

UNKNOWN = "unknown"


def core_version() -> str:
    """The installed version; `unknown` in a source tree that is not installed."""
    try:
        return metadata.version("aaecore")
    except metadata.PackageNotFoundError:
        return UNKNOWN
