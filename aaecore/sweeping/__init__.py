"""Sweeps: a recipe trained over a grid of settings, or by a search among them, on Optuna's storages."""
