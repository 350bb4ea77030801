"""Bytes that claim to come from torch.save: some do, others are malicious."""

import codecs
import io
import os
import pickle
import zipfile
from pathlib import PurePosixPath

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sedpipe.tensors import values_of

plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda values: (
        st.lists(values, max_size=4)
        | st.tuples(values, values)
        | st.dictionaries(st.text(max_size=3) | st.tuples(st.integers(), st.text(max_size=2)), values, max_size=3)
    ),
    max_leaves=30,
)


def saved(values: object) -> bytes:
    buffer = io.BytesIO()
    torch.save(values, buffer)
    return buffer.getvalue()


def of_pickle(program: bytes, called: str = "data.pkl", values: object = ()) -> bytes:
    """Return what ``torch.save`` writes, but with the given opcodes as its pickle."""
    changed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(saved(values))) as old, zipfile.ZipFile(changed, "w") as new:
        for member in old.infolist():
            folder, _, name = member.filename.rpartition("/")
            is_pickle = name == "data.pkl"
            new.writestr(f"{folder}/{called if is_pickle else name}", program if is_pickle else old.read(member))
    return changed.getvalue()


TABLE, STORAGE = b"ccollections\nOrderedDict\n", b"(X\7\0\0\0storagectorch\nFloatStorage\nX\1\0\0\x000X\3\0\0\0cpuK\1tQ"
# a tensor of one number that claims to have two million rows of two
ROWS = b"ctorch._utils\n_rebuild_tensor_v2\n(" + STORAGE + b"K\0J\x80\x84\x1e\0K\2\x86K\0K\0\x86\x89" + TABLE + b")RtR"


def in_tuples(depth: int) -> bytes:
    """Return a pickle of a dictionary whose key is ``depth`` nested tuples."""
    return b"\x80\x02})" + b"\x85" * (depth - 1) + b"K\x01s."


@given(plain)
def test_plain_values_are_restored(values):
    assert values_of(saved(values)) == values


def test_many_values_used_in_several_places_are_restored():
    pairs = [(k, str(k), 0.5, None) for k in range(300)]
    assert values_of(saved([pairs, pairs[::-1], {pair: [pair] for pair in pairs}])) == [
        pairs, pairs[::-1], {pair: [pair] for pair in pairs}
    ]  # fmt: skip


def test_executable_content_is_refused_and_not_run(tmp_path):
    class Payload:
        def __reduce__(self) -> tuple[object, ...]:
            return os.mkdir, (str(tmp_path / "ran"),)

    for values in (Payload(), {"weights": [Payload()]}):
        with pytest.raises(ValueError, match="contains more than tensors and plain values"):
            values_of(saved(values))
    assert not (tmp_path / "ran").exists()


def test_an_explicitly_allowed_type_is_accepted_in_that_call_only():
    raw = saved({"at": PurePosixPath("a/b")})
    with pytest.raises(ValueError, match="contains more than tensors"):
        values_of(raw)
    assert values_of(raw, [PurePosixPath]) == {"at": PurePosixPath("a/b")}
    with pytest.raises(ValueError, match="contains more than tensors"):  # allowed in that call only
        values_of(raw)


