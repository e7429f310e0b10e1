"""Tables of which single entries were set."""

from __future__ import annotations

from typing import Any


class Entries(dict[str, Any]):
    """Entries given by dotted keys: what else stands in the same table stays as it is."""
