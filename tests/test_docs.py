"""What README and docs say: every command and every block of code runs, every name there exists."""

import contextlib
import gzip
import io
import os
import re
import shlex
import struct
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib import import_module, invalidate_caches
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from aaecore.cli import COMMANDS, main
from aaecore.plugins import registry

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted(ROOT.glob("docs/**/*.md"))]
PLUGINS = sorted(p.parent.name for p in ROOT.glob("plugins/*/pyproject.toml"))
TARGETS = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
LANGUAGES = {"sh", "python", "toml", "console", "text", "{toctree}", "{eval-rst}"}
SMALL = ["--epochs", "1", "--set", "data.limit=256", "--quiet"]

named = pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))


def blocks(page: Path) -> list[tuple[str, str]]:
    """Language and text of each fenced block."""
    return re.findall(r"^```(\S*)\n(.*?)^```$", page.read_text("utf-8"), re.MULTILINE | re.DOTALL)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty working directory with the data that pages speak of; what is imported from it is forgotten."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    rng = np.random.default_rng(0)
    for k in range(3):
        (tmp_path / "photos" / f"class-{k}").mkdir(parents=True)
        for i in range(50):
            image = Image.fromarray(rng.integers(0, 256, (20, 18, 3), dtype=np.uint8))
            image.save(tmp_path / "photos" / f"class-{k}" / f"{i}.png")
    np.save("vectors.npy", rng.normal(size=(200, 12)).astype(np.float32))
    np.savez("images.npz", x=rng.random((200, 8, 8), dtype=np.float32), y=rng.permutation(200) % 4)
    write_mnist(tmp_path / "data" / "MNIST" / "raw", rng)
    before, paths = set(sys.modules), list(sys.path)
    yield tmp_path
    sys.path[:] = paths
    registry.cache_clear()
    for module in set(sys.modules) - before:
        if str(getattr(sys.modules[module], "__file__", "")).startswith(str(tmp_path)):
            del sys.modules[module]


def write_mnist(folder: Path, rng: np.random.Generator) -> None:
    """Noise in the files of MNIST."""
    folder.mkdir(parents=True)
    for split, n in (("train", 300), ("t10k", 100)):
        images, labels = rng.integers(0, 256, n * 784, dtype=np.uint8), np.arange(n, dtype=np.uint8) % 10
        for name, header, content in (
            ("images-idx3", struct.pack(">4i", 2051, n, 28, 28), images),
            ("labels-idx1", struct.pack(">2i", 2049, n), labels),
        ):
            (folder / f"{split}-{name}-ubyte").write_bytes(header + content.tobytes())
            with gzip.open(folder / f"{split}-{name}-ubyte.gz", "wb") as file:
                file.write(header + content.tobytes())


@named
def test_every_block_runs(page: Path, folder: Path) -> None:
    namespace: dict[str, object] = {"__name__": "page"}
    for language, text in blocks(page):
        assert language in LANGUAGES, f"no test knows what to do with a block of {language!r}"
        if path := re.match(r"# (\S+\.\w+)\n", text):
            Path(path[1]).parent.mkdir(parents=True, exist_ok=True)
            Path(path[1]).write_text(text, "utf-8")
        elif language == "python":
            exec(compile(re.sub(r"epochs=\d+", "epochs=1", text), str(page), "exec"), namespace)
        elif language == "sh":
            for line in text.splitlines():
                run(line)
        if language == "toml":
            tomllib.loads(text)


def run(line: str) -> None:
    """Run a command of ours on little data; check that others name what exists."""
    words = shlex.split(line, comments=True)
    if words[:1] == ["aae"]:
        run_aae(words[1:])
    elif words[:1] == ["make"]:
        assert set(words[1:]) <= TARGETS
    elif words[:3] == ["pip", "install", "-e"]:
        install(Path(words[3]))
    elif words[:2] == ["pip", "install"]:
        assert all((ROOT / word / "pyproject.toml").exists() for word in words[2:])
    elif words[:3] == ["python", "-m", "pytest"]:
        python("-m", "pytest", "-q", "-p", "no:cacheprovider", *words[3:])
    elif words[:3] == ["python", "-m", "build"]:
        python("-m", "build", "-q", "--no-isolation", *words[3:])
        assert len(list(Path(words[3], "dist").iterdir())) == 2
    else:
        raise AssertionError(f"no test knows how to run {line!r}")


