import subprocess
import sys
from pathlib import Path

import sedpipe
from sedpipe import choices


def test_each_list_names_each_choice_once() -> None:
    lists = [value for value in vars(choices).values() if isinstance(value, tuple)]
    assert len(lists) >= 6
    assert all(len(set(names)) == len(names) for names in lists)
    assert choices.TUNED_ON in choices.SPLITS


def test_importing_choices_imports_no_heavy_package() -> None:
    code = (
        "import sys; before = set(sys.modules); import sedpipe.choices; "
        "print(sorted(name for name in set(sys.modules) - before if not name.startswith('sedpipe')))"
    )
    said = subprocess.check_output(
        [
            sys.executable,
            "-S",
            "-c",
            f"import sys; sys.path.insert(0, {str(Path(sedpipe.__file__).parents[1])!r}); {code}",
        ],
        text=True,
    )
    loaded = set(eval(said))
    assert not loaded & {"torch", "numpy", "pydantic", "click", "h5py"}
