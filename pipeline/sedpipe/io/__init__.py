"""Everything that touches disk or network, and no maths."""
