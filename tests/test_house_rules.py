"""Rules of the house, kept by tests: a rule without one is a wish."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from core.catalog import CATALOG
from core.config import ROOT, TrainConfig, config_fields
from core.splits import PROTOCOLS

REQUIREMENTS = ("requirements.txt", "requirements-formats.txt", "requirements-finetune.txt",
                "requirements-export.txt")
README = (ROOT / "README.md").read_text(encoding="utf-8")


@cache
def modules(folder: str) -> dict[Path, ast.Module]:
    """Every file of a folder, parsed."""
    return {path: ast.parse(path.read_text(encoding="utf-8")) for path in sorted((ROOT / folder).rglob("*.py"))}


def imports(module: ast.Module) -> set[str]:
    """Top-level names of everything a file imports, at any depth of it."""
    names = set()
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names.add(node.module.split(".")[0])
    return names


def importing(folder: str, *names: str) -> list[Path]:
    """The files that import any of these packages."""
    return [path for path, module in modules(folder).items() if imports(module) & {*names}]


def test_core_never_imports_the_app_or_the_screen():
    assert not importing("core", "streamlit", "app", "plotly")


def test_the_app_holds_no_torch():
    assert not importing("app", "torch", "torchaudio", "sklearn", "librosa")


@pytest.mark.parametrize("folder", ["app", "core", "tests"])
def test_librosa_is_imported_by_its_guard_alone(folder):
    assert not importing(folder, "librosa"), "call core.librosa_guard.import_librosa"


def test_every_file_says_what_it_is():
    assert not [path for folder in ("app", "core") for path, module in modules(folder).items() if not ast.get_docstring(module)]


def test_the_map_of_core_names_every_module():
    named = set(re.findall(r"``(\w+)``", ast.get_docstring(ast.parse((ROOT / "core/__init__.py").read_text()))))
    there = {path.stem for path in (ROOT / "core").glob("*.py")}
    there |= {path.parent.name for path in (ROOT / "core").glob("*/__init__.py")}
    assert there - {"__init__", "__main__"} == named


def test_every_requirement_is_pinned_exactly_and_used():
    packages = {"scikit-learn": "sklearn"}
    used = set().union(*(imports(module) for folder in ("core", "app") for module in modules(folder).values()))
    used |= {"onnx", "onnxscript"}  # by torch.onnx
    for guard in ("torchaudio_guard", "librosa_guard"):
        used |= set(re.findall(r'import_module\("(\w+)"\)', (ROOT / f"core/{guard}.py").read_text()))
    lines = [line for file in REQUIREMENTS for line in (ROOT / file).read_text().splitlines()]
    for line in lines:
        if line.startswith("#"):
            continue
        name, version = line.split("==")
        assert re.fullmatch(r"[\d.]+", version)
        assert packages.get(name, name) in used, f"{name} is required but not used"


def test_the_readme_lists_every_model_with_its_measured_size():
    for name, card in CATALOG.items():
        assert re.search(rf"\| `{name}` \|.*\| {card.parameters:,} \| {card.macs / 1e6:,.0f} M \|", README), name


def test_the_readme_names_every_protocol_and_page():
    for word in (*PROTOCOLS, "Home", "Explore", "Train", "Tune", "Results", "Listen inside"):
        assert word in README


def test_what_the_readme_links_to_is_there():
    for target in re.findall(r"\]\((?!https?:|#)([^)\s]+)\)", README):
        assert (ROOT / target).exists(), target


def test_every_setting_explains_itself():
    assert len(config_fields()) == len(TrainConfig().to_dict())
    for field in config_fields():
        assert len(field.metadata["help"]) > 10 and field.metadata["label"] and field.metadata["group"]
