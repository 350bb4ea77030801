import torch
from sedpipe.training.late import LateValue


def test_a_value_on_the_cpu_can_be_read_immediately() -> None:
    value = torch.tensor(2.0, requires_grad=True)
    late = LateValue(value * 3)
    assert late.costs_nothing
    assert late.read() == 6.0


def test_a_later_allocation_does_not_change_the_value() -> None:
    late = LateValue(torch.ones(()) * 5)  # nothing else keeps the tensor: its memory could be used again
    others = [torch.full((), 7.0) for _ in range(1000)]
    assert late.read() == 5.0
    assert all(other == 7.0 for other in others)
