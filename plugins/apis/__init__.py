"""Run trained models on pictures, without a Runner: loading, classifiers, detectors."""
