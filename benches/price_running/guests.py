#!/usr/bin/env python3
"""Build the C guests of this benchmark with the pinned compiler of tests/programs/fetch.py.

    guests.py FOLDER

What is there already, made of the same source, is not built again. Exit status as fetch.py's.
"""

import hashlib
import shutil
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent.parent / "tests" / "programs"))
import fetch as programs  # noqa: E402

FLAGS = ["cc", "-target", "wasm32-wasi", "-mexec-model=reactor", "-O2", "-s"]


def main():
    folder = Path(sys.argv[1]).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    missing = []
    for source in sorted((HERE / "guests").glob("*.c")):
        key = hashlib.sha256(" ".join([programs.ZIG, *FLAGS]).encode() + source.read_bytes())
        mark = folder / f"{source.stem}.made-of"
        if not mark.is_file() or mark.read_text() != key.hexdigest():
            missing.append((source, mark, key.hexdigest()))
    if not missing:
        return 0
    cache = programs.default_cache().resolve()
    cache.mkdir(parents=True, exist_ok=True)
    try:
        with tempfile.TemporaryDirectory(dir=folder) as tmp:
            tmp = Path(tmp)
            zig, env = programs.zig_in(cache, tmp)
            for source, mark, key in missing:
                made = tmp / f"{source.stem}.wasm"
                shutil.copy(source, tmp)
                programs.run([zig, *FLAGS, source.name, "-o", made], cwd=tmp, env=env)
                made.replace(folder / made.name)
                mark.write_text(key)
    except programs.Unavailable as e:
        print(f"SKIP: {e}")
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main())
