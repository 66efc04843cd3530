"""Features of frozen first layers, computed once instead of in every epoch."""
from .hook import FeatureCacheHook
from .prefix import FrozenPrefix, what_learns
from .store import FeatureStore

__all__ = ['FeatureCacheHook', 'FeatureStore', 'FrozenPrefix', 'what_learns']
