"""What `hatch run lowest:test` runs follows from what the tests import."""

from pathlib import Path

import pytest

from lowest_tests import LEFT_OUT, TOOLS_OF_TESTS, WHOLE, chosen, import_names, required
from repository import ROOT, distributions, modules

FILES = {
    "packages/hz-one/src/hz_one/tables.py": 'from importlib import import_module\nimport_module("pyarrow")\n',
    "packages/hz-one/src/hz_one/gauges.py": "def read():\n    import psutil\n",
    "packages/hz-one/src/hz_one/plain.py": '"""Not pyarrow."""\n',
    "packages/hz-one/tests/test_module.py": "from hz_one import tables\n",
    "packages/hz-one/tests/test_name.py": "from hz_one.tables import table\n",
    "packages/hz-one/tests/test_gauges.py": "import psutil\nimport hz_one.gauges\n",
    "packages/hz-one/tests/test_processes.py": "import psutil\nfrom hz_one import plain\n",
    "packages/hz-one/tests/test_helped.py": "from helper import made\n",
    "packages/hz-one/tests/helper.py": "import other_helper\n",
    "packages/hz-one/tests/other_helper.py": "import helper\nimport pyarrow.compute as pc\n",
    "tests-integration/test_itself.py": "import pyarrow.compute as pc\n",
    "tests-integration/test_plain.py": '"""pyarrow"""\nimport json\nfrom hz_one.plain import pyarrow\n',
    "tools/lint.py": "import pyarrow\n",
}


def test_files_are_chosen_by_what_they_use(tmp_path: Path) -> None:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    found = {str(module) for module in chosen(modules(tmp_path), {"psutil", "pyarrow"})}
    assert found == {
        "packages/hz-one/tests/test_gauges.py",
        "packages/hz-one/tests/test_helped.py",
        "packages/hz-one/tests/test_module.py",
        "packages/hz-one/tests/test_name.py",
        "tests-integration/test_itself.py",
    }


def test_packages_of_others_are_read_from_the_distributions(tmp_path: Path) -> None:
    for name, needs in (
        ("hz-one", 'dependencies = ["Click>=8", "hz-two>=1"]'),
        ("hz-two", "dependencies = []"),
    ):
        (tmp_path / "packages" / name).mkdir(parents=True)
        (tmp_path / "packages" / name / "pyproject.toml").write_text(
            f'[project]\nname = "{name}"\n{needs}\n[project.optional-dependencies]\nx = ["py_yaml[y]<7"]\n'
        )
    assert required(distributions(tmp_path)) == {"click", "py-yaml"}


def test_a_package_that_is_not_installed_is_no_silence() -> None:
    assert import_names({"pytest", "pyyaml"}) >= {"pytest", "yaml"}
    with pytest.raises(LookupError, match="surely-not-installed"):
        import_names({"pytest", "surely-not-installed"})


def test_exceptions_are_still_needed() -> None:
    assert LEFT_OUT.keys() | TOOLS_OF_TESTS <= required(distributions())
    assert all((ROOT / folder).is_dir() for folder in WHOLE)
