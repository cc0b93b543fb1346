"""TLS contexts made of files: what each option does, what is wrong with a file, and files that change."""

import logging
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import trustme

from core_ca import Authority, Files
from hz_core.config import ClientConfig
from hz_core.drivers.tls_advice import advised
from hz_core.drivers.tls_contexts import TlsContexts
from hz_core.drivers.tls_options import tls_contexts
from hz_core.errors import InvalidConfigurationError

PASSWORD = "between the teeth"


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


def contexts(**options: Any) -> TlsContexts:
    made = tls_contexts(ClientConfig.from_kwargs(ssl_enabled=True, **options))
    assert made is not None
    return made


def refusal(**options: Any) -> str:
    with pytest.raises(InvalidConfigurationError) as caught:
        contexts(**options)
    return str(caught.value)


def organizations(context: ssl.SSLContext) -> list[Any]:
    """Return the names of the authorities that a context trusts."""
    subjects: list[Any] = [found["subject"] for found in context.get_ca_certs()]
    return [dict(part for group in subject for part in group)["organizationName"] for subject in subjects]


def test_defaults_are_strict() -> None:
    context = contexts().load()
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2
    assert context.get_ca_certs() == ssl.create_default_context().get_ca_certs()


def test_each_option_has_its_effect(authority: Authority) -> None:
    context = contexts(
        ssl_cafile=authority.cafile,
        ssl_protocol="TLSv1_3",
        ssl_ciphers="ECDHE-RSA-AES256-GCM-SHA384",
        ssl_check_hostname=False,
    ).load()
    assert organizations(context) == ["authority"]
    assert context.minimum_version is ssl.TLSVersion.TLSv1_3
    assert not context.check_hostname
    assert context.verify_mode is ssl.CERT_REQUIRED
    older = {cipher["name"] for cipher in context.get_ciphers() if cipher["protocol"] == "TLSv1.2"}
    assert older == {"ECDHE-RSA-AES256-GCM-SHA384"}


def test_no_tls_without_being_asked(authority: Authority, caplog: pytest.LogCaptureFixture) -> None:
    assert tls_contexts(ClientConfig()) is None
    assert not caplog.records
    with caplog.at_level(logging.WARNING, "hazelcast"):
        assert tls_contexts(ClientConfig.from_kwargs(ssl_cafile=authority.cafile)) is None
    assert "ssl_cafile without ssl_enabled: connections are not encrypted" in caplog.text


def test_a_context_of_the_user_is_used_as_it_is() -> None:
    given = ssl.create_default_context()
    made = tls_contexts(ClientConfig.from_kwargs(ssl_context=given))
    assert made is not None
    assert made.given is made.load() is given


@pytest.mark.parametrize(
    "option",
    [
        {"ssl_cafile": "x"},
        {"ssl_certfile": "x"},
        {"ssl_keyfile": "x"},
        {"ssl_password": "x"},
        {"ssl_protocol": "TLSv1_3"},
        {"ssl_ciphers": "ALL"},
        {"ssl_check_hostname": False},
    ],
    ids=lambda option: next(iter(option)),
)
def test_a_context_of_the_user_excludes_the_other_options(option: dict[str, Any]) -> None:
    text = refusal(ssl_context=ssl.create_default_context(), **option)
    assert f"and {next(iter(option))} would have no effect" in text


def test_a_context_for_servers_is_refused() -> None:
    assert "one for servers" in refusal(ssl_context=ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER))


@pytest.mark.parametrize("version", ["SSLv2", "SSLv3", "TLSv1", "TLSv1_1"])
def test_old_versions_are_refused(version: str) -> None:
    text = refusal(ssl_protocol=version)
    assert f"ssl_protocol is {version}, which is not secure" in text
    assert "give it as ssl_context" in text


@pytest.mark.parametrize("ciphers", ["nonsense", "TLS_AES_128_GCM_SHA256", ""])
def test_ciphers_that_are_none(ciphers: str) -> None:
    assert refusal(ssl_ciphers=ciphers) == f"ssl_ciphers: OpenSSL knows no cipher of TLS 1.2 in {ciphers!r}"


def test_a_key_without_its_certificate(authority: Authority) -> None:
    assert "ssl_keyfile without ssl_certfile" in refusal(ssl_keyfile=authority.client().ssl_keyfile)


@pytest.mark.parametrize("option", ["ssl_cafile", "ssl_certfile", "ssl_keyfile"])
def test_a_file_that_is_not_there(option: str, authority: Authority, tmp_path: Path) -> None:
    missing = str(tmp_path / "missing.pem")
    options = {**authority.client().options, option: missing}
    text = refusal(**options)
    assert text == f"{option}: the file {missing!r} cannot be read: No such file or directory"


