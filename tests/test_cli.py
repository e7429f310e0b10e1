"""The command line: quick help, one-line errors, and the commands that need no trained run."""

import json
import os
import signal
import subprocess
import sys
import tomllib
from types import ModuleType

import click
import pytest

from aaecore import cli
from aaecore.config import load_config, structure
from aaecore.errors import RunError
from aaecore.plugins import registry

AAE = [sys.executable, "-c", "from aaecore.cli import main; main()"]


def run(capsys, *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as e:
        cli.main(arguments)
    out, err = capsys.readouterr()
    return e.value.code, out, err


def refusal(capsys, *arguments: str) -> str:
    code, out, err = run(capsys, *arguments)
    assert (code, out) == (2, "")
    assert err.startswith("aae: error: ")
    assert err.count("\n") == 1
    return err


@pytest.mark.parametrize("command", [None, *cli.COMMANDS])
def test_help_imports_nothing_heavy(command):
    code = "import sys\nfrom aaecore.cli import main\ntry: main()\nfinally: print(*sys.modules, file=sys.stderr)"
    arguments = [*([command] if command else []), "--help"]
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True)
    assert "Usage: aae" in done.stdout
    heavy = {"torch", "numpy", "attrs", "pluggy", "rich", "matplotlib"} & set(done.stderr.split())
    assert not heavy


def test_importing_the_core_does_not_import_torch():
    subprocess.run([sys.executable, "-c", "import aaecore, sys; assert 'torch' not in sys.modules"], check=True)


def test_help_names_every_command(capsys):
    code, out, _ = run(capsys)
    assert code == 0
    assert all(f"  {command} " in out for command in cli.COMMANDS)
    assert run(capsys, "-h")[1] == out


def test_the_version_is_told(capsys):
    code, out, _ = run(capsys, "--version")
    assert code == 0
    assert out.startswith("aae ")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("trian",), "no command 'trian'; did you mean 'train'? choose from: "),
        (("list", "--jsn"), "--jsn"),
        (("show",), "recipe: none is named"),
        (("show", "no-such-recipe"), "recipe: no recipe named 'no-such-recipe'; "),
        (("train", "--config", "no-such.toml"), "no-such.toml: no such file"),
        (("train", "x", "--epochs", "many"), "'many' is not a valid integer"),
        (("train", "x", "--set", "epochs"), "expected KEY=VALUE"),
        (("sample",), "Missing argument 'RUN'"),
        (("sample", "run", "-n", "0", "-o", "f.png"), "0 is not in the range"),
    ],
)
def test_a_users_mistake_is_one_line_and_status_2(capsys, arguments, said):
    assert said in refusal(capsys, *arguments)


# ---- list


def test_list_json_has_a_record_of_every_plugin(capsys):
    code, out, _ = run(capsys, "list", "--json")
    (core, *_) = told = json.loads(out)["plugins"]
    assert code == 0
    assert [p["name"] for p in told] == [p.name for p in registry().plugins]
    keys = "name version status error priors losses schedulers stackings architectures recipes"
    assert list(core) == keys.split()
    assert (core["name"], core["status"], core["error"]) == ("aaecore", "ok", None)
    assert "gaussian" in core["priors"]


def test_list_shows_each_part_with_its_help(capsys):
    code, out, _ = run(capsys, "list")
    assert code == 0
    assert any(line.split()[:3] == ["gaussian", "N(0,", "std^2"] for line in out.splitlines())
    assert "Stochastic gradient descent with momentum." in out
    for plugin in registry().plugins:
        for kind, names in plugin.offers.items():
            assert all(f"{name}  " in out for name in names), kind
    assert "\x1b" not in out


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Writes a plugin distribution as an installer would, and lets it be found."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def write(name: str, source: str):
        module = f"cli_{name.replace('-', '_')}"
        (tmp_path / f"{module}.py").write_text(source)
        info = tmp_path / f"{name}-3.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 3.0\n")
        (info / "entry_points.txt").write_text(f"[aaecore]\n{name} = {module}\n")
        registry.cache_clear()

    yield write
    registry.cache_clear()


def test_list_says_why_a_plugin_is_not_there(capsys, install):
    install("bad", "import nothing_of_this_name")
    reason = "ModuleNotFoundError: No module named 'nothing_of_this_name'"
    assert f"bad 3.0\n  broken: {reason}" in run(capsys, "list")[1]
    plugins = json.loads(run(capsys, "list", "--json")[1])["plugins"]
    (told,) = [p for p in plugins if p["name"] == "bad"]
    assert (told["version"], told["status"], told["error"], told["priors"]) == ("3.0", "broken", reason, [])
    assert f"; bad did not load: {reason}" in refusal(capsys, "show", "no-such-recipe")


# ---- show and train


TOY = """
from attrs import field, frozen
from aaecore.hooks import hookimpl
from aaecore.recipe import Recipe

@frozen(kw_only=True)
class Toy(Recipe):
    "A recipe that needs no paper."

@hookimpl
def aaecore_recipes():
    return {"toy-of-cli": Toy}
"""


@pytest.fixture
def recipe(install):
    install("toys", TOY)
    return "toy-of-cli"


