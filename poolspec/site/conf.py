"""What Sphinx is told: sources are the repository's own documents, where they stand."""

project = "Pool bonds"
copyright = "CC0-1.0: no rights reserved"
language = "en"

extensions = ["myst_parser", "poolspec.site.extension"]

root_doc = "docs/index"
include_patterns = [
    "README.md",
    "CONTRIBUTING.md",
    "docs/**.md",
    "specs/**.md",
    "eip/*.md",
    "clients/README.md",
    "tests/formats/README.md",
    "tests/formats/*/README.md",
]
# Folders without documents are not walked through.
exclude_patterns = [
    ".*",
    "*.egg-info",
    "benchmarks",
    "build",
    "clients/node_modules",
    "configs",
    "poolspec",
    "presets",
    "pysetup",
    "stubs",
    "tests/vectors",
    "vectors",
]

# Links are as in a code-review site: anchors of headings, at any depth.
myst_heading_anchors = 6
# A title in the preamble, as EIPs have it, is the page's title.
myst_title_to_header = True
suppress_warnings = ["myst.header"]
nitpicky = True

html_theme = "furo"
html_title = "Pool bonds"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sourcelink = False
html_show_sphinx = False
html_permalinks_icon = "#"
pygments_style = "default"
pygments_dark_style = "github-dark"
