"""The progress bar is drawn on a terminal, and only there."""

import io

from hz_embedded._progress import download_progress


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def test_bar_on_a_terminal() -> None:
    out = Terminal()
    with download_progress("hazelcast.jar", 1000, stream=out) as advance:
        advance(400)
        advance(600)
    assert "Downloading hazelcast.jar" in out.getvalue()
    assert "1.0/1.0 kB" in out.getvalue()


def test_nothing_elsewhere() -> None:
    out = io.StringIO()
    with download_progress("hazelcast.jar", 1000, stream=out) as advance:
        advance(1000)
    assert out.getvalue() == ""
