"""Runs side by side."""


def compare() -> None:
    """Nothing yet."""
