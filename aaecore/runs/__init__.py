"""Runs: one training from configuration to results, what it leaves on disk, and going on with it."""
