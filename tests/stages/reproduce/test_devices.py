from compared_cells import CELLS
from sedpipe.stages.reproduce.devices import devices_remark


def test_cells_of_different_devices_or_precisions_are_counted_and_cells_of_one_kind_give_no_remark() -> None:
    plain = [cell.model_copy(update={"device": "cpu", "precision": "float32"}) for cell in CELLS]
    rounded = [cell.model_copy(update={"device": "cuda", "precision": "bfloat16"}) for cell in CELLS[:1]]
    assert devices_remark(CELLS) == devices_remark(plain) == devices_remark([*CELLS, *plain]) == []
    assert devices_remark([*plain, *rounded]) == [
        "not all cells were trained alike, which changes scores a little: "
        f"{len(plain)} cells on cpu in float32, 1 cell on cuda in bfloat16"
    ]
