import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from sedpipe.metrics.ranges import ranges


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 5))))
def test_ranges_match_concatenated_python_ranges(pairs):
    firsts, lengths = np.array(pairs, dtype=int).reshape(-1, 2).T
    assert ranges(firsts, lengths).tolist() == [k for first, n in pairs for k in range(first, first + n)]
