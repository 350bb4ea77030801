"""The package that people install, and the program that they start."""

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
import sedpipe

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "pipeline"


def run(*command: object, cwd: Path, **environment: str) -> str:
    done = subprocess.run(
        [os.fspath(part) if isinstance(part, Path) else str(part) for part in command],
        cwd=cwd, env={**os.environ, **environment}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def built(kind: str, checkout: Path, into: Path) -> Path:
    pytest.importorskip("hatchling", reason="hatchling, which builds sedpipe, is not installed here")
    run(sys.executable, "-m", "hatchling", "build", "-t", kind, "-d", into, cwd=checkout)
    (made,) = into.iterdir()
    return made


def names_in(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built("wheel", ROOT, tmp_path_factory.mktemp("wheel"))


def test_the_wheel_holds_sedpipe_and_nothing_else(wheel: Path) -> None:
    names = names_in(wheel)
    assert {name.split("/")[0] for name in names} == {"sedpipe", f"sedpipe-{sedpipe.__version__}.dist-info"}
    assert {"sedpipe/py.typed", "sedpipe/manifests/esc10.toml", "sedpipe/presets/paper.toml"} <= names
    assert "sedpipe/models/esc10/model.safetensors" in names
    assert "sedpipe/models/esc10-yamnet/model.safetensors" in names
    assert not any("__pycache__" in name or name.endswith((".nbi", ".nbc")) for name in names)


def test_a_wheel_built_from_the_sdist_has_the_same_files_as_one_from_the_checkout(wheel: Path, tmp_path: Path) -> None:
    sdist = built("sdist", ROOT, tmp_path / "sdist")
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path / "unpacked", filter="data")
    (checkout,) = (tmp_path / "unpacked").iterdir()
    assert names_in(built("wheel", checkout, tmp_path / "wheel")) == names_in(wheel)


def test_the_installed_package_finds_its_manifests_and_presets(wheel: Path, tmp_path: Path) -> None:
    shutil.unpack_archive(wheel, tmp_path / "site", "zip")
    code = (
        "import sedpipe; from sedpipe.io.manifests.load import manifest_names; "
        "from sedpipe.io.settings.presets import preset_names; "
        "print(sedpipe.__file__, manifest_names(), preset_names())"
    )
    said = run(sys.executable, "-c", code, cwd=tmp_path, PYTHONPATH=str(tmp_path / "site"))
    assert said.startswith(str(tmp_path / "site"))
    assert all(name in said for name in ("esc10-fold4", "dcase2017-task4", "small"))


@pytest.fixture
def folder_with_namesakes(tmp_path: Path) -> Path:
    """A user's folder with files whose names sedpipe's own files once had."""
    for name in ("cli.py", "pipeline.py"):
        (tmp_path / name).write_text("raise SystemExit('not sedpipe')\n")
    (tmp_path / "pipeline").mkdir()
    (tmp_path / "pipeline" / "__init__.py").write_text("raise SystemExit('not sedpipe')\n")
    return tmp_path


def test_module_and_checkout_run_alike_despite_namesakes_in_the_current_folder(folder_with_namesakes: Path) -> None:
    as_module = run(sys.executable, "-m", "sedpipe", "--help", cwd=folder_with_namesakes, PYTHONPATH=str(SOURCE))
    in_checkout = run(sys.executable, ROOT / "cli.py", "--help", cwd=folder_with_namesakes, PYTHONPATH="")
    assert as_module == in_checkout
    assert as_module.strip().startswith("Usage: sedpipe ")


def test_importing_sedpipe_imports_neither_torch_nor_numpy(tmp_path: Path) -> None:
    heavy = "{'torch', 'numpy', 'click', 'pydantic'} & {*sys.modules}"
    code = f"import sys, sedpipe; print({heavy}, 'load_model' in dir(sedpipe))"
    assert run(sys.executable, "-c", code, cwd=tmp_path, PYTHONPATH=str(SOURCE)).strip() == "set() True"


def test_an_unknown_attribute_raises_an_error_that_lists_the_known_ones() -> None:
    with pytest.raises(AttributeError, match=r"has no attribute 'load_models'; it has Event, .*load_model"):
        sedpipe.load_models  # noqa: B018