def install(project: Path) -> None:
    """Install a package into a folder that is imported from, without the network."""
    options = ("-q", "--no-deps", "--no-index", "--no-build-isolation", "--target", "site")
    python("-m", "pip", "install", *options, str(project.resolve()))
    sys.path.insert(0, str(Path("site").resolve()))
    invalidate_caches()
    registry.cache_clear()


def python(*arguments: str) -> None:
    """Run Python in a process of its own that imports what this one does."""
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, *arguments], env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def run_aae(words: list[str]) -> None:
    """Run `aae`, in this process; `> file` works as in a shell."""
    out = io.StringIO()
    words, to = (words[:-2], words[-1]) if ">" in words else (words, None)
    begins = words[0] == "train" or (words[0] == "sweep" and "--resume" not in words)
    if "--trials" in words:
        words[words.index("--trials") + 1] = "1" if begins else "2"
    small = SMALL if begins else []
    with contextlib.redirect_stdout(out), pytest.raises(SystemExit) as exit_:
        main([*words, *small])
    assert exit_.value.code == 0
    if to:
        Path(to).write_text(out.getvalue(), "utf-8")


@named
def test_what_a_session_shows_is_what_is_said(page: Path, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for _, text in (b for b in blocks(page) if b[0] == "console"):
        command, *shown = text.splitlines()
        if "interrupted" in text:
            continue
        with pytest.raises(SystemExit):
            main(shlex.split(command)[2:])
        said = capsys.readouterr()
        for line in shown:
            assert line.removesuffix("...") in said.out + said.err


@named
def test_every_test_and_file_that_is_cited_exists(page: Path) -> None:
    text = page.read_text("utf-8")
    for path, _, test in re.findall(r"`((?:tests|plugins)/[\w/.-]+)(::(\w+))?`", text):
        assert (ROOT / path).exists(), path
        assert not test or f"def {test}(" in (ROOT / path).read_text("utf-8"), test


@named
def test_every_link_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)", page.read_text("utf-8")):
        assert "://" in target or (page.parent / target).exists(), target


@named
def test_every_module_that_is_cited_exists(page: Path) -> None:
    prefixes = "|".join(["aaecore", *(name.replace("-", "_") for name in PLUGINS)])
    for dotted in re.findall(rf"`((?:{prefixes})(?:\.\w+)+)`", page.read_text("utf-8")):
        assert resolved(dotted), dotted


def resolved(dotted: str) -> bool:
    """Whether a dotted name is a module or something in one."""
    words = dotted.split(".")
    for n in range(len(words), 0, -1):
        with contextlib.suppress(ModuleNotFoundError):
            found: object = import_module(".".join(words[:n]))
            for word in words[n:]:
                found = getattr(found, word, None)
            return found is not None
    return False


def test_the_readme_names_every_plugin_and_every_command() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    assert [name for name in PLUGINS if f"(plugins/{name})" not in readme] == []
    assert [name for name in COMMANDS if f"aae {name}" not in readme] == []


def test_the_readme_names_no_plugin_that_is_not_here() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    assert set(re.findall(r"\(plugins/([\w-]+)\)", readme)) <= set(PLUGINS)


def test_the_page_on_a_paper_names_each_of_its_recipes() -> None:
    for plugin in registry().plugins:
        page = ROOT / "docs" / "papers" / f"{plugin.name}.md"
        if page.exists():
            text = page.read_text("utf-8")
            assert [name for name in plugin.offers["recipe"] if f"`{name}`" not in text] == []
