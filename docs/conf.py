"""Configuration of the documentation; ``hatch run docs`` builds it and runs its examples."""

import os
import sys
from pathlib import Path

# The pure classes are the documented ones: compiled methods have neither annotations nor long texts.
os.environ["HZ_PURE_PYTHON"] = "1"

import hazelcast

sys.path.insert(0, str(Path(__file__).resolve().parent))

project = "Hazelcast for Python"
author = "the authors of hz-client"
project_copyright = "2026, the authors of hz-client"
release = hazelcast.__version__
version = ".".join(release.split(".")[:2])

extensions = [
    "myst_parser",
    "accessible",
    "option_tables",
    "type_table",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.doctest",
    "sphinx.ext.napoleon",
]
templates_path = ["_templates"]
exclude_patterns = ["_build", "_templates", "compatibility-names.md", "installation-sizes.md"]
html_theme = "furo"
# The source of a page says no more than the page.
html_theme_options: dict[str, list[str]] = {"top_of_page_buttons": []}
html_title = project

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

autosummary_generate = True
autosummary_ignore_module_all = False
autodoc_default_options = {"members": True, "show-inheritance": True}
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
napoleon_google_docstring = True
napoleon_numpy_docstring = False
# The section Attributes would otherwise describe attributes a second time that have docstrings of their own.
napoleon_use_ivar = True

# Short names that several classes have, such as an attribute called ``type``: all of them are listed, one is linked.
suppress_warnings = ["ref.python"]

# Docstring examples run without additional imports.
doctest_test_doctest_blocks = "default"
