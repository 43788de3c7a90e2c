"""The word a user types is the name of the file that does it: find, list and load the parts of a package."""

from __future__ import annotations

import importlib
import pkgutil
from types import ModuleType

from lineage.errors import UnknownPart


def words(package: str) -> tuple[str, ...]:
    """The words that *package* answers to, sorted: its modules, less `base` and those that begin with `_`."""
    path = importlib.import_module(package).__path__
    names = (module.name for module in pkgutil.iter_modules(path))
    return tuple(sorted(name for name in names if name != "base" and not name.startswith("_")))


def part(package: str, word: str) -> ModuleType:
    """Import the module of *package* that *word* names. Raises UnknownPart with the words there are."""
    if word not in words(package):
        raise UnknownPart(f"no {word!r} in {package}; there are: {', '.join(words(package))}")
    return importlib.import_module(f"{package}.{word}")
