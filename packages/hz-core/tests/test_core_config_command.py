"""The command that checks configurations."""

import subprocess
import sys
from pathlib import Path

import pytest

from hz_core.config import ClientConfig
from hz_core.config.command import main


def check(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, list[str], str]:
    code = main(["check", *arguments])
    out, err = capsys.readouterr()
    return code, out.splitlines(), err


def test_a_valid_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(
        "cluster-name: shop\nnetwork: {connection-timeout: 1500}\nsecurity: {username-password: {username: u, "
        "password: hush}}\nflake-id-generator: {ids: {prefetch-count: 5}}\ntpc: {enabled: true}\n"
    )
    code, lines, err = check(capsys, str(path))
    assert code == 0
    assert f"cluster_name = 'shop'  # {path}, line 1" in lines
    assert f"connection_timeout = 1.5  # {path}, line 2" in lines
    assert f"creds_password = ***  # {path}, line 3" in lines
    assert "heartbeat_timeout = 60.0  # default" in lines
    assert "token_provider = None  # default" in lines
    assert "flake_id_generators = {'ids': FlakeIdGeneratorConfig(prefetch_count=5)}  # " in "".join(lines)
    assert [line.partition(" ")[0] for line in lines] == list(ClientConfig.options())
    assert "hush" not in "".join(lines) + err
    assert err.startswith(f"warning: {path}, line 5: tpc is ignored: ")


def test_an_invalid_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("cluster_name: shop\nnetwrk: {}")
    assert check(capsys, str(path)) == (
        1,
        [],
        f"not valid: {path}, line 1: cluster_name is not a known key; did you mean cluster-name?\n"
        f"{path}, line 2: netwrk is not a known key; did you mean network?\n",
    )
    path.write_text("network: {cluster-members: ['a:b']}")
    code, lines, err = check(capsys, str(path))
    assert (code, lines) == (1, [])
    assert "'a:b' is not a member address" in err
    assert check(capsys, str(tmp_path / "none.xml"))[0] == 1


def test_all_sources(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("{cluster-name: file, instance-name: file, client-labels: [file]}")
    monkeypatch.setenv("HZCLIENT_INSTANCENAME", "env")
    url = "hazelcast://h/?labels=url"
    code, lines, _ = check(capsys, str(path), "--env", "--url", url)
    assert code == 0
    assert "client_name = 'env'  # environment variable HZCLIENT_INSTANCENAME" in lines
    assert "labels = ['url']  # URL" in lines
    assert "client_name = 'file'  # " in "".join(check(capsys, str(path), "--url", url)[1])
    monkeypatch.setenv("HAZELCAST_CLIENT_CONFIG", str(path))
    assert check(capsys, "--url", url) == (code, lines, "")


def test_wrong_arguments(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in ([], ["chek"], ["check", "a", "b"]):
        with pytest.raises(SystemExit) as caught:
            main(arguments)
        assert caught.value.code == 2
    capsys.readouterr()


def test_the_command_of_a_shell(tmp_path: Path) -> None:
    """As users call it; no other warning than that of the file."""
    path = tmp_path / "a.xml"
    path.write_text("<hazelcast-client><cluster-name>x</cluster-name></hazelcast-client>")
    command = [sys.executable, "-W", "error", "-m", "hazelcast.config", "check", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert f"cluster_name = 'x'  # {path}, line 1\n" in done.stdout
    path.write_text("<hazelcast-client><cluster-nam>x</cluster-nam></hazelcast-client>")
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert "did you mean cluster-name?" in done.stderr
