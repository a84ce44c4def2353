# SPDX-License-Identifier: MIT
"""How Sphinx makes the book: MyST Markdown, the furo theme, and our own
directives for code and diagrams (ext/quire.py)."""

import os
import sys

sys.path.insert(0, os.path.abspath("ext"))
sys.dont_write_bytecode = True

project = "Quire"
author = "The Quire authors"
copyright = "2026, the Quire authors"  # noqa: A001 (Sphinx's name)
extensions = ["myst_parser", "sphinx.ext.graphviz", "quire", "timeline", "cost"]
exclude_patterns = ["_build", "sessions"]
html_theme = "furo"
html_title = "Quire: a kernel to learn virtual memory from"
html_show_sourcelink = False
graphviz_output_format = "svg"
myst_enable_extensions = ["deflist", "dollarmath"]
highlight_language = "none"
numfig = True
latex_engine = "xelatex"
latex_documents = [("index", "quire.tex", "Quire", author, "manual")]
latex_elements = {
    "papersize": "a4paper",
    "fontpkg": r"""
\setmainfont{DejaVu Serif}[Scale=0.9]
\setsansfont{DejaVu Sans}[Scale=0.9]
\setmonofont[Scale=0.82]{DejaVu Sans Mono}
""",
    "extraclassoptions": "openany,oneside",
}
