"""What to do about a failed TLS connection, in words. Does not load the module ``ssl``."""

from typing import Final, TypeVar

E = TypeVar("E", bound=BaseException)

_NAME: Final = (
    "the certificate must name the host as the client addresses it, in cluster_members or as the member announces"
    " itself; ssl_check_hostname=False accepts any name"
)
_ISSUER: Final = (
    "check that ssl_cafile holds the certificate of the authority that has issued the member's certificate"
)
_DATES: Final = (
    "check the dates of the member's certificate and of its authority, and the clock of this machine"
)
_OWN: Final = (
    "check that ssl_certfile and ssl_keyfile are those that the member expects; an encrypted connection without them is"
    " refused by members with mutual authentication"
)

_BY_VERIFY_CODE: Final = {
    2: _ISSUER,
    9: _DATES,
    10: _DATES,
    18: _ISSUER,
    19: _ISSUER,
    20: _ISSUER,
    21: _ISSUER,
    62: _NAME,
    64: _NAME,
}
"""Advice for the results of the verification of a member's certificate, by OpenSSL's number."""

_PLAIN: Final = "check that the member uses TLS on this port"
_VERSION: Final = "client and member have no TLS version in common; the client's lowest one is ssl_protocol"
_CIPHERS: Final = "client and member may have no cipher in common, see ssl_ciphers; or " + _OWN

_BY_REASON: Final = {
    "WRONG_VERSION_NUMBER": _PLAIN,
    "RECORD_LAYER_FAILURE": _PLAIN,
    "HTTP_REQUEST": _PLAIN,
    "UNSUPPORTED_PROTOCOL": _VERSION,
    "TLSV1_ALERT_PROTOCOL_VERSION": _VERSION,
    "SSLV3_ALERT_HANDSHAKE_FAILURE": _CIPHERS,
    "TLSV13_ALERT_CERTIFICATE_REQUIRED": _OWN,
    "SSLV3_ALERT_BAD_CERTIFICATE": _OWN,
    "SSLV3_ALERT_CERTIFICATE_EXPIRED": _OWN,
    "SSLV3_ALERT_CERTIFICATE_REVOKED": _OWN,
    "SSLV3_ALERT_CERTIFICATE_UNKNOWN": _OWN,
    "SSLV3_ALERT_UNSUPPORTED_CERTIFICATE": _OWN,
    "TLSV1_ALERT_UNKNOWN_CA": _OWN,
    "TLSV1_ALERT_ACCESS_DENIED": _OWN,
}
"""Advice for the other errors, by OpenSSL's name without the spelling of its versions."""


def advised(error: E) -> E:
    """Return ``error``; if it is a known error of TLS, its text now says what to do."""
    text = getattr(error, "strerror", None)
    if not hasattr(error, "library") or not isinstance(text, str):
        return error
    advice = _BY_VERIFY_CODE.get(getattr(error, "verify_code", 0))
    if advice is None:
        advice = _BY_REASON.get(str(getattr(error, "reason", "")).replace("SSL/TLS_ALERT_", "SSLV3_ALERT_"))
    if advice is not None and not text.endswith(advice):
        error.strerror = f"{text}: {advice}"  # type: ignore[attr-defined]  # it is an SSLError
    return error
