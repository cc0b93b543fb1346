"""The interpreters that the client runs on."""

import sys
import warnings

import pytest

from hz_core.interpreter import check_interpreter


def test_an_interpreter_without_its_lock_is_warned_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "_is_gil_enabled", lambda: False, raising=False)
    with pytest.warns(RuntimeWarning, match=r"without the global interpreter lock.*PYTHON_GIL=1"):
        check_interpreter()


def test_one_with_its_lock_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "_is_gil_enabled", lambda: True, raising=False)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_interpreter()
    monkeypatch.delattr(sys, "_is_gil_enabled")
    check_interpreter()


def test_every_client_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "_is_gil_enabled", lambda: False, raising=False)
    from hz_core.client import Client

    with pytest.raises(RuntimeWarning, match="PYTHON_GIL=1"):
        Client()
