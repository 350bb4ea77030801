import socket
from datetime import date
from importlib import metadata
from pathlib import Path

import pytest

from pipeline.stages import doctor as module
from pipeline.stages.doctor import Check, doctor


def found(cache: Path, **more: object) -> dict[str, Check]:
    report = doctor(cache, "demo", site=("127.0.0.1", 1), **more)  # type: ignore[arg-type]
    return {check.name: check for check in report.checks}


def test_here_everything_that_is_required_is_there_and_nothing_is_changed(tmp_path: Path) -> None:
    checks = found(tmp_path / "cache")
    assert [name for name, check in checks.items() if check.required and not check.ok] == []
    assert not (tmp_path / "cache").exists()


def test_what_is_lacking_comes_with_advice_and_what_is_there_without(tmp_path: Path) -> None:
    for check in found(tmp_path).values():
        assert check.ok != bool(check.advice), check


def test_the_network_is_there_if_the_site_answers(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        report = doctor(tmp_path, "demo", site=("127.0.0.1", server.getsockname()[1]))
    assert next(check for check in report.checks if check.name == "network").ok
    assert not found(tmp_path)["network"].ok


def test_an_old_yt_dlp_is_warned_of(tmp_path: Path) -> None:
    assert found(tmp_path, today=date(2020, 1, 1))["yt-dlp"].ok
    old = found(tmp_path, today=date(2099, 1, 1))["yt-dlp"]
    assert not old.ok
    assert "pip install -U yt-dlp" in old.advice


def test_without_a_javascript_runtime_it_names_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "javascript_runtimes", dict)
    assert "Deno" in found(tmp_path)["JavaScript runtime"].advice


def test_a_full_disk_is_required_to_be_emptied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BYTES_A_CLIP", 10**15)
    report = doctor(tmp_path, "demo", site=("127.0.0.1", 1))
    assert not report.is_healthy


def test_without_yt_dlp_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", missing)
    monkeypatch.setattr(metadata, "requires", missing)
    checks = found(tmp_path)
    assert "pip install" in checks["yt-dlp"].advice
    assert "pip install" in checks["yt-dlp-ejs"].advice
