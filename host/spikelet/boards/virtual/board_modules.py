"""Import modules as CircuitPython does, for the code on the virtual board.

CPython calls the `__import__` of the builtins of the code that imports. Code on the board has builtins
of its own: CircuitPython's, and an import that finds CircuitPython's modules and the board's files. The
stand-ins themselves have CPython's.
"""

from __future__ import annotations

import builtins
import importlib
import importlib.util
import os
from collections.abc import Iterable, Mapping
from types import ModuleType
from typing import Any

# Modules of this folder and of `modules`, because serve.py runs as a script.
import drive
from circuitpython_names import NAMES

# Begins the names of stand-ins for modules that CPython has too.
REPLACES = "circuit_"


class BoardModules:
    """The modules of a board.

    Attributes
    ----------
    loaded : dict of str to module
        The board's `sys.modules`.
    builtins : dict of str to object
        The builtins of code on the board.
    """

    def __init__(self, replaced: Mapping[str, object]) -> None:
        """Make the builtins.

        Parameters
        ----------
        replaced : mapping of str to object
            Builtins that differ from CPython's, beside `open` and `__import__`.
        """
        self.loaded: dict[str, ModuleType] = {}
        self.builtins = {
            **{name: value for name, value in vars(builtins).items() if name in NAMES["builtins"]},
            **{"open": drive.open_file, "__import__": self.import_, **replaced},
        }
        # Code on the board may list all modules.
        self._sys = self._load("sys")
        vars(self._sys)["modules"] = self.loaded
        self.loaded["builtins"] = ModuleType("builtins")
        vars(self.loaded["builtins"]).update(self.builtins)

    def import_(
        self,
        name: str,
        importing: Mapping[str, Any] | None = None,
        _locals: object = None,
        names: Iterable[str] | None = (),
        level: int = 0,
    ) -> ModuleType:
        """Import a module, with the parameters of `__import__`.

        Raises
        ------
        ImportError
            If neither CircuitPython nor the board has the module, or the module lacks a name.
        """
        full = _absolute(name, importing or {}, level) if level else name
        module = self._load(full)
        for wanted in names or ():
            if wanted != "*" and not hasattr(module, wanted):
                # CPython would look into its own modules next.
                if not hasattr(module, "__path__"):
                    raise ImportError(f"cannot import name '{wanted}' from '{full}'", name=full)
                self._load(f"{full}.{wanted}")
        return module if names or level else self.loaded.get(name.partition(".")[0], module)

    def _load(self, name: str) -> ModuleType:
        if name in self.loaded:
            return self.loaded[name]
        parent, _, last = name.rpartition(".")
        package = self._load(parent) if parent else None
        if package is None:
            if name in NAMES:
                self.loaded[name] = _stand_in(name)
                return self.loaded[name]
            places = self._sys.path
        elif hasattr(package, "__path__"):
            places = package.__path__
        elif isinstance(getattr(package, last, None), ModuleType):
            return getattr(package, last)
        else:
            raise _missing(name)
        return self._run(_find(name, last, places), package, last)

    def _run(self, module: ModuleType, package: ModuleType | None, last: str) -> ModuleType:
        """Run the file of a module; forget the module if its code fails."""
        name, path = module.__name__, str(module.__file__)
        vars(module)["__builtins__"] = self.builtins
        self.loaded[name] = module
        if package is not None:
            setattr(package, last, module)
        try:
            if os.path.isfile(path):
                with open(path, "rb") as file:
                    exec(compile(file.read(), path, "exec"), vars(module))
        except BaseException:
            self.loaded.pop(name, None)
            if package is not None:
                vars(package).pop(last, None)
            raise
        return self.loaded.get(name, module)


def _stand_in(name: str) -> ModuleType:
    """Return a module with those of CircuitPython's names that the virtual board has."""
    replaced = importlib.util.find_spec(REPLACES + name) is not None
    source = importlib.import_module(REPLACES + name if replaced else name)
    shown = NAMES[name] | set(getattr(source, "PINS", ()))
    view = ModuleType(name)
    vars(view).update({key: value for key, value in vars(source).items() if key in shown})
    return view


def _find(name: str, last: str, places: Iterable[str]) -> ModuleType:
    """Return the empty module of a file or a folder; __file__ may be missing in a folder."""
    for place in places:
        path = drive.place(f"{place}/{last}" if place else last)
        module = ModuleType(name)
        if os.path.isdir(path):
            module.__file__, module.__path__ = f"{path}/__init__.py", [path]
            return module
        if os.path.isfile(f"{path}.py"):
            module.__file__ = f"{path}.py"
            return module
    raise _missing(name)


def _absolute(name: str, importing: Mapping[str, Any], level: int) -> str:
    """Return the absolute name of a relative import."""
    parts = importing.get("__name__", "").split(".")
    if "__path__" not in importing:
        parts.pop()
    if level > 1:
        del parts[-(level - 1) :]
    if not parts:
        raise ImportError("can't perform relative import")
    return ".".join([*parts, name] if name else parts)


def _missing(name: str) -> ImportError:
    return ImportError(f"no module named '{name}'", name=name)
