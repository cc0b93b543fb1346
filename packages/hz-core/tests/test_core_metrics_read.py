"""Compressed metrics that members send."""

import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hz_core.statistics.metrics_blob import Metric, Unit, compress, decompress

words = st.text(max_size=12)
metrics = st.lists(
    st.builds(
        Metric,
        words,
        words,
        st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False),
        st.none() | st.sampled_from(list(Unit)),
        st.none() | words,
        st.none() | words,
        st.just(()),
    ),
    max_size=8,
)


@given(sent=metrics)
def test_what_clients_send_can_be_read(sent: list[Metric]) -> None:
    assert decompress(compress(sent)) == sent


def blob(body: bytes, count: int, *texts: str) -> bytes:
    """Return metrics whose words have the numbers 0, 1 and so on."""
    listed = b"".join(
        struct.pack(">iBB", number, 0, len(text)) + text.encode("utf-16-be")
        for number, text in enumerate(texts)
    )
    dictionary = zlib.compress(struct.pack(">i", len(texts)) + listed)
    return b"".join(
        (
            struct.pack(">hi", 1, len(dictionary)),
            dictionary,
            struct.pack(">i", count),
            zlib.compress(body),
        )
    )


def test_tags_follow_even_when_there_are_as_many_as_before() -> None:
    first = struct.pack(">B4iBBB2iBq", 0, -1, 0, -1, -1, 6, 0, 1, 1, 2, 0, 7)
    second = struct.pack(">B2iBd", 0x7F, 1, 3, 1, 0.5)
    assert decompress(blob(first + second, 2, "status", "job", "mine", "yours")) == [
        Metric("", "status", 7, Unit.ENUM, None, None, (("job", "mine"),)),
        Metric("", "status", 0.5, Unit.ENUM, None, None, (("job", "yours"),)),
    ]


@pytest.mark.parametrize(
    ("damaged", "what"),
    [
        (b"", "damaged"),
        (struct.pack(">hi", 2, 0), "version 2"),
        (blob(b"", 1), "end too early"),
        (
            blob(struct.pack(">B4iBBBBq", 0, -1, 9, -1, -1, 6, 0, 0, 0, 7), 1, "status"),
            "no word with the number 9",
        ),
        (
            blob(struct.pack(">B4iBBBB", 0, -1, 0, -1, -1, 6, 0, 0, 3), 1, "status"),
            "no word with the number 3",
        ),
        (blob(struct.pack(">B4iBBBB", 0, -1, 0, -1, -1, 6, 0, 0, 0), 1, "status"), "damaged"),
        (struct.pack(">hi", 1, 4) + b"abcd", "damaged"),
    ],
)
def test_damaged_metrics_are_refused(damaged: bytes, what: str) -> None:
    with pytest.raises(ValueError, match=what):
        decompress(damaged)


def test_a_small_blob_does_not_become_large() -> None:
    with pytest.raises(ValueError, match="more than 67108864 bytes"):
        decompress(blob(bytes((1 << 26) + 1), 1))
