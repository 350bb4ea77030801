"""``sedpipe doctor``: what this machine has and lacks for a dataset, and what to do about it.

- :func:`doctor`: check the machine; changes nothing
"""

from __future__ import annotations

import importlib
import os
import re
import shutil
import socket
import subprocess
import sys
import urllib.request
import warnings
from collections.abc import Callable
from datetime import UTC, date, datetime
from importlib import metadata
from pathlib import Path
from urllib.parse import urlsplit

from sedpipe.features.encoders.runtimes import RUNTIMES
from sedpipe.io.cache.dataset import Dataset
from sedpipe.io.web.videos import javascript_runtimes
from sedpipe.reports.machine import Check, DoctorReport
from sedpipe.steps.expectation import BYTES_A_CLIP, clips_left

YOUTUBE = ("www.youtube.com", 443)
OLDEST_DAYS = 60
"""Maximum age of yt-dlp in days: an older one may report every video as gone."""

LEAST_VERSIONS = {"deno": 2, "node": 20}
"""Oldest usable version of each JavaScript runtime for which yt-dlp requires a minimum."""

_NETWORK_S = 5.0
_PROXY_PORTS = {"https": 443, "socks5": 1080, "socks5h": 1080, "socks4": 1080, "socks4a": 1080}


def doctor(
    cache_dir: Path,
    dataset: str,
    *,
    address: str = "",
    site: tuple[str, int] = YOUTUBE,
    today: date | None = None,
) -> DoctorReport:
    """Check everything that the stages need.

    Parameters
    ----------
    cache_dir : Path
        Folder of the cache.
    dataset : str
        Name of the dataset whose disk space is estimated.
    address : str, optional
        Name of the dataset or path of its TOML, as commands take it; by default the name.
    site : tuple of str and int
        Host and port of the site that videos are downloaded from.
    today : date, optional
        Date from which the age of yt-dlp is computed; by default today (UTC).
    """
    looks: list[Callable[[], Check]] = [
        _python,
        lambda: _cache(cache_dir),
        lambda: _disk(cache_dir, dataset, address or dataset),
        _decoder,
        _sed_eval,
        _torch,
        _encoders,
        lambda: _yt_dlp(today or datetime.now(UTC).date()),
        _yt_dlp_scripts,
        _javascript,
        lambda: _network(site),
    ]
    checks = [look() for look in looks]
    return DoctorReport(dataset, checks, all(check.ok or not check.required for check in checks))


def _python() -> Check:
    found = ".".join(map(str, sys.version_info[:3]))
    ok = sys.version_info >= (3, 11)
    return Check("Python", ok, found, "" if ok else "install Python 3.11 or newer")


def _cache(cache_dir: Path) -> Check:
    there = _nearest(cache_dir)
    ok = there.is_dir() and os.access(there, os.W_OK)
    return Check(
        "cache", ok, f"{cache_dir} {'can' if ok else 'cannot'} be written", "name another with --cache" * (not ok)
    )


def _disk(cache_dir: Path, dataset: str, address: str) -> Check:
    free = shutil.disk_usage(_nearest(cache_dir)).free
    needed = clips_left(Dataset(cache_dir, dataset), address) * BYTES_A_CLIP
    found = f"{free / 1e9:.1f} GB free, about {needed / 1e9:.1f} GB still needed for {dataset}"
    return Check("disk", free > needed, found, "free some space, or name another disk with --cache" * (free <= needed))


def _decoder() -> Check:
    return _imported("decoder", "av", "PyAV", "pip install av")


def _sed_eval() -> Check:
    return _imported("sed_eval", "sed_eval", "sed_eval", 'pip install "setuptools<81" sed_eval')


def _imported(name: str, module: str, distribution: str, advice: str) -> Check:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # sed_eval's dependencies emit warnings about their own dependencies
            importlib.import_module(module)
    except Exception as error:  # a broken library may raise anything
        return Check(name, False, f"{distribution} cannot be imported: {error}", advice)
    return Check(name, True, f"{distribution} {_version(module)}")


def _torch() -> Check:
    try:
        import torch
    except Exception as error:  # a broken library may raise anything
        return Check("torch", False, f"cannot be imported: {error}", "pip install torch")
    if torch.cuda.is_available():
        properties = torch.cuda.get_device_properties(0)
        device = f"{properties.name} with {properties.total_memory / 2**30:.0f} GB"
    else:
        device = f"no GPU, {torch.get_num_threads()} threads"
    return Check("torch", True, f"{torch.__version__}, {device}")


