import tomllib
from dataclasses import replace
from pathlib import Path

import pytest
from sedpipe.events import Event
from sedpipe.io.lists.recordings import Recording, read_recordings
from sedpipe.io.manifests.compose import Shape, composed, safe_name
from sedpipe.labels import LabelSet

SHAPE = Shape(10.0, 8000, "windows", 0.2, "_")
DOG = Recording("site 1/a.wav", ("Dog",), (Event(0.5, 1.25, "Dog"),))


def test_a_dataset_is_a_toml_file_and_lists_with_a_row_per_label_or_per_event() -> None:
    quiet, tagged = Recording("b.wav", (), ()), Recording("c.wav", ("Cat", 'Air "horn", truck'), None)
    made = composed("birds", "../x", ["Cat", "Dog"], [DOG, quiet, tagged], SHAPE, "a story")
    content = tomllib.loads(made.toml)
    assert content["labels"] == ["Cat", "Dog"]
    assert (content["clip_s"], content["sample_rate"], content["long"]) == (10, 8000, "windows")
    weak, strong = "birds-training-weak.tsv", "birds-training-strong.tsv"
    assert content["splits"]["training"] == {"audio": "../x", "weak": weak, "strong": strong}
    assert content["splits"]["testing"] == {"from": "training", "share": 0.2, "group": "_"}
    horn = 'Air "horn", truck'
    assert made.lists[weak] == f"filename\tevent_label\nsite 1/a.wav\tDog\nb.wav\t\nc.wav\tCat\nc.wav\t{horn}\n"
    assert made.lists[strong] == (
        "filename\tonset\toffset\tevent_label\nsite 1/a.wav\t0.5\t1.25\tDog\nb.wav\t\t\t\n"
        f"c.wav\t0\t0\tCat\nc.wav\t0\t0\t{horn}\n"
    )


def test_given_splits_are_kept_and_no_strong_list_is_made_without_events() -> None:
    recordings = [Recording("a.wav", ("Dog",), split="training"), Recording("b.wav", ("Dog",), split="evaluation")]
    made = composed("birds", "x", ["Dog"], recordings, SHAPE, "")
    splits = tomllib.loads(made.toml)["splits"]
    assert {split: table["group"] for split, table in splits.items()} == {"training": "_", "evaluation": "_"}
    assert list(made.lists) == ["birds-training-weak.tsv", "birds-evaluation-weak.tsv"]


@pytest.mark.parametrize("text", ['a "quote"', "back\\slash", "tab\tand\x7f", "Vögel", "\U0001f426"])
def test_any_text_survives_in_the_toml(text: str) -> None:
    made = composed("birds", text, [text], [DOG], SHAPE, text)
    content = tomllib.loads(made.toml)
    assert content["labels"] == [text]
    assert content["description"] == content["splits"]["training"]["audio"] == text


def test_many_classes_do_not_make_long_lines() -> None:
    labels = [f"class number {n}" for n in range(40)]
    made = composed("birds", "x", labels, [DOG], SHAPE, "")
    assert tomllib.loads(made.toml)["labels"] == labels
    assert max(map(len, made.toml.splitlines())) < 120


@pytest.mark.parametrize(("text", "name"), [("My birds, 2024", "My-birds-2024"), ("..", "recordings"), ("-x", "x")])
def test_any_folder_name_becomes_a_safe_name(text: str, name: str) -> None:
    assert safe_name(text) == name


def test_lists_with_special_characters_in_recordings_and_classes_are_read_back(tmp_path: Path) -> None:
    labels = ('"Dog"', "Air horn, truck horn")
    recordings = [
        Recording("#3, evening.wav", ('"Dog"',), (Event(0.5, 1.25, '"Dog"'),)),
        Recording('"old tapes/1.wav', ("Air horn, truck horn",), None),
        Recording('"b".wav', (), ()),
    ]
    made = composed("birds", "x", labels, recordings, SHAPE, "")
    for name, text in made.lists.items():
        (tmp_path / name).write_text(text)
    paths = [tmp_path / f"birds-training-{kind}.tsv" for kind in ("weak", "strong")]
    nowhere = tuple(Event(0.0, 0.0, label) for label in recordings[1].labels)
    found, remarks = read_recordings(*paths, LabelSet(labels))
    assert found == [recordings[0], replace(recordings[1], events=nowhere), recordings[2]]
    assert not remarks
