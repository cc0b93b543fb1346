"""Tokens and credentials for clusters with security."""

from hz_core.security import (
    BasicTokenProvider,
    CredentialsProvider,
    KerberosTokenProvider,
    TokenProvider,
)

__all__ = ["BasicTokenProvider", "CredentialsProvider", "KerberosTokenProvider", "TokenProvider"]
