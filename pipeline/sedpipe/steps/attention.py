"""Check whether attention has an effect.

- :func:`remark_on_attention`
"""

from __future__ import annotations

from sedpipe.nn.pooling import POOLING_FUNCTIONS, PoolingConfig


def remark_on_attention(pooling: PoolingConfig, n_classes: int) -> str:
    """Return a remark if attention is over the classes and there is only one class; empty in all other cases."""
    attends = POOLING_FUNCTIONS[pooling.function].attends
    if not attends or pooling.attention_axis != "classes" or n_classes > 1:
        return ""
    return (
        f"with a single class, {pooling.function} over the classes gives all frames the same weight, as average "
        'pooling does; set attention_axis = "time" in [pooling] of a preset of your own to give them different weights'
    )
