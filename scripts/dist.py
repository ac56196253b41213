"""Build dist/trailhouse-VERSION.zip of lib/ for spark-submit's --py-files.

The same files give the same bytes: members are sorted, and carry no time of their own.
"""

import argparse
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path

import trailhouse

ROOT = Path(__file__).resolve().parent.parent
# The earliest time that a zip can tell.
EPOCH = (1980, 1, 1, 0, 0, 0)


def members(lib: Path) -> list[Path]:
    """The files of the package below `lib`, code and data, sorted; caches are left out."""
    package = lib / "trailhouse"
    return sorted(
        path
        for path in package.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and not path.name.startswith(".")
    )


def build(lib: Path, out: Path) -> Path:
    """Write the zip into the folder `out` and return its path."""
    out.mkdir(parents=True, exist_ok=True)
    target = out / f"trailhouse-{trailhouse.__version__}.zip"
    part = target.with_suffix(".part")
    with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in members(lib):
            member = zipfile.ZipInfo(path.relative_to(lib).as_posix(), EPOCH)
            member.compress_type = zipfile.ZIP_DEFLATED
            member.external_attr = 0o644 << 16
            archive.writestr(member, path.read_bytes())
    part.replace(target)
    return target


def main(arguments: Sequence[str] | None = None) -> int:
    """Build the zip and print its path."""
    parser = argparse.ArgumentParser(description="Build the zip of lib/ for --py-files.")
    parser.add_argument("--out", type=Path, default=ROOT / "dist", help="the folder of the zip")
    print(build(ROOT / "lib", parser.parse_args(arguments).out))
    return 0


if __name__ == "__main__":
    sys.exit(main())
