"""A power cut, as exactly as can be done without pulling the plug.

The recorder runs with ``synced.c`` preloaded, which keeps a copy of every file and folder as of its last sync. After the
kill the lake is replaced by what the disk was bound to hold: synced content under synced names. The torn kind adds what
a disk may hold beside that: of everything written and not synced, any blocks and any names, chosen at random.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from tests.faults.store_kill import Judge

BLOCK = 4096
SOURCE = Path(__file__).with_name("synced.c")


def compiler() -> str | None:
    """Return a C compiler, ``None`` where there is none."""
    return shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")


class PowerCut(Judge):
    """A judge that leaves only what was synced, or with ``torn`` random parts of the rest beside it."""

    def __init__(self, folder: Path, seed: int, *, torn: bool) -> None:
        super().__init__(folder, seed)
        self._torn = torn
        self._shadow = folder.with_name("shadow")
        self._library = folder.with_name("synced.so")
        folder.mkdir(parents=True)
        for name in ("inode", "folder"):
            (self._shadow / name).mkdir(parents=True)
        subprocess.run(
            [compiler() or "cc", "-shared", "-fPIC", "-O1", "-w", "-o", self._library, SOURCE, "-ldl"],
            check=True,
        )

    def environment(self) -> dict[str, str]:
        return dict(os.environ) | {
            "LD_PRELOAD": str(self._library), "LAKE": str(self.folder), "SHADOW": str(self._shadow),
        }  # fmt: skip

    def after_kill(self) -> None:
        image = self.folder.with_name("image")
        image.mkdir()
        self._rebuild(self.folder, image)
        shutil.rmtree(self.folder)
        image.rename(self.folder)
        self._remember()

    def _rebuild(self, folder: Path, image: Path) -> None:
        """Make a folder as the disk may hold it."""
        names = self._synced_names(folder)
        if self._torn and folder.exists():
            present = {p.name: (p.stat().st_ino, p.is_dir()) for p in folder.iterdir()}
            changed = {n for n in present.keys() | names.keys() if present.get(n) != names.get(n)}
            for name in sorted(changed):
                if self.random.random() < 0.5:
                    names.pop(name, None)
                    if name in present:
                        names[name] = present[name]
        for name, (inode, is_folder) in names.items():
            if is_folder:
                (image / name).mkdir()
                self._rebuild(folder / name, image / name)
            else:
                (image / name).write_bytes(self._content(folder / name, inode))

    def _synced_names(self, folder: Path) -> dict[str, tuple[int, bool]]:
        listed = self._shadow / "folder" / str(folder).replace("/", "%")
        if not listed.exists():
            return {}
        rows = [line.split(" ", 2) for line in listed.read_text().splitlines()]
        return {name: (int(inode), kind == "d") for inode, kind, name in rows}

    def _content(self, path: Path, inode: int) -> bytes:
        """Return a file's synced content; torn, with any blocks of what was written since."""
        kept = self._shadow / "inode" / str(inode)
        synced = kept.read_bytes() if kept.exists() else b""
        if not self._torn or not path.exists() or path.stat().st_ino != inode:
            return synced
        written = path.read_bytes()
        length = max(
            len(synced), self.random.choice((len(synced), len(written), self.random.randint(0, len(written))))
        )
        blocks = []
        for at in range(0, length, BLOCK):
            old, new = synced[at : at + BLOCK], written[at : at + BLOCK]
            chosen = new if self.random.random() < 0.5 and len(new) >= len(old) else old
            blocks.append(chosen.ljust(min(BLOCK, length - at), b"\0"))
        return b"".join(blocks)[:length]

    def _remember(self) -> None:
        """Begin the next recorder with everything on the disk."""
        for name in ("inode", "folder"):
            for path in (self._shadow / name).iterdir():
                path.unlink()
        for path in [self.folder, *self.folder.rglob("*")]:
            if path.is_dir():
                rows = [f"{p.stat().st_ino} {'d' if p.is_dir() else 'f'} {p.name}\n" for p in path.iterdir()]
                (self._shadow / "folder" / str(path).replace("/", "%")).write_text("".join(rows))
            else:
                shutil.copyfile(path, self._shadow / "inode" / str(path.stat().st_ino))
