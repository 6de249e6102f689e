"""Build tinytorch and tito from the one place that describes them, settings.ini."""

from configparser import ConfigParser
from pathlib import Path

from setuptools import find_packages, setup

HERE = Path(__file__).parent
config = ConfigParser(delimiters=["="], default_section="")
config.read(HERE / "settings.ini", encoding="utf-8")
project = config["DEFAULT"]
readme = HERE / "README.md"

setup(
    name=project["lib_name"],
    version=project["version"],
    description=project["description"],
    long_description=readme.read_text(encoding="utf-8") if readme.is_file() else project["description"],
    long_description_content_type="text/markdown",
    license=project["license"],
    keywords=project["keywords"].split(),
    python_requires=f">={project['min_python']}",
    install_requires=project["requirements"].split(),
    extras_require={name: line.split() for name, line in config["extras"].items()},
    entry_points={"console_scripts": project["console_scripts"].split()},
    packages=find_packages(include=["tinytorch", "tinytorch.*", "tito", "tito.*"]),
    package_data={"tito.actions": ["templates/*"], "tito.grading": ["templates/*"]},
    zip_safe=False,
)
