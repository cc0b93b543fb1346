"""Build hook that compiles the Cython modules; if that fails, the wheel is empty and pure Python is used."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

PACKAGE = "hz_speedups"


class CustomBuildHook(BuildHookInterface[Any]):
    """Hatchling's hook for the targets ``wheel`` and, as part of it, ``editable``."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile the modules and add them to the wheel."""
        self._folder = Path(tempfile.mkdtemp(prefix=f"{PACKAGE}-"))
        try:
            modules = compile_all(Path(self.root), self._folder)
        except (Exception, SystemExit) as error:
            # distutils ends with SystemExit when there is no compiler.
            if os.environ.get("HZ_SPEEDUPS_REQUIRED"):
                raise
            self.app.display_warning(
                f"{PACKAGE} was not compiled, so it makes nothing faster: {type(error).__name__}: {error}\n"
                "A C compiler and Python's headers are needed; set HZ_SPEEDUPS_REQUIRED=1 to make this an error."
            )
            return
        build_data["pure_python"] = False
        build_data["infer_tag"] = True
        if version == "editable":
            for module in modules:
                shutil.copy(module, Path(self.root, "src", PACKAGE, module.name))
        else:
            for module in modules:
                build_data["force_include"][str(module)] = f"{PACKAGE}/{module.name}"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Remove the temporary files."""
        shutil.rmtree(self._folder, ignore_errors=True)


def compile_all(root: Path, folder: Path) -> list[Path]:
    """Compile each ``.pyx`` of the package into ``folder`` and return the extension modules."""
    from Cython.Build import cythonize
    from setuptools import Distribution, Extension
    from setuptools.command.build_ext import build_ext

    sources = sorted((root / "src" / PACKAGE).glob("*.pyx"))
    extensions = [
        Extension(
            f"{PACKAGE}.{source.stem}",
            [str(source)],
            extra_compile_args=[] if sys.platform == "win32" else ["-O2", "-g0"],
        )
        for source in sources
    ]
    made = cythonize(
        extensions, build_dir=str(folder / "c"), quiet=True, compiler_directives={"language_level": 3}
    )
    command = build_ext(Distribution({"name": PACKAGE, "ext_modules": made}))
    command.build_lib, command.build_temp = str(folder / "lib"), str(folder / "temp")
    command.ensure_finalized()
    command.run()
    return [Path(command.get_ext_fullpath(extension.name)) for extension in made]