def _encoders() -> Check:
    """Check the libraries that run pretrained encoders; only users of encoders need them."""
    runtimes = [RUNTIMES[name] for name in ("tflite", "onnx")]
    trouble = {runtime: runtime.trouble for runtime in runtimes if runtime.trouble}
    found = ", ".join(f"{one.title} {trouble.get(one) or _version(one.distribution)}" for one in runtimes)
    broken = [one.distribution for one in trouble if one.is_installed]
    advice = f"pip install --force-reinstall {' '.join(broken)}" if broken else ""
    return Check("encoders", not broken, f"{found} (only --encoder needs them)", advice, required=False)


def _yt_dlp(today: date) -> Check:
    version = _version("yt-dlp")
    match = re.match(r"(\d{4})\.(\d{1,2})\.(\d{1,2})", version)
    if match is None:
        return Check("yt-dlp", False, version or "not installed", "pip install -U yt-dlp yt-dlp-ejs")
    days = (today - date(*map(int, match.groups()))).days
    ok = days <= OLDEST_DAYS
    advice = "" if ok else "pip install -U yt-dlp yt-dlp-ejs: with an old one, every video seems gone"
    return Check("yt-dlp", ok, f"{version}, {days} days old", advice, required=False)


def _yt_dlp_scripts() -> Check:
    """Check yt-dlp-ejs, the JavaScript of yt-dlp: yt-dlp requires one exact version of it."""
    try:
        required = metadata.requires("yt-dlp") or []
    except metadata.PackageNotFoundError:
        required = []
    wanted = next((line for line in required if line.startswith("yt-dlp-ejs")), "")
    pin = re.search(r"==\s*([\w.]+)", wanted)
    found = _version("yt-dlp-ejs")
    ok = bool(found) and (pin is None or pin[1] == found)
    advice = "" if ok else f'pip install "yt-dlp-ejs{"==" + pin[1] if pin else ""}"'
    return Check("yt-dlp-ejs", ok, found or "not installed", advice, required=False)


def _javascript() -> Check:
    advice = "install Deno 2 (https://deno.com) or Node.js 20 or newer: YouTube's players need one"
    found = {name: _asked(path) for name, path in javascript_runtimes().items()}
    usable = {name: version for name, version in found.items() if _major(version) >= LEAST_VERSIONS.get(name, 0)}
    listed = ", ".join(f"{name} {version}" for name, version in found.items()) or "none"
    return Check("JavaScript runtime", bool(usable), listed, "" if usable else advice, required=False)


def _asked(program: str) -> str:
    try:
        answer = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=10, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return "that does not start"
    match = re.search(r"\d+(\.\d+)*", answer)
    return match[0] if match else "of unknown version"


def _major(version: str) -> int:
    match = re.match(r"\d+", version)
    return int(match[0]) if match else -1


def _network(site: tuple[str, int]) -> Check:
    """Check whether the site answers, or the proxy that the environment sets for it."""
    proxy = _proxy_for(site[0])
    host, port = proxy or site
    name = f"the proxy {host}:{port}" if proxy else host
    try:
        socket.create_connection((host, port), timeout=_NETWORK_S).close()
    except OSError as error:
        advice = "check the network; behind a proxy, use `sedpipe download --proxy URL`; or bring audio with --from"
        return Check("network", False, f"{name} cannot be reached: {error.strerror or error}", advice, required=False)
    return Check("network", True, f"{name} answers", required=False)


def _proxy_for(host: str) -> tuple[str, int] | None:
    """Return host and port of the proxy that yt-dlp would take from the environment, if there is one."""
    proxies = urllib.request.getproxies()
    address = proxies.get("https") or proxies.get("all")
    if not address or urllib.request.proxy_bypass(host):
        return None
    parts = urlsplit(address if "//" in address else f"//{address}")
    return (parts.hostname, parts.port or _PROXY_PORTS.get(parts.scheme, 80)) if parts.hostname else None


def _nearest(path: Path) -> Path:
    """Return the path, or the closest folder above it that exists."""
    path = path.absolute()
    return next(folder for folder in (path, *path.parents) if folder.exists())


def _version(distribution: str) -> str:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return ""