def test_tensors_that_claim_more_values_than_the_file_has_bytes_are_refused():
    row = torch.zeros(1, dtype=torch.float64)
    size = len(saved(row.expand(100)))
    assert torch.equal(values_of(saved(row.expand(size // 16))), row.expand(size // 16))
    with pytest.raises(ValueError, match="its tensors claim more values than the file has bytes"):
        values_of(saved(row.expand(size // 4)))


def test_tensors_are_restored_alone_and_in_dictionaries():
    weights = torch.rand(3, 2)
    assert torch.equal(values_of(saved(weights)), weights)
    assert torch.equal(values_of(saved([{"weights": weights}]))[0]["weights"], weights)


def test_a_single_flipped_bit_in_a_weight_is_detected():
    weights = torch.arange(7, 107, dtype=torch.float32)
    raw, values = bytearray(saved({"weights": weights})), weights.numpy().tobytes()
    assert raw.count(values) == 1
    raw[raw.index(values) + 200] ^= 1
    with pytest.raises(ValueError, match="it is damaged"):
        values_of(bytes(raw))


@pytest.mark.parametrize(
    "lists",
    [
        # 60 lists, each of which contains the next one twice
        b"".join(b"]q" + bytes([k]) for k in range(60)) + b"".join(b"ah" + bytes([k]) + b"a" for k in range(59, 0, -1)),
        b"]q\0h\0a",  # a list that contains itself
    ],
)
def test_a_few_bytes_that_expand_to_endless_values_are_refused(lists):
    with pytest.raises(ValueError, match=r"it is damaged|without end"):
        values_of(of_pickle(b"\x80\x02}X\1\0\0\0a" + lists + b"s."))


def test_lists_may_be_nested_only_up_to_a_limit():
    deep: list = []
    for _ in range(99):
        deep = [deep]
    assert values_of(saved(deep)) == deep
    with pytest.raises(ValueError, match="tables and lists lie in one another without end"):
        values_of(saved([deep]))


def test_the_pickle_is_checked_whatever_the_case_of_its_name():
    assert values_of(of_pickle(in_tuples(3), called="Data.PKL")) == {(((),),): 1}
    with pytest.raises(ValueError, match="it is damaged"):
        values_of(of_pickle(in_tuples(200), called="Data.PKL"))


@pytest.mark.parametrize("depth", [102, 1000, 3_000_000])
def test_a_key_of_deeply_nested_tuples_is_refused_before_it_is_hashed(depth):
    """With some hundred thousand levels, the system would kill the process."""
    with pytest.raises(ValueError, match="it is damaged, or contains more than tensors"):
        values_of(of_pickle(in_tuples(depth)))


def test_a_key_of_up_to_101_nested_tuples_is_read():
    assert list(values_of(of_pickle(in_tuples(3)))) == [(((),),)]
    assert len(values_of(of_pickle(in_tuples(101)))) == 1


@pytest.mark.parametrize(
    "program",
    [
        b"})" + b"\x85" * 150 + b"K\1s.",
        b"})" + b"q\0\x85" * 150 + b"K\1s.",
        b"})" + b"q\0" + b"0h\0\x85q\0" * 150 + b"K\1s.",  # each through the memo only
        b"})" + b"q\0h\0\x86" * 150 + b"K\1s.",  # each contains the previous one twice, once from the memo
        b"})" + b"q\0h\0\x86" * 60 + b"K\1s.",  # the same, less deep: hashing it would practically never end
        # a tuple of ten thousand values that is a key in ten thousand places
        b"}(" + b"K\1" * 10_000 + b"tq\0K\1s" + b"h\0K\1s" * 10_000 + b".",
        b"}" + b"(" * 150 + b"t" * 150 + b"K\1s.",
        b"})" + b"K\2K\3\x87" * 150 + b"K\1s.",
        b"}](K\1" + b"(" * 150 + b"t" * 150 + b"t0e.",
    ],
)
def test_costly_tuples_are_refused_however_they_are_built(program):
    with pytest.raises(ValueError, match="it is damaged, or contains more than tensors") as caught:
        values_of(of_pickle(b"\x80\x02" + program))
    assert "tuples" in str(caught.value.__cause__)


def saved_number(program: bytes) -> bytes:
    """As :func:`of_pickle`, in an archive with a storage of one number."""
    return of_pickle(b"\x80\x02" + program, values=[torch.zeros(1)])


@pytest.mark.parametrize(
    "program",
    [
        b"cbuiltins\nbytearray\nJ\0\xca\x9a\x3b\x85R.",  # a thousand million zeros
        b"ctorch._utils\n_rebuild_parameter\n" + ROWS + b"\x89" + TABLE + b")R\x87R.",
        b"c_codecs\nencode\nX\1\0\0\0aX\6\0\0\0latin1\x86R.",
        TABLE + b"](K\1K\2\x86e\x85R.",
        TABLE + ROWS + b"R.",
        TABLE + b"q\0" + ROWS + b"\x85R.",
        TABLE + b")R" + ROWS + b"b.",
        TABLE + b")R](K\1K\2\x86eb.",
        ROWS + b"}b.",
        STORAGE + b")R.",
        b"}(K\1K\2u)R.",
        b"ctorch._utils\n_rebuild_tensor_v2\n" + ROWS + b"R.",
    ],
)
def test_a_pickle_with_calls_that_tensors_do_not_need_is_refused(program):
    """With these calls, torch's reader would copy data, or take a tensor apart row by row."""
    with pytest.raises(ValueError, match="it is damaged, or contains more than tensors") as caught:
        values_of(saved_number(program))
    said = str(caught.value.__cause__)
    assert said.startswith(("it calls", "it names", "it sets attributes")), said


@pytest.mark.parametrize(
    "repeated",
    [TABLE + b")Rh\0K\1Nsb", b"ctorch._utils\n_rebuild_tensor_v2\n(" + STORAGE + b"K\0h\1tR"],
    ids=["attributes", "sizes"],
)
def test_a_memoised_value_that_would_be_copied_many_times_is_refused(repeated):
    """Each repetition takes a few bytes and would create five thousand values."""
    table = b"}(" + b"".join(b"M" + k.to_bytes(2, "little") + b"N" for k in range(5000)) + b"uq\0"
    sizes = b"](" + b"K\1" * 5000 + b"eq\1"
    with pytest.raises(ValueError, match="it is damaged") as caught:
        values_of(saved_number(b"](" + table + sizes + repeated * 2000 + b"e."))
    assert "without end" in str(caught.value.__cause__)


def test_attributes_of_a_state_dict_are_restored():
    weights = torch.nn.Linear(1, 1).state_dict()
    assert values_of(saved(weights))._metadata == weights._metadata  # type: ignore[attr-defined]


def test_nested_allowed_calls_are_bounded():
    """Each of forty hexadecimal encodings would double the number of bytes."""
    calls, encode = b"X\1\0\0\0aX\6\0\0\0latin1\x86R", b"c_codecs\nencode\n"
    allowed = [(codecs.encode, "_codecs.encode")]
    assert values_of(of_pickle(b"\x80\x02" + encode + calls + b"."), allowed) == b"a"
    with pytest.raises(ValueError, match="it is damaged") as caught:
        values_of(of_pickle(b"\x80\x02" + encode * 41 + calls + b"X\3\0\0\0hex\x86R" * 40 + b"."), allowed)
    assert "without end" in str(caught.value.__cause__)


def test_a_compressed_member_is_refused():
    changed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(saved([0.0] * 1000))) as old, zipfile.ZipFile(changed, "w") as new:
        for member in old.infolist():
            new.writestr(member.filename, old.read(member), zipfile.ZIP_DEFLATED)
    with pytest.raises(ValueError, match="it is damaged") as caught:
        values_of(changed.getvalue())
    assert "compressed" in str(caught.value.__cause__)


def test_a_file_that_begins_with_a_pickle_is_refused_even_with_an_archive_behind_it():
    """Older files of torch are consecutive pickles, which torch recognises by their first bytes."""
    older = io.BytesIO()
    torch.save({"epoch": 3}, older, _use_new_zipfile_serialization=False)
    assert torch.load(io.BytesIO(older.getvalue()), weights_only=True) == {"epoch": 3}
    for raw in (older.getvalue(), older.getvalue() + saved({"epoch": 4}), pickle.dumps({"epoch": 3}), b""):
        with pytest.raises(ValueError, match="it is damaged"):
            values_of(raw)
