"""Addresses as users write them."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hz_core.addresses import DEFAULT_PORTS, all_candidates, candidates, parse_address, parse_ports
from hz_core.errors import InvalidAddressError
from hz_core.model import Address

HOSTS = st.from_regex(r"[a-z][a-z0-9.-]{0,20}", fullmatch=True) | st.ip_addresses(v=4).map(str)
PORTS = st.integers(1, 65535)


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("localhost", "localhost", None),
        (" 10.1.1.21 ", "10.1.1.21", None),
        ("10.1.1.22:5703", "10.1.1.22", 5703),
        ("::1", "::1", None),
        ("[::1]", "::1", None),
        ("[::1]:5701", "::1", 5701),
        ("[fe80::1%eth0]:5701", "fe80::1%eth0", 5701),
        ("fe80::1%eth0", "fe80::1%eth0", None),
    ],
)
def test_parse(text: str, host: str, port: int | None) -> None:
    assert parse_address(text) == (host, port)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "  ",
        ":5701",
        "host:",
        "host:x",
        "host:0",
        "host:65536",
        "host:-1",
        "host:+1",
        "host: 1",
        "host:٣",
        "host:" + "9" * 10_000,
        "[::1",
        "[]:5701",
        "[host]:5701",
        "[::1]5701",
        "[::1]:",
        "a b",
        "http://host",
        "user@host:1",
        "h[o]st",
    ],
)
def test_bad_addresses_are_named_with_the_reason(text: str) -> None:
    with pytest.raises(InvalidAddressError) as caught:
        parse_address(text)
    assert "is not a member address" in str(caught.value)
    assert "host:port" in str(caught.value)
    assert len(str(caught.value)) < 500


def test_candidates() -> None:
    assert candidates("h:7") == [Address("h", 7)]
    assert candidates("h") == [Address("h", p) for p in DEFAULT_PORTS]
    assert all_candidates([]) == [Address("127.0.0.1", p) for p in (5701, 5702, 5703)]
    assert all_candidates(["b:5702", "a:1", "b", "a:1"]) == [
        Address("b", 5702),
        Address("a", 1),
        Address("b", 5701),
        Address("b", 5703),
    ]


@given(HOSTS, PORTS)
def test_what_an_address_shows_can_be_parsed(host: str, port: int) -> None:
    assert parse_address(str(Address(host, port))) == (host, port)


@given(st.ip_addresses(v=6), PORTS)
def test_ipv6_round_trip(ip: ipaddress.IPv6Address, port: int) -> None:
    assert parse_address(str(Address(str(ip), port))) == (str(ip), port)
    assert parse_address(str(ip)) == (str(ip), None)


@given(st.text(max_size=40))
def test_any_text_is_an_address_or_the_named_error(text: str) -> None:
    try:
        host, port = parse_address(text)
    except InvalidAddressError:
        return
    assert host
    assert port is None or 0 < port < 65536


@pytest.mark.parametrize(
    ("parts", "ports"),
    [
        ([], []),
        ([34000], [34000]),
        (["34000"], [34000]),
        (["33000-33003"], [33000, 33001, 33002, 33003]),
        (["33000 - 33001, 34000"], [33000, 33001, 34000]),
        (["33000-33001", 33001, "33001-33002"], [33000, 33001, 33002]),
        (["65535-65535"], [65535]),
        ([0], []),
        (["33000", "*"], []),
    ],
)
def test_ports(parts: list[str | int], ports: list[int]) -> None:
    assert parse_ports(parts) == ports


@pytest.mark.parametrize(
    ("part", "reason"),
    [
        ("", "neither a port"),
        ("x", "neither a port"),
        ("-1", "neither a port"),
        ("1-", "neither a port"),
        ("1-2-3", "neither a port"),
        ("65536", "neither a port"),
        ("1-65536", "neither a port"),
        ("0-5", "neither a port"),
        ("9" * 5000, "neither a port"),
        ("33001-33000", "empty range"),
        ("33000,,", "neither a port"),
    ],
)
def test_no_ports(part: str, reason: str) -> None:
    with pytest.raises(InvalidAddressError, match=reason) as caught:
        parse_ports([part])
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize(
    "text", ["hazelcast://u:hush@h:5701", "u:hush@h", "hush@h", "[hush@::1", "::hush@::"]
)
def test_a_password_in_a_wrong_address_is_not_shown(text: str) -> None:
    with pytest.raises(InvalidAddressError, match="is not a member address") as caught:
        parse_address(text)
    assert "hush" not in str(caught.value)
