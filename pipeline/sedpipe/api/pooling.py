"""``sedpipe.pooling``: pooling over time for anybody's network.

- :class:`HierarchicalPooling`: a module
- :data:`POOLING_FUNCTIONS`, :func:`frame_weights`, :func:`pool`: what it is made of
"""

from sedpipe.nn.hierarchical_pooling import HierarchicalPooling
from sedpipe.nn.pooling import POOLING_FUNCTIONS, Frames, PoolingFunction, frame_weights, pool

__all__ = ["POOLING_FUNCTIONS", "Frames", "HierarchicalPooling", "PoolingFunction", "frame_weights", "pool"]
