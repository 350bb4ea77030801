import sys
from pathlib import Path

import pytest
from sedpipe.errors import SettingsError
from sedpipe.features.encoders.encoder import Encoder
from sedpipe.features.encoders.runtimes import RUNTIMES, check_runtime, open_runner

EARS = Encoder("ears", "tflite", "ears.tflite", "0" * 64, 8_000, 800, 3)


def put(monkeypatch: pytest.MonkeyPatch, folder: Path, source: str) -> None:
    """Put another ``ai_edge_litert`` on the import path, before the installed one, if any."""
    (folder / "ai_edge_litert").mkdir()
    (folder / "ai_edge_litert" / "__init__.py").touch()
    (folder / "ai_edge_litert" / "interpreter.py").write_text(source)
    for name in [name for name in sys.modules if name.partition(".")[0] == "ai_edge_litert"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.syspath_prepend(folder)


@pytest.mark.parametrize("source", ["import no_such_library", "raise OSError('libfoo.so: no such file')", "1 +"])
def test_a_broken_runtime_is_reported_as_installed_but_not_importable(
    tmp_path, monkeypatch: pytest.MonkeyPatch, source: str
) -> None:
    put(monkeypatch, tmp_path, source)
    for tried in (lambda: check_runtime(EARS), lambda: open_runner(b"", EARS)):
        with pytest.raises(
            SettingsError,
            match=r"^the encoder ears needs LiteRT \(ai-edge-litert\), which is installed but cannot be imported: \w+",
        ) as caught:
            tried()
        assert caught.value.hint == "run `pip install --force-reinstall ai-edge-litert`"
    assert RUNTIMES["tflite"].is_installed


def test_the_error_for_a_missing_runtime_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(RUNTIMES, "tflite", RUNTIMES["tflite"]._replace(module="no_such_library"))
    with pytest.raises(SettingsError, match=r"which is not installed$") as caught:
        check_runtime(EARS)
    assert "sedpipe[encoders]" in caught.value.hint
