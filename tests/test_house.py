"""The rules of the house: who may import whom, and what is not loaded too early."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FLOORS = {
    "data": set(),
    "embedder": {"data"},
    "index": {"data"},
    "recommender": {"data", "index"},
    "service": {"data", "embedder", "index", "recommender"},
}
NEVER = {
    "data": {"torch", "faiss", "timm", "openvino"},
    "embedder": {"faiss"},
    "index": {"torch", "timm", "openvino"},
}
HEAVY = (
    "torch",
    "timm",
    "faiss",
    "openvino",
    "lightgbm",
    "pandas",
    "scipy",
    "sklearn",
    "sqlalchemy",
    "PIL",
    "fastapi",
)


def _modules(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


def _imports(path: Path) -> set[str]:
    """Top-level names of everything that a file imports, anywhere in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.split(".")[0])
    return found


@pytest.mark.parametrize("package", FLOORS)
def test_imports_go_down_only(package: str) -> None:
    modules = _modules(package)
    assert modules, f"{package} has no modules"
    wrong = {
        str(path.relative_to(ROOT)): sorted(bad)
        for path in modules
        if (bad := _imports(path) & ((set(FLOORS) - FLOORS[package] - {package}) | NEVER.get(package, set())))
    }
    assert wrong == {}


def test_the_floor_check_sees_a_forbidden_import(tmp_path: Path) -> None:
    planted = tmp_path / "planted.py"
    planted.write_text(
        "def f():\n    from service.engine import Engine\n    import torch.nn\n    return Engine, torch\n"
    )
    assert _imports(planted) == {"service", "torch"}


@pytest.mark.parametrize("package", ["recommender", "recommender.recommender", "recommender.training"])
def test_the_recommender_is_imported_without_torch(package: str) -> None:
    assert _loaded_after(f"import {package}", ("torch", "timm", "openvino")) == []


def test_help_loads_nothing_heavy() -> None:
    code = """
import sys
sys.argv = ["vitrine", "--help"]
from service.cli import main
try:
    main()
except SystemExit as stop:
    print("exit", stop.code)
"""
    assert _loaded_after(code, HEAVY) == []


def _loaded_after(code: str, names: tuple[str, ...]) -> list[str]:
    script = f"{code}\nimport sys\nprint('LOADED', *[n for n in {names!r} if n in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT
    )
    return done.stdout.strip().splitlines()[-1].split()[1:]


def _runs_stored_code(node: ast.AST) -> bool:
    """Whether a call could run code out of a file: unpickling in any of its guises."""
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        return False
    owner = node.func.value.id if isinstance(node.func.value, ast.Name) else ""
    given = {keyword.arg: getattr(keyword.value, "value", None) for keyword in node.keywords}
    if owner in {"pickle", "joblib", "dill", "marshal"}:
        return True
    if (owner, node.func.attr) == ("torch", "load"):
        return given.get("weights_only") is not True
    return given.get("allow_pickle") is True


def test_no_assert_and_no_pickle_outside_the_tests() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 0)}"
        for package in FLOORS
        for path in _modules(package)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Assert) or _runs_stored_code(node)
    ]
    assert wrong == []


@pytest.mark.parametrize(
    ("line", "unsafe"),
    [
        ("pickle.loads(b)", True),
        ("torch.load(f)", True),
        ("np.load(f, allow_pickle=True)", True),
        ("torch.load(f, weights_only=True)", False),
        ("np.load(f, allow_pickle=False)", False),
    ],
)
def test_the_pickle_check_sees_each_guise(line: str, unsafe: bool) -> None:
    assert any(_runs_stored_code(node) for node in ast.walk(ast.parse(line))) is unsafe


def test_every_tests_folder_is_a_package() -> None:
    folders = {path.parent for path in (ROOT / "tests").rglob("test_*.py")}
    assert [str(f) for f in sorted(folders) if not (f / "__init__.py").exists()] == []
