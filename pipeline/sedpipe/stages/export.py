"""``sedpipe export``: a trained model as files for other programs.

- :func:`export`: write safetensors or ONNX, with everything that is needed to use the model
"""

from __future__ import annotations

from pathlib import Path

from sedpipe.errors import SettingsError
from sedpipe.features.encoders.encoder import NeedsEncoders
from sedpipe.features.spec import FeatureSpec
from sedpipe.io.cache.dataset import Dataset
from sedpipe.io.encoders.kept import fetch_hint
from sedpipe.io.files.atomic import remove_leftovers
from sedpipe.io.files.locks import wait_for
from sedpipe.io.models.exports import (
    GRAPH,
    not_described,
    of_another_program,
    write_config,
    write_export,
    write_onnx,
)
from sedpipe.io.models.open import open_model
from sedpipe.reports.learning import ExportReport, NeededEncoder

FORMATS = ("safetensors", "onnx")
LOCK = ".export.lock"


def export(
    run: str, *, cache: Dataset | None = None, out: Path | None = None, form: str = "safetensors"
) -> ExportReport:
    """Write a model in a format that other programs can read.

    Parameters
    ----------
    run : str
        Name or path of a model, as :func:`sedpipe.io.models.open.open_model` takes it.
    cache : Dataset, optional
        Dataset whose runs can be named.
    out : Path, optional
        Folder to write to; by default ``export`` in the run's folder.
    form : str
        Format of the export: ``safetensors`` (weights, which ``sedpipe predict --model`` can load) or ``onnx``.

    Raises
    ------
    MissingStageError
        If the model does not exist.
    SettingsError
        If a package is missing, or if the export would overwrite the model that it is made from, or the model of
        another program.
    SedpipeError
        If the ONNX file would not compute the same.
    ValueError
        If the format is neither ``safetensors`` nor ``onnx``.
    """
    if form not in FORMATS:
        raise ValueError(f"format must be one of {', '.join(FORMATS)}, got {form!r}")
    model = open_model(run, cache, "cpu")
    folder = out if out is not None else model.folder / "export"
    if folder.resolve() == model.folder.resolve():
        raise SettingsError(f"{folder} is the folder of the model itself", hint="name another folder with --out")
    theirs = of_another_program(folder, model.trained, form)
    if theirs is not None:
        raise SettingsError(
            f"{folder} contains a {theirs.name} of another program, which would be overwritten",
            hint="name another folder with --out",
        )
    with wait_for(folder / LOCK):  # weights and description must belong to the same model
        remove_leftovers(folder)
        before = not_described(folder, model.trained)
        differences = {} if form == "safetensors" else write_onnx(folder / GRAPH, model.trained)
        if form == "safetensors":
            files = write_export(folder, model.trained)
        else:
            files = [folder / GRAPH, write_config(folder, model.trained)]
    return ExportReport(
        model=str(model.folder),
        format=form,
        files=[str(path) for path in files],
        parity={str(size): difference for size, difference in differences.items()},
        needs=_needed(model.trained.spec),
        of_another_model=[str(path) for path in before if path not in files],
    )


def _needed(spec: FeatureSpec) -> list[NeededEncoder]:
    front_end = spec.front_end
    encoders = front_end.encoders if isinstance(front_end, NeedsEncoders) else ()
    return [NeededEncoder(one.name, one.file, one.sha256, fetch_hint(one)) for one in encoders]
