"""Everything that touches disk or network; knows no maths."""
