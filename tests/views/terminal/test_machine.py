from sedpipe.io.cache.disk_usage import CacheItem
from sedpipe.reports.machine import CacheReport, Check, DoctorReport, PruneReport
from sedpipe.views.terminal.machine import cache_lines, doctor_lines, prune_lines


def test_doctor_gives_advice_if_something_is_missing() -> None:
    checks = [
        Check("ffmpeg", ok=False, found="none", advice="install it"),
        Check("yt-dlp", ok=False, found="old", required=False),
        Check("Python", ok=True, found="3.11"),
    ]
    assert doctor_lines(DoctorReport("d", checks, is_healthy=False)) == [
        "MISSING  ffmpeg: none",
        "           install it",
        "note     yt-dlp: old",
        "ok       Python: 3.11",
    ]


def test_cache_sizes_are_shown_in_human_readable_units() -> None:
    when = "2026-01-02T03:04:05+00:00"
    items = [
        CacheItem("a", "features", "d", 7, 1, when, {"n_mels": 80}),
        CacheItem("b", "run", "d", 1_500, 1, when, link="/elsewhere"),
        CacheItem("c", "run", "d", 4_130_000_000, 1, when),
        CacheItem("d", "run", "d", 3_000_000_000_000, 1, when),
    ]
    assert cache_lines(CacheReport(items, 10)) == [
        "      7 B  2026-01-02  a  n_mels 80",
        "   1.5 kB  2026-01-02  b -> /elsewhere",
        "   4.1 GB  2026-01-02  c",
        "   3.0 TB  2026-01-02  d",
        "     10 B  in all",
    ]
    assert prune_lines(PruneReport(items[:1], {"b": "it is a link"}, 7)) == [
        "freed a",
        "kept b: it is a link",
        "7 B freed",
    ]
