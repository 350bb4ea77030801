import re
import socket
from datetime import date
from importlib import metadata
from pathlib import Path

import pytest
from sedpipe.clips import Clip
from sedpipe.fates import Fate
from sedpipe.features.encoders.runtimes import RUNTIMES
from sedpipe.io.cache.dataset import Dataset
from sedpipe.io.cache.ledger import Ledger
from sedpipe.io.lists.clips import write_clips
from sedpipe.io.records.dataset import DatasetRecord
from sedpipe.reports.machine import Check
from sedpipe.stages import doctor as module
from sedpipe.stages.doctor import doctor
from sedpipe.steps.expectation import BYTES_A_CLIP


def found(cache: Path, **more: object) -> dict[str, Check]:
    report = doctor(cache, "demo", site=("127.0.0.1", 1), **more)  # type: ignore[arg-type]
    return {check.name: check for check in report.checks}


def test_all_required_checks_pass_here_and_nothing_is_written(tmp_path: Path) -> None:
    checks = found(tmp_path / "cache")
    assert [name for name, check in checks.items() if check.required and not check.ok] == []
    assert not (tmp_path / "cache").exists()


def test_only_failed_checks_have_advice(tmp_path: Path) -> None:
    for check in found(tmp_path).values():
        assert check.ok != bool(check.advice), check


def test_the_network_check_passes_if_the_site_answers(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        report = doctor(tmp_path, "demo", site=("127.0.0.1", server.getsockname()[1]))
    assert next(check for check in report.checks if check.name == "network").ok
    assert not found(tmp_path)["network"].ok


def network_through(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, proxy: str) -> Check:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("https_proxy", proxy)
    report = doctor(tmp_path, "demo", site=("www.example.org", 443))
    return next(check for check in report.checks if check.name == "network")


def test_behind_a_proxy_the_network_check_contacts_the_proxy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        check = network_through(monkeypatch, tmp_path, f"http://127.0.0.1:{port}")
        assert (check.ok, check.found) == (True, f"the proxy 127.0.0.1:{port} answers")
    assert not network_through(monkeypatch, tmp_path, f"socks5://127.0.0.1:{port}").ok


def needed(cache: Path, dataset: str, address: str = "") -> float:
    report = doctor(cache, dataset, address=address, site=("127.0.0.1", 1))
    found = next(check.found for check in report.checks if check.name == "disk")
    match = re.search(r"about ([\d.]+) GB still needed", found)
    assert match is not None
    return float(match[1])


def test_disk_space_is_estimated_for_the_clips_still_to_download(tmp_path: Path) -> None:
    assert needed(tmp_path, "dcase2017-task4") == pytest.approx(52_763 * BYTES_A_CLIP / 1e9, abs=0.1)
    assert needed(tmp_path, "no-such-dataset") == 0
    cache = Dataset(tmp_path, "videos")
    clips = [Clip(f"{n}", "training", f"{n}", 0.0, 10.0, ("Car",)) for n in range(4000)]
    cache.write_record(DatasetRecord(dataset="videos", fingerprint="1", labels=("Car",), listed={"training": 4000}))
    write_clips(cache.clips_path, clips)
    everything = needed(tmp_path, "videos")
    with Ledger(cache.folder) as ledger:
        for clip in clips[:2000:2]:
            ledger.record(Fate(clip.split, clip.clip_id, "gone", "removed"))
    assert needed(tmp_path, "videos") == pytest.approx(everything * 3 / 4, abs=0.11)


def test_an_outdated_yt_dlp_is_reported_with_advice(tmp_path: Path) -> None:
    assert found(tmp_path, today=date(2020, 1, 1))["yt-dlp"].ok
    old = found(tmp_path, today=date(2099, 1, 1))["yt-dlp"]
    assert not old.ok
    assert "pip install -U yt-dlp" in old.advice


def test_without_a_javascript_runtime_the_advice_names_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "javascript_runtimes", dict)
    assert "Deno" in found(tmp_path)["JavaScript runtime"].advice


def test_too_little_disk_space_is_unhealthy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BYTES_A_CLIP", 10**15)
    report = doctor(tmp_path, "demo", site=("127.0.0.1", 1))
    assert not report.is_healthy


def test_a_missing_yt_dlp_gives_installation_advice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", missing)
    monkeypatch.setattr(metadata, "requires", missing)
    checks = found(tmp_path)
    assert "pip install" in checks["yt-dlp"].advice
    assert "pip install" in checks["yt-dlp-ejs"].advice


def test_encoder_runtimes_are_reported_and_optional(monkeypatch: pytest.MonkeyPatch) -> None:
    check = module._encoders()
    assert (check.ok, check.required) == (True, False)
    assert re.match(r"LiteRT \d\S+, ONNX Runtime \d\S+ \(only --encoder", check.found)
    monkeypatch.setitem(RUNTIMES, "tflite", RUNTIMES["tflite"]._replace(module="no_such_library"))
    check = module._encoders()
    assert (check.ok, check.advice) == (True, "")
    assert check.found.startswith("LiteRT is not installed, ONNX Runtime ")


def test_a_broken_encoder_runtime_is_reported_with_the_command_that_repairs_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "broken_runtime.py").write_text("raise ImportError('no libfoo')")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(RUNTIMES, "tflite", RUNTIMES["tflite"]._replace(module="broken_runtime"))
    check = module._encoders()
    assert (check.ok, check.required) == (False, False)
    assert "cannot be imported: ImportError: no libfoo" in check.found
    assert check.advice == "pip install --force-reinstall ai-edge-litert"
