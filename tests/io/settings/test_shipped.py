import pytest
from sedpipe.errors import ManifestError, SettingsError
from sedpipe.io.encoders.cards import ENCODERS
from sedpipe.io.settings.presets import PRESETS
from sedpipe.io.settings.recipes import RECIPES
from sedpipe.io.settings.shipped import Shelf

SHELVES = [PRESETS, RECIPES, ENCODERS]


@pytest.mark.parametrize("shelf", SHELVES, ids=lambda shelf: shelf.of)
def test_each_name_is_found_as_a_file_and_paths_are_kept(shelf: Shelf) -> None:
    assert len(shelf.names) >= 2
    for name in shelf.names:
        assert shelf.find(name) == shelf.folder / f"{name}.toml"
        assert shelf.find(name).is_file()
    for path in ("own.toml", "folder/own", "folder\\own", f"./{shelf.names[0]}"):
        assert str(shelf.find(path)) == path.removeprefix("./")


@pytest.mark.parametrize("shelf", SHELVES, ids=lambda shelf: shelf.of)
def test_a_misspelt_name_is_refused_with_the_nearest_and_all_known_names(shelf: Shelf) -> None:
    name = shelf.names[-1]
    with pytest.raises(SettingsError, match=rf"^{shelf.of} '{name}x' is not one of .*did you mean '{name}'") as caught:
        shelf.find(f"{name}x")
    assert all(known in caught.value.message for known in shelf.names)
    assert caught.value.hint == "or give the path of your own .toml"


def test_the_error_is_of_the_given_type_and_shows_the_name_safely() -> None:
    shelf = Shelf("dataset", PRESETS.folder, ManifestError)
    with pytest.raises(ManifestError) as caught:
        shelf.find("\x1b[2J" * 100)
    assert caught.value.message.isprintable()
    assert len(caught.value.message) < 300