def test_files_that_hold_something_else(authority: Authority, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.pem"
    own = authority.client()
    for content in ("", "nothing of this kind", Path(own.ssl_keyfile).read_text()):
        wrong.write_text(content)
        text = refusal(ssl_cafile=str(wrong))
        assert f"ssl_cafile: no certificates in the format PEM in {str(wrong)!r}" in text
    wrong.write_text("nothing of this kind")
    for files in (
        own._replace(ssl_certfile=str(wrong)),
        own._replace(ssl_keyfile=str(wrong)),
    ):
        text = refusal(**files.options)
        assert f"the files {files.ssl_certfile!r} and {files.ssl_keyfile!r} cannot be used" in text
        assert "no certificate and private key in the format PEM" in text
    assert "no certificate and private key" in refusal(ssl_certfile=own.ssl_certfile)


def test_certificate_and_key_in_one_file(authority: Authority, tmp_path: Path) -> None:
    both = tmp_path / "both.pem"
    both.write_bytes(authority.ca.issue_cert("c@example.org").private_key_and_cert_chain_pem.bytes())
    contexts(ssl_certfile=str(both))


def test_the_key_of_another_certificate(authority: Authority) -> None:
    mixed = authority.client("one")._replace(ssl_keyfile=authority.client("two").ssl_keyfile)
    assert "the key is not that of the certificate" in refusal(**mixed.options)


@pytest.fixture
def encrypted(authority: Authority) -> Files:
    return authority.client("encrypted", PASSWORD.encode())


@pytest.mark.parametrize(
    "password",
    [PASSWORD, PASSWORD.encode(), bytearray(PASSWORD.encode()), lambda: PASSWORD, lambda: PASSWORD.encode()],
    ids=["text", "bytes", "bytearray", "function", "function of bytes"],
)
def test_an_encrypted_key(encrypted: Files, password: Any) -> None:
    contexts(**encrypted.options, ssl_password=password)


def fails() -> str:
    raise LookupError(f"no secret, but {PASSWORD}")


@pytest.mark.parametrize(
    ("password", "why"),
    [
        (None, "is encrypted: set ssl_password"),
        ("wrong", "the key cannot be decrypted: check ssl_password"),
        (lambda: "wrong", "the key cannot be decrypted: check ssl_password"),
        (lambda: None, "the function must return a string, bytes or bytearray, not NoneType"),
        (lambda: [PASSWORD], "the function must return a string, bytes or bytearray, not list"),
        (fails, "the function raised LookupError, so the key in"),
    ],
)
def test_an_encrypted_key_without_its_password(encrypted: Files, password: Any, why: str) -> None:
    text = refusal(**encrypted.options, ssl_password=password)
    assert why in text
    assert PASSWORD not in text


def test_unchanged_files_are_loaded_once(encrypted: Files, authority: Authority) -> None:
    asked = []

    def password() -> str:
        asked.append(1)
        return PASSWORD

    made = contexts(ssl_cafile=authority.cafile, **encrypted.options, ssl_password=password)
    first = made.load()
    assert made.load() is first
    assert asked == [1]
    Path(encrypted.ssl_certfile).write_bytes(Path(encrypted.ssl_certfile).read_bytes() + b"\n")
    assert made.load() is not first
    assert asked == [1, 1]


def test_renewed_files_are_loaded(authority: Authority, tmp_path: Path) -> None:
    made = contexts(ssl_cafile=authority.cafile)
    other = trustme.CA(organization_name="renewed")
    Path(authority.cafile).write_bytes(other.cert_pem.bytes())
    assert organizations(made.load()) == ["renewed"]
    Path(authority.cafile).write_text("half of a fi")
    with pytest.raises(InvalidConfigurationError, match="ssl_cafile: no certificates"):
        made.load()
    Path(authority.cafile).write_bytes(other.cert_pem.bytes())
    assert organizations(made.load()) == ["renewed"]


def changing(path: Path, times: int, write: Callable[[int], bytes]) -> Callable[[], str]:
    """Return a function for a password that changes a file while others are read."""
    count = 0

    def password() -> str:
        nonlocal count
        count += 1
        if count <= times:
            path.write_bytes(write(count))
        return PASSWORD

    return password


@pytest.mark.parametrize("times", [1, 2, 3])
def test_files_that_change_while_they_are_read(encrypted: Files, authority: Authority, times: int) -> None:
    """What is loaded is what the files hold in the end, or nothing."""
    others = [trustme.CA(organization_name=f"change {number}").cert_pem.bytes() for number in range(times)]
    cafile = Path(authority.cafile)
    options = {**encrypted.options, "ssl_cafile": authority.cafile}
    password = changing(cafile, times, lambda number: others[number - 1])
    if times == 3:
        assert "kept changing" in refusal(**options, ssl_password=password)
        return
    assert organizations(contexts(**options, ssl_password=password).load()) == [f"change {times - 1}"]


# --- advice -------------------------------------------------------------------------------------------------------


def failure(reason: str, text: str = "said by OpenSSL") -> ssl.SSLError:
    """Return an error of TLS, as the system makes it."""
    error = ssl.SSLError(1, text)
    error.library, error.reason = "SSL", reason
    return error


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("SSLV3_ALERT_BAD_CERTIFICATE", "ssl_certfile and ssl_keyfile are those that the member expects"),
        ("SSL/TLS_ALERT_BAD_CERTIFICATE", "ssl_certfile and ssl_keyfile are those that the member expects"),
        ("HTTP_REQUEST", "check that the member uses TLS on this port"),
        ("UNSUPPORTED_PROTOCOL", "the client's lowest one is ssl_protocol"),
    ],
)
def test_advice_follows_what_openssl_says_once(reason: str, words: str) -> None:
    error = failure(reason)
    assert advised(advised(error)) is error
    assert str(error).startswith("said by OpenSSL: ")
    assert str(error).count(words) == 1


def test_other_errors_are_left_as_they_are() -> None:
    assert str(advised(failure("UNHEARD_OF"))) == "said by OpenSSL"
    reset = ConnectionResetError(104, "reset")
    assert advised(reset) is reset
    assert str(reset) == "[Errno 104] reset"
