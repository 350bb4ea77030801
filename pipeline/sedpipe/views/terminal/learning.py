"""Reports of the commands that train, reproduce and export -> lines of text, without line ends.

- :func:`train_lines`, :func:`dry_run_lines`
- :func:`reproduce_lines`, :func:`figure5_lines`
- :func:`export_lines`
- :func:`encoders_lines`, :func:`fetch_lines`
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sedpipe.wording import counted

if TYPE_CHECKING:
    from sedpipe.io.records.run import TrainReport
    from sedpipe.reports.learning import (
        DryRunReport,
        EncodersReport,
        ExportReport,
        FetchReport,
        ListedEncoder,
        OwnEncoder,
    )
    from sedpipe.reports.tables import FigureReport, ReproduceReport


def train_lines(report: TrainReport, following: str) -> list[str]:
    """Return what was trained, and ``following``, the command to run next."""
    loss = report.validation_loss
    best = "not trained" if loss is None else f"best {report.best_epoch} (validation loss {loss:.4f})"
    return [
        f"{report.run}: {report.parameters:,} parameters, {counted(report.epochs, 'epoch')}, {best}, "
        f"{report.seconds:.0f} s",
        f"next: {following}",
    ]


def dry_run_lines(report: DryRunReport) -> list[str]:
    """Return the network layer by layer, and the memory and time that training takes."""
    lines = [f"{'layer':<20}{'kind':<18}{'output of a clip':>18}{'parameters':>13}{'multiply-adds':>17}"]
    for row in report.layers:
        shape = " x ".join(map(str, row.shape))
        lines.append(f"{row.name:<20}{row.kind:<18}{shape:>18}{row.parameters:>13,}{row.multiply_adds:>17,}")
    each = f" in each of {report.devices} processes" if report.devices > 1 else ""
    return [
        *lines,
        f"{'together':<56}{report.parameters:>13,}{report.multiply_adds:>17,}",
        f"memory: about {report.memory_bytes / 2**30:.1f} GiB{each} at a batch size of {report.batch_size}",
        f"time: {report.clips_per_second:.1f} clips/s in one measured step; an epoch of "
        f"{counted(report.clips, 'clip')} about {report.epoch_seconds / 60:.1f} min, "
        f"at most {counted(report.epochs, 'epoch')}",
    ]


def reproduce_lines(report: ReproduceReport) -> list[str]:
    """Return how many cells of a table are done, which failed and why, and the path of the table."""
    done, in_all = report.cells["all"] - report.cells["missing"], counted(report.cells["all"], "cell")
    return [
        f"{report.table} on {report.dataset}: {done} of {in_all}, {report.cells['made']} new",
        *(f"failed: {name}: {reason}" for name, reason in report.failed.items()),
        *([f"{report.folder}/table.md"] if done else []),
    ]


def figure5_lines(report: FigureReport) -> list[str]:
    """Return what was drawn, and the path of the figure."""
    return [f"{report.path}: {report.clip} of {report.split} by {len(report.runs)} systems"]


def export_lines(report: ExportReport) -> list[str]:
    """Return the files written, differences from PyTorch's output, encoders that are also needed, and stale files."""
    parity = ", ".join(f"{difference:.1e} (batch {size})" for size, difference in report.parity.items())
    told = [f"largest difference from PyTorch: {parity}"] if parity else []
    needs = [
        f"needs the encoder {encoder.name}, which these files do not contain: {encoder.how} brings it into a cache"
        for encoder in report.needs
    ]
    stale = [
        f"note: {path} is from an earlier export and, as far as is known, of another model: export that format again, "
        "or delete it"
        for path in report.of_another_model
    ]
    return [*report.files, *told, *needs, *stale]


def encoders_lines(report: EncodersReport) -> list[str]:
    """Return a few lines for each encoder, one for each of the user's own encoders, and how an encoder is used."""
    lines = [line for encoder in report.encoders for line in _encoder_lines(encoder)]
    lines += [f"your own: {_own_line(encoder)}" for encoder in report.own]
    return [*lines, "use with: features, train --encoder NAME; downloaded files serve all datasets of the cache"]


def fetch_lines(report: FetchReport) -> list[str]:
    """Return the same lines as :func:`encoders_lines` for the encoder that was fetched."""
    return _encoder_lines(report.encoder)


def _encoder_lines(encoder: ListedEncoder) -> list[str]:
    where = encoder.file or f"not downloaded: `{encoder.fetch}`"
    if encoder.fault:
        where = f"{encoder.file}: damaged, {encoder.fault}: `{encoder.fetch}` replaces it"
    heard = f"; possibly also on {', '.join(encoder.heard)}: scores there say so" if encoder.heard else ""
    return [
        f"{encoder.name}: {encoder.title}, {encoder.dimensions} values every {encoder.hop_s:g} s, "
        f"sample rate {encoder.sample_rate:,} Hz",
        f"  trained on {encoder.trained_on}{heard}",
        f"  {encoder.licence}, {encoder.bytes / 1e6:.1f} MB, sha256 {encoder.sha256[:16]}...",
        f"  {where}",
    ]


def _own_line(encoder: OwnEncoder) -> str:
    fault = f": damaged, {encoder.fault}; `encoders fetch` with its TOML replaces it" if encoder.fault else ""
    return f"{encoder.file}, {encoder.bytes:,} bytes, sha256 {encoder.sha256[:16]}...{fault}"
