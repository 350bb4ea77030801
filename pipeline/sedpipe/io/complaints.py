"""Validation errors of pydantic as one sentence: key path, what was found, what was expected.

Forms are the tables of TOML files (manifests, settings) and the records that sedpipe writes as JSON.

- :func:`first_complaint`: a validation error -> the sentence
- :func:`shown`: a value as the sentence quotes it
"""

from __future__ import annotations

import reprlib
from collections.abc import Iterable, Iterator
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from sedpipe.printable import printable, shortened
from sedpipe.suggestions import did_you_mean

_MOST_SHOWN = 60
_MOST_OF_A_KEY = 40
_MOST_OF_A_COMPLAINT = 250
_REPR = reprlib.Repr()  # a value in a damaged file may take megabytes
_REPR.maxstring = _REPR.maxother = _REPR.maxlong = _MOST_SHOWN
_REPR.maxlist = _REPR.maxtuple = _REPR.maxdict = 20
_TYPES_IN_WORDS = {
    "dataclass_type": "a table",
    "dict_type": "a table",
    "float_type": "a number",
    "int_type": "a whole number",
    "model_type": "a table",
    "string_type": "text in quotes",
    "too_long": "at most {max_length} items",
    "too_short": "at least {min_length} items",
    "tuple_type": "an array",
}


def first_complaint(error: ValidationError, form: type[BaseModel] | None = None) -> str:
    """Describe the most telling error: an unknown key first, since it is why another key seems to be missing.

    Parameters
    ----------
    error : ValidationError
    form : type of BaseModel, optional
        The form that was validated, if it forbids unknown keys: its keys are suggested.
    """
    details = error.errors(include_url=False)
    first = min(details, key=lambda detail: detail["type"] != "extra_forbidden")
    more = f" (and {len(details) - 1} more)" if len(details) > 1 else ""
    return shortened(_sentence(first, form), _MOST_OF_A_COMPLAINT) + more


def _sentence(detail: ErrorDetails, form: type[BaseModel] | None) -> str:
    if detail["type"] == "json_invalid":
        return f"not JSON: {detail['ctx']['error']}"
    keys = [str(key) for key in detail["loc"] if key != "[key]"]
    where = printable(".".join(shortened(key, _MOST_OF_A_KEY) for key in keys))
    if detail["type"] == "extra_forbidden" and form is not None:
        known = _keys_at(form, keys[:-1])
        meant = did_you_mean(keys[-1], known) or f"; known: {', '.join(known)}"
        return f"{where}: unknown key{meant}"
    if detail["type"] == "missing":
        return f"{where} is missing"
    if detail["type"] == "value_error":
        message = detail["msg"].removeprefix("Value error, ")
        if isinstance(detail["input"], dict):  # a table is too long to be shown: the message says what is wrong in it
            return f"{where}: {message}" if where else message
        joint = "," if message.startswith("expected") else ":"
        return f"{where}: found {shown(detail['input'])}{joint} {message}"
    return f"{where}{': ' if where else ''}found {shown(detail['input'])}, expected {_expected(detail)}"


def _expected(detail: ErrorDetails) -> str:
    words = _TYPES_IN_WORDS.get(detail["type"])
    if words is not None:
        return words.format(**detail.get("ctx", {}))
    expected = detail["msg"].removeprefix("Input should be ").removeprefix("Input should ")
    return expected[:1].lower() + expected[1:]


def shown(value: Any) -> str:
    """Return a value as Python writes it, cut if it is long."""
    text = _REPR.repr(list(value) if isinstance(value, tuple) else value)
    return text if len(text) <= _MOST_SHOWN else text[:_MOST_SHOWN] + "..."


def _keys_at(form: type[BaseModel], keys: Iterable[str]) -> list[str]:
    """Return the keys that the table at ``keys`` may have."""
    for key in keys:
        field = form.model_fields.get(key)
        if field is None:
            continue  # the name of a split
        form = next(_forms_in(field.annotation), form)
    return [field.alias or name for name, field in form.model_fields.items()]


def _forms_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _forms_in(argument)
