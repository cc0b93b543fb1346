"""Traces and metrics with OpenTelemetry; needs the extra ``opentelemetry``."""

from hz_core.opentelemetry import Instrumentation, instrument

__all__ = ["Instrumentation", "instrument"]
