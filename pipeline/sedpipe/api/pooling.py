"""``sedpipe.pooling``: pooling over time for any network.

- :class:`HierarchicalPooling`: a torch module
- :data:`POOLING_FUNCTIONS`, :func:`frame_weights`, :func:`pool`: its parts, as functions
"""

from sedpipe.nn.hierarchical_pooling import HierarchicalPooling
from sedpipe.nn.pooling import POOLING_FUNCTIONS, Frames, PoolingFunction, frame_weights, pool

__all__ = ["POOLING_FUNCTIONS", "Frames", "HierarchicalPooling", "PoolingFunction", "frame_weights", "pool"]