def test_show_prints_a_file_for_config(capsys, recipe, tmp_path):
    code, out, _ = run(capsys, "show", recipe, "--set", "batch=7", "--set", "data.limit=50")
    assert code == 0
    config = structure(tomllib.loads(out))
    assert (config.recipe.batch, config.data.limit) == (7, 50)
    path = tmp_path / "c.toml"
    path.write_text(out)
    assert run(capsys, "show", "--config", str(path))[1] == out


@pytest.fixture
def called(monkeypatch):
    """Stands in for the modules that train and use runs, and records what they were given."""
    calls = []
    for module, names in (
        ("api", ["train_command"]),
        ("use.commands", [f"{n}_command" for n in ("sample", "reconstruct", "encode")]),
        ("use.scoring", ["score_command"]),
        ("export.checked", ["export_command"]),
    ):
        fake = ModuleType(f"aaecore.{module}")
        for name in names:
            setattr(fake, name, lambda *given, name=name, **options: calls.append((name, *given, *options.values())))
        monkeypatch.setitem(sys.modules, fake.__name__, fake)
    return calls


def test_the_options_of_train_are_settings(capsys, recipe, called, tmp_path):
    options = "--data 12 --data-root there --labels 100 --epochs 3 --seed 4 --precision bf16 --quiet"
    options += f" --out {tmp_path}"
    assert run(capsys, "train", recipe, *options.split(), "--set", "batch=5")[0] == 0
    sets = ["data.source='12'", "data.root=there", "data.labels=100", "epochs=3", "run.seed=4"]
    config = load_config(recipe, None, [*sets, "run.precision=bf16", "batch=5"])
    assert called == [("train_command", config, str(tmp_path), True, False, (), (), ())]


def test_what_is_not_given_to_train_stays_as_it_is(capsys, recipe, called):
    run(capsys, "train", recipe)
    assert called == [("train_command", load_config(recipe), None, False, False, (), (), ())]


def test_a_bad_option_of_train_is_refused_like_the_setting_it_is(capsys, recipe, called):
    assert "run.precision: no such choice 'bf32'" in refusal(capsys, "train", recipe, "--precision", "bf32")
    assert "recipe.epochs: must be >= 1, not 0" in refusal(capsys, "train", recipe, "--epochs", "0")
    assert not called


def test_commands_on_runs_pass_on_what_they_are_given(capsys, called):
    run(capsys, "sample", "r", "-n", "3", "-o", "f.png", "--label", "2", "--seed", "9")
    run(capsys, "sample", "r", "-o", "f.png")
    run(capsys, "reconstruct", "r", "-o", "f.png", "--data", "digits", "-n", "4")
    run(capsys, "encode", "r", "--data", "digits", "-o", "f.npz")
    run(capsys, "score", "r", "-o", "f.csv")
    run(capsys, "export", "r", "-o", "folder")
    assert called == [
        ("sample_command", "r", "f.png", 3, "2", None, None, None, 9),
        ("sample_command", "r", "f.png", None, None, None, None, None, 0),
        ("reconstruct_command", "r", "f.png", "digits", 4),
        ("encode_command", "r", "digits", "f.npz"),
        ("score_command", "r", None, "f.csv", 40),
        ("export_command", "r", "both", None, "folder"),
    ]


# ---- how it ends


@pytest.fixture
def ending(monkeypatch):
    """Makes `aae list` end with an error."""

    def arrange(error):
        def fail():
            raise error

        command = click.Command("list", callback=fail)
        monkeypatch.setattr(cli._Commands, "get_command", lambda self, ctx, name: command)

    return arrange


def test_errors_are_told_on_one_line(capsys, ending):
    ending(RunError("two\nlines"))
    assert refusal(capsys, "list") == "aae: error: two lines\n"
    ending(PermissionError(13, "Permission denied", "/root/x.png"))
    assert refusal(capsys, "list") == "aae: error: /root/x.png: Permission denied\n"


def test_an_interrupt_is_one_line_and_status_130(capsys, ending):
    ending(KeyboardInterrupt())
    code, _, err = run(capsys, "list")
    assert (code, err.strip()) == (130, "aae: interrupted")


def test_a_defect_keeps_its_traceback(ending):
    ending(RuntimeError("a defect"))
    with pytest.raises(RuntimeError):
        cli.main(["list"])


def test_a_reader_who_leaves_is_no_error():
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run([*AAE, "list"], stdout=writer, stderr=subprocess.PIPE, text=True)
    os.close(writer)
    assert done.stderr == ""


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_ctrl_c_in_a_process_is_one_line():
    code = (
        "import os, signal, sys; sys.argv = ['aae', 'list']\n"
        "import click, aaecore.cli as cli\n"
        "interrupt = lambda: os.kill(os.getpid(), signal.SIGINT) or __import__('time').sleep(5)\n"
        "cli._Commands.get_command = lambda *_: click.Command('list', callback=interrupt)\n"
        "cli.main()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stderr.strip()) == (128 + signal.SIGINT, "aae: interrupted")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["sample", "run", "-o", "s.png", "--label", "1", "--cluster", "2"], "--label and --cluster cannot both"),
        (["train", "classic", "--allow-change", "epochs"], "give --resume too"),
    ],
)
def test_options_that_do_not_go_together_are_refused(capsys, arguments, said):
    assert said in refusal(capsys, *arguments)
