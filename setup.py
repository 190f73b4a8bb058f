"""Build hook."""

from setuptools import setup

setup()
