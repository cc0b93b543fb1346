"""The wheel check refuses wheels that lack something, hold too much, or overlap."""

import zipfile
from pathlib import Path

import pytest

from check_wheels import Failure, Wheel, check_compiled, check_contents
from repository import Distribution

WHOLE = {"__init__.py", "__about__.py", "py.typed", "engine.py"}


def make(
    root: Path,
    name: str,
    import_root: str,
    files: set[str],
    requires: tuple[str, ...] = (),
    licence: str = "licenses/LICENSE",
) -> Wheel:
    """Write a made-up distribution and a made-up wheel of it."""
    folder = root / name
    package = folder / "src" / import_root
    package.mkdir(parents=True)
    for file in ("__init__.py", "__about__.py", "engine.py"):
        (package / file).write_text("")
    (folder / "pyproject.toml").write_text(f'[project]\nname = "{name}"\n')
    metadata = "\n".join([f"Name: {name}", *(f"Requires-Dist: {line}" for line in requires)])
    path = root / f"{name}.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for file in files:
            archive.writestr(file if "/" in file else f"{import_root}/{file}", "")
        archive.writestr("x-1.dist-info/METADATA", metadata)
        archive.writestr(f"x-1.dist-info/{licence}", "")
    return Wheel(path, Distribution(folder))


def test_whole_wheels_pass(tmp_path: Path) -> None:
    one = make(tmp_path, "hz-one", "hz_one", WHOLE)
    two = make(tmp_path, "hz-two", "hz_two", WHOLE)
    check_contents([one, two])
    assert one.files == {f"hz_one/{file}" for file in WHOLE}


@pytest.mark.parametrize(
    ("files", "licence", "message"),
    [
        (WHOLE - {"py.typed"}, "licenses/LICENSE", r"hz-one: lacks \['hz_one/py.typed'\]"),
        (WHOLE - {"engine.py"}, "licenses/LICENSE", r"hz-one: lacks \['hz_one/engine.py'\]"),
        (WHOLE | {"tests/test_a.py"}, "licenses/LICENSE", r"hz-one: holds \['tests/test_a.py'\]"),
        (WHOLE, "RECORD", "hz-one: lacks its LICENSE"),
    ],
)
def test_a_faulty_wheel_is_refused(tmp_path: Path, files: set[str], licence: str, message: str) -> None:
    wheel = make(tmp_path, "hz-one", "hz_one", files, licence=licence)
    with pytest.raises(Failure, match=message):
        check_contents([wheel])


def test_a_file_in_two_wheels_is_refused(tmp_path: Path) -> None:
    one = make(tmp_path, "hz-one", "hz_same", WHOLE)
    two = make(tmp_path, "hz-two", "hz_same", WHOLE)
    with pytest.raises(Failure, match="is in the wheels of both hz-one and hz-two"):
        check_contents([one, two])


@pytest.mark.parametrize(
    ("tag", "modules", "message"),
    [
        ("py3-none-any", {"_hash.so"}, "x-1-py3-none-any.whl was not compiled"),
        ("cp311-cp311-linux_x86_64", {"_hash.so"}, r"holds \['_hash'\] compiled, not \['_hash', '_text'\]"),
        ("cp311-cp311-linux_x86_64", set(), r"holds \[\] compiled"),
    ],
)
def test_a_wheel_that_is_not_compiled_is_refused(
    tmp_path: Path, tag: str, modules: set[str], message: str
) -> None:
    made = make(tmp_path, "hz-speedups", "hz_speedups", WHOLE | modules)
    for name in ("_hash.pyx", "_text.pyx"):
        (made.source.path / "src" / "hz_speedups" / name).write_text("")
    wheel = Wheel(made.path.rename(tmp_path / f"x-1-{tag}.whl"), made.source)
    with pytest.raises(Failure, match=message):
        check_compiled(wheel)


def test_a_compiled_wheel_passes(tmp_path: Path) -> None:
    files = WHOLE | {"_hash.cpython-311-x86_64-linux-gnu.so"}
    made = make(tmp_path, "hz-speedups", "hz_speedups", files)
    (made.source.path / "src" / "hz_speedups" / "_hash.pyx").write_text("")
    check_compiled(Wheel(made.path.rename(tmp_path / "x-1-cp311-cp311-linux_x86_64.whl"), made.source))


def test_siblings_come_from_the_metadata(tmp_path: Path) -> None:
    base = make(tmp_path, "hz-base", "hz_base", WHOLE)
    core = make(tmp_path, "hz-core", "hz_core", WHOLE, ("hz-base>=0.1", 'hz-extra; extra == "more"'))
    top = make(tmp_path, "hz-top", "hz_top", WHOLE, ("hz_core", "requests"))
    extra = make(tmp_path, "hz-extra", "hz_extra", WHOLE)
    wheels = {wheel.name: wheel for wheel in (base, core, top, extra)}
    assert top.siblings(wheels) == {"hz-top", "hz-core", "hz-base"}
    assert extra.siblings(wheels) == {"hz-extra"}
