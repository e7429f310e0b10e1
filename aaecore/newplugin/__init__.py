"""Writing a plugin package to start from."""

from aaecore.newplugin.names import Names, checked_names
from aaecore.newplugin.writing import write_plugin

__all__ = ["Names", "checked_names", "write_plugin"]
