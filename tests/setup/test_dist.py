"""The zip for --py-files."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

from scripts.dist import build

ROOT = Path(__file__).resolve().parents[2]


def test_the_zip_holds_every_file_of_the_package_and_no_cache(tmp_path: Path) -> None:
    lib = tmp_path / "lib"
    for name in ("__init__.py", "report/page.html.j2", "sources/lists/bots.yaml", "py.typed"):
        path = lib / "trailhouse" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    for name in ("trailhouse/__pycache__/a.pyc", "trailhouse.egg-info/PKG-INFO", "trailhouse/.hidden"):
        path = lib / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)

    with zipfile.ZipFile(build(lib, tmp_path / "dist")) as archive:
        assert archive.namelist() == [
            "trailhouse/__init__.py",
            "trailhouse/py.typed",
            "trailhouse/report/page.html.j2",
            "trailhouse/sources/lists/bots.yaml",
        ]
        assert archive.read("trailhouse/report/page.html.j2") == b"report/page.html.j2"


def test_the_same_files_give_the_same_bytes_at_any_time(tmp_path: Path) -> None:
    module = tmp_path / "lib" / "trailhouse" / "__init__.py"
    module.parent.mkdir(parents=True)
    module.write_text("")
    first = build(tmp_path / "lib", tmp_path / "first").read_bytes()

    os.utime(module, (0, 1_000_000_000))
    module.chmod(0o600)

    assert build(tmp_path / "lib", tmp_path / "second").read_bytes() == first


def test_python_imports_the_package_from_the_zip(tmp_path: Path) -> None:
    archive = build(ROOT / "lib", tmp_path)
    code = "import trailhouse.errors; print(trailhouse.errors.__file__)"

    found = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(archive)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )

    assert found.stdout.strip() == f"{archive}/trailhouse/errors.py"
