"""Whether attention has anything to choose between.

- :func:`remark_on_attention`
"""

from __future__ import annotations

from sedpipe.nn.pooling import POOLING_FUNCTIONS, PoolingConfig


def remark_on_attention(pooling: PoolingConfig, n_classes: int) -> str:
    """What is to be said of attention over the classes where there is one class alone; nothing in all other cases."""
    attends = POOLING_FUNCTIONS[pooling.function].attends
    if not attends or pooling.attention_axis != "classes" or n_classes > 1:
        return ""
    return (
        f"with a single class, {pooling.function} over the classes gives all frames the same weight, as average "
        'pooling does; set attention_axis = "time" in [pooling] of a preset of your own to give them different weights'
    )
