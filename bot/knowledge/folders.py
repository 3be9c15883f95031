"""Where the knowledge lies: with the assistant, in a folder of one's own, and an organisation's folder over it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

PARTS = ("nlu", "flows", "content")


@dataclass(frozen=True, kw_only=True)
class KnowledgeFile:
    """One file: its place inside the knowledge (`flows/housing.yml`), and where it really lies."""

    name: str
    path: Path
    layer: int


@dataclass(frozen=True, kw_only=True)
class Folders:
    """Folders laid over each other, the last on top: a file replaces the file of the same name below it."""

    layers: tuple[Path, ...]

    def files(self, under: str, ending: str = ".yml") -> tuple[KnowledgeFile, ...]:
        """Return the files below `under`, in order of name."""
        found: dict[str, KnowledgeFile] = {}
        for layer, root in enumerate(self.layers):
            place = root / under
            paths = [place] if place.is_file() else sorted(place.rglob(f"*{ending}"))
            for path in paths:
                name = path.relative_to(root).as_posix()
                found[name] = KnowledgeFile(name=name, path=path, layer=layer)
        return tuple(sorted(found.values(), key=lambda file: (file.layer, file.name)))

    def all(self) -> tuple[KnowledgeFile, ...]:
        """Return every file that is read, the catalogues included."""
        return tuple(file for part in PARTS for ending in (".yml", ".po") for file in self.files(part, ending))


def shipped() -> Path:
    """Return the folder that came with the assistant: inside the wheel, or the checkout it runs from."""
    package = Path(__file__).resolve().parent.parent
    inside = package / "_knowledge"
    return inside if inside.is_dir() else package.parent


def folders(own: Path | None = None, organisation: Path | None = None) -> Folders:
    """
    Return the layers to read: `own` instead of the shipped folder, and `organisation` on top.

    Raises:
        FileNotFoundError: a folder that was named is not there, or holds none of nlu/, flows/, content/.

    """
    layers = [own or shipped(), *([organisation] if organisation else [])]
    for layer in layers:
        if not any((layer / part).is_dir() for part in PARTS):
            raise FileNotFoundError(f"{layer} holds no nlu/, flows/ or content/ folder")
    return Folders(layers=tuple(layers))
