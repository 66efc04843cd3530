"""Searches: a space of config keys, tried by Optuna, each trial an ordinary run. Imports cheap."""
