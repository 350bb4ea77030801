"""Cells of a table with sweeps that can be reckoned by hand."""

VALUES = {"threshold": [-2.0, 0.0, 2.0], "median_s": [0.08, 2.0, 4.08], "min_duration_s": [0.0, 1.0, 2.0]}


def cell(pooling: str, hierarchy: list[int], seed: int, error_rates: list[float | None], f1: float = 0.5, **settings):
    """A system whose error rate goes along ``error_rates`` whatever is moved."""
    chosen = {"threshold": 0.3, "median_s": 0.56, "min_duration_s": [0.0, 0.4], **settings}
    sweeps = {
        moved: {"values": values, "error_rate": error_rates, "f1": [f1 - 0.1, f1, f1 - 0.2]}
        for moved, values in VALUES.items()
    }
    points = ("min_er", "max_f1")
    scores = {"error_rate": error_rates[1], "f1": f1}
    return {
        "pooling": pooling,
        "hierarchy": hierarchy,
        "seed": seed,
        "splits": {"testing": {"operating_points": dict.fromkeys(points, scores)}},
        "sensitivity": {point: {"settings": chosen, "sweeps": sweeps} for point in points},
    }


CELLS = [
    cell("linear", [], 0, [0.9, 0.5, 0.7]),
    cell("linear", [], 1, [0.7, 0.6, 0.7], median_s=[0.0, 0.4]),
    cell("linear", [5, 5], 0, [0.6, 0.4, 0.5], f1=0.6),
    cell("linear", [5, 5], 1, [0.6, 0.4, 0.5], f1=0.6),
]
