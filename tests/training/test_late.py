import torch
from sedpipe.training.late import LateValue


def test_a_number_of_the_processor_is_there_at_once_and_keeps_no_graph() -> None:
    value = torch.tensor(2.0, requires_grad=True)
    late = LateValue(value * 3)
    assert late.costs_nothing
    assert late.read() == 6.0


def test_what_is_written_over_the_number_later_is_not_read() -> None:
    late = LateValue(torch.ones(()) * 5)
    torch.zeros(())
    assert late.read() == 5.0
