import pytest
from sedpipe.io.lists.names import recording_of_list


@pytest.mark.parametrize(
    ("name", "recording"),
    [
        ("a.txt", "a"),
        ("a.wav.tsv", "a.wav"),
        ("site 1.Table.1.selections.txt", "site 1"),
        ("a.BirdNET.selection.table.txt", "a"),
        ("a.BirdNET.results.csv", "a"),
        ("a_labels.TXT", "a"),
        ("labels.txt", "labels"),
        ("a.b.json", "a.b"),
        ("a", "a"),
    ],
)
def test_the_recording_of_a_list_is_derived_from_its_file_name(name: str, recording: str) -> None:
    assert recording_of_list(name) == recording
