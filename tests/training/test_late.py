import torch
from sedpipe.training.late import LateValue


def test_a_value_on_the_cpu_can_be_read_immediately() -> None:
    value = torch.tensor(2.0, requires_grad=True)
    late = LateValue(value * 3)
    assert late.costs_nothing
    assert late.read() == 6.0


def test_a_later_allocation_does_not_change_the_value() -> None:
    late = LateValue(torch.ones(()) * 5)
    torch.zeros(())
    assert late.read() == 5.0
