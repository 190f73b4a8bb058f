"""The site of the documents: `make docs`. A tool of the checkout, not of the installed package."""
