from sedpipe.io.lists.remarks import Remark, together


def test_equal_remarks_of_several_lists_are_added_up_in_their_order() -> None:
    found = together([Remark("semicolons"), Remark("decimal commas", "time", 3), Remark("semicolons")])
    assert [str(remark) for remark in found] == ["semicolons (2 lists)", "decimal commas (3 times)"]
