"""Search a space of config values with Optuna; each trial is an ordinary run."""
