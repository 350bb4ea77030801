"""What the paper's own tables say when their numbers are held against each other.

``python docs/paper_numbers.py`` needs nothing but Python. Source: arXiv:1903.11791, Table 2 and the erratum.
"""

from statistics import mean, stdev

TABLE_2 = {  # substitutions, deletions, insertions, ER, precision, recall, F1
    "dev linear single": (0.25, 0.18, 0.36, 0.79, 39.00, 47.01, 42.63),
    "dev linear hierarchical": (0.19, 0.40, 0.17, 0.76, 53.07, 41.31, 46.46),
    "dev exponential single": (0.29, 0.35, 0.18, 0.82, 44.67, 37.24, 40.62),
    "dev exponential hierarchical": (0.27, 0.26, 0.26, 0.79, 45.90, 45.72, 45.81),
    "dev attention single": (0.30, 0.34, 0.19, 0.83, 44.68, 36.97, 40.46),
    "dev attention hierarchical": (0.25, 0.33, 0.21, 0.79, 48.17, 42.51, 45.16),
    "eval linear single": (0.21, 0.36, 0.18, 0.76, 53.40, 43.19, 47.76),
    "eval linear hierarchical": (0.19, 0.30, 0.20, 0.69, 56.39, 50.78, 53.44),
    "eval exponential single": (0.23, 0.35, 0.23, 0.81, 48.35, 43.78, 45.95),
    "eval exponential hierarchical": (0.23, 0.28, 0.22, 0.73, 53.40, 51.38, 52.37),
    "eval attention single": (0.21, 0.31, 0.27, 0.79, 46.12, 44.43, 45.26),
    "eval attention hierarchical": (0.21, 0.28, 0.24, 0.73, 52.27, 50.58, 51.41),
}
ERRATUM_RUNS = (0.80, 0.85, 0.79, 0.78, 0.80)
ROUNDING = 1.0 + 0.005  # percent: half a hundredth each of S and D, and half a hundredth of a percent of recall


def main() -> None:
    """Print both checks."""
    print(f"{'row of Table 2':32}{'recall':>8}{'1-S-D':>8}")
    for name, (s, d, _, _, _, recall, _) in TABLE_2.items():
        implied = 100 * (1 - s - d)
        differs = abs(implied - recall) > ROUNDING
        print(f"{name:32}{recall:8.2f}{implied:8.2f}{'   differs' if differs else ''}")
    print(f"ER of the erratum's five runs: {mean(ERRATUM_RUNS):.3f} +- {stdev(ERRATUM_RUNS):.3f}")


if __name__ == "__main__":
    main()
