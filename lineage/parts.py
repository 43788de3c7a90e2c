"""The word a user types is the name of the file that does it: find, list and load the parts of a package."""

from __future__ import annotations

import importlib
import pkgutil
from importlib.util import find_spec
from types import ModuleType

from lineage.errors import InvalidInput, UnknownPart

SHARED = frozenset({"answers", "base", "happened", "making"})  # modules of such a package that all its parts use


def words(package: str) -> tuple[str, ...]:
    """The words that *package* answers to, sorted: its modules, less `SHARED` and those that begin with `_`."""
    path = importlib.import_module(package).__path__
    names = (module.name for module in pkgutil.iter_modules(path))
    return tuple(sorted(name for name in names if name not in SHARED and not name.startswith("_")))


def part(package: str, word: str) -> ModuleType:
    """Import the module of *package* that *word* names. Raises UnknownPart with the words there are."""
    if word not in words(package):
        raise UnknownPart(f"no {word!r} in {package}; there are: {', '.join(words(package))}")
    return importlib.import_module(f"{package}.{word}")


def require_extra(module: str, extra: str, knob: str) -> None:
    """Raise InvalidInput with what to install when *module*, which *extra* brings and *knob* asks for, is missing."""
    if find_spec(module) is None:
        raise InvalidInput(f"{knob} wants an extra; run `pip install 'headwater-lineage[{extra}]'`", field=knob)
