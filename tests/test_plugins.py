"""Plugins are found and checked one by one, and none can break another."""

import re
import textwrap
from pathlib import Path
from types import SimpleNamespace

import pytest
from attrs import field, frozen

from aaecore import cli
from aaecore.defaults.priors import Gaussian
from aaecore.errors import PluginError
from aaecore.hooks import hookimpl
from aaecore.kinds import HOOKS
from aaecore.loss import ReconstructionLoss
from aaecore.optimizer import Adam
from aaecore.plugins import Registry
from aaecore.plugins import registry as installed
from aaecore.posterior import Universal
from aaecore.prior import Prior


@frozen(kw_only=True)
class Ring(Prior):
    """A circle.

    radius: of the circle.
    """

    radius: float = 1.0


@frozen(kw_only=True)
class Disc(Prior):
    """A filled circle."""


class Bare(Prior):
    """Not an attrs class."""


class Heir(Ring):
    """Inherits the fields of an attrs class without being one."""

    width: float = 2.0


@frozen(kw_only=True)
class Named(Prior):
    """A part whose field would be taken for its name."""

    name: str = "x"


@frozen(kw_only=True)
class Unreadable(Prior):
    """A field whose type exists nowhere."""

    shape: "Nowhere" = field(default=None)  # type: ignore[name-defined]  # noqa: F821


def plugin(**tables: object) -> SimpleNamespace:
    """A plugin with these hooks, each returning a value or running a function."""
    return SimpleNamespace(**{hook: hookimpl(_hook(value)) for hook, value in tables.items()})


def _hook(value):
    return value if callable(value) else lambda: value


def fail(error):
    def hook():
        raise error

    return hook


def broken(registry: Registry, name: str) -> str:
    found = next(p for p in registry.plugins if p.name == name)
    assert found.status == "broken"
    assert not found.offers
    assert found.error
    assert "\n" not in found.error
    return found.error


def test_a_part_is_found_by_name_and_by_plugin_and_name():
    registry = Registry.from_modules({"mine": plugin(aaecore_priors={"ring": Ring})})
    assert registry.get("prior", "ring") is Ring
    assert registry.get("prior", "mine:ring") is Ring
    assert registry.name_of(Ring) == "ring"
    assert registry.owner(Ring).name == "mine"
    assert "ring" in registry.names("prior")


def test_the_core_offers_its_own_parts_first_and_once():
    registry = Registry.from_modules({"aa-first": plugin(aaecore_priors={"ring": Ring})})
    assert [p.name for p in registry.plugins] == ["aaecore", "aa-first"]
    assert registry.get("prior", "gaussian") is registry.get("prior", "aaecore:gaussian") is Gaussian


def test_posteriors_and_optimizers_are_looked_up_like_everything_else():
    registry = Registry.from_modules({})
    assert registry.get("posterior", "universal") is Universal
    assert registry.get("optimizer", "aaecore:adam") is Adam
    assert registry.names("optimizer") == ["adam", "rmsprop", "sgd"]
    assert registry.owner(Adam).name == "aaecore"


def test_two_plugins_may_not_share_a_name():
    both = {"left": plugin(aaecore_priors={"ring": Ring}), "right": plugin(aaecore_priors={"ring": Disc})}
    registry = Registry.from_modules(both)
    with pytest.raises(PluginError, match=r"'ring' is offered by left and right; write left:ring or right:ring"):
        registry.get("prior", "ring")
    assert registry.get("prior", "right:ring") is Disc
    assert registry.name_of(Ring) == "left:ring"
    assert {"left:ring", "right:ring"} < set(registry.names("prior"))
    assert "ring" not in registry.names("prior")
    assert registry.get("prior", "gaussian") is Gaussian
    assert registry.preferring(["right", "aaecore"]).get("prior", "ring") is Disc
    with pytest.raises(PluginError, match="write left:ring or right:ring"):
        registry.preferring(["left", "right"]).get("prior", "ring")


def test_one_name_may_stand_for_parts_of_two_kinds():
    registry = Registry.from_modules({"mine": plugin(aaecore_priors={"single": Ring})})
    assert registry.get("prior", "single") is Ring
    assert registry.name_of(registry.get("stacking", "single")) == "single"


def test_an_unknown_name_is_answered_with_the_nearest_and_all_choices():
    with pytest.raises(PluginError) as e:
        Registry.from_modules({}).get("prior", "gausian")
    expected = "no prior named 'gausian'; did you mean 'gaussian'? choose from: categorical, gaussian, uniform"
    assert str(e.value) == expected


def test_a_plugin_that_did_not_load_is_cited_when_a_name_is_missing():
    registry = Registry.from_modules({"gasca": plugin(aaecore_priors=fail(ImportError("no module named foo")))})
    with pytest.raises(PluginError, match=r"no prior named 'ring'; .*; gasca did not load: ImportError: no module"):
        registry.get("prior", "ring")


def test_only_parts_of_the_asked_base_class_are_offered():
    registry = Registry.from_modules({})
    assert "kl" in registry.names("loss")
    assert "kl" not in registry.names("loss", ReconstructionLoss)
    with pytest.raises(PluginError, match="loss 'kl' is no ReconstructionLoss; choose from: l1-mean"):
        registry.get("loss", "kl", ReconstructionLoss)


def test_an_unknown_kind_is_refused():
    with pytest.raises(PluginError, match="no kind of part is called 'priors'; did you mean 'prior'"):
        Registry.from_modules({}).names("priors")


def test_a_class_nobody_offers_has_neither_name_nor_owner():
    assert Registry.from_modules({}).name_of(Ring) is None
    assert Registry.from_modules({}).owner(Ring) is None


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (
            plugin(aaecore_prior={"ring": Ring}),
            "aaecore_prior is no hook of aaecore; did you mean 'aaecore_priors'",
        ),
        (SimpleNamespace(aaecore_prior=_hook({})), "aaecore_prior is no hook"),
        (SimpleNamespace(aaecore_priors=lambda: {"ring": Ring}), "not marked with @aaecore.hookimpl"),
        (plugin(aaecore_priors=fail(RuntimeError("boom\nbang"))), "RuntimeError: boom bang"),
        (plugin(aaecore_priors=fail(SystemExit(3))), "SystemExit: 3"),
        (plugin(aaecore_priors=None), "aaecore_priors returned NoneType, not a mapping"),
        (plugin(aaecore_priors=[Ring]), "aaecore_priors returned list, not a mapping"),
        (plugin(aaecore_priors=lambda extra: {}), "extra"),
        (plugin(aaecore_priors={"ring": Adam}), "'ring': Adam is no subclass of Prior"),
        (plugin(aaecore_losses={"ring": Ring}), "Ring is no subclass of Loss or AdversarialLoss"),
        (plugin(aaecore_priors={"ring": Ring()}), "'ring': not a class but Ring"),
        (plugin(aaecore_priors={"bare": Bare}), "Bare is not an attrs class; decorate it with @attrs.frozen"),
        (plugin(aaecore_priors={"heir": Heir}), "Heir is not an attrs class"),
        (plugin(aaecore_priors={"named": Named}), "Named has a field `name`"),
        (plugin(aaecore_priors={"lost": Unreadable}), "types of its fields cannot be read .NameError"),
        (plugin(aaecore_priors={"a b": Ring}), "a name is made of letters"),
        (plugin(aaecore_priors={"a:b": Ring}), "a name is made of letters"),
        (plugin(aaecore_priors={"": Ring}), "a name is made of letters"),
        (plugin(aaecore_priors={1: Ring}), "a name is made of letters"),
    ],
)
def test_a_bad_plugin_is_recorded_with_the_reason_and_harms_no_other(bad, reason):
    registry = Registry.from_modules({"bad": bad, "good": plugin(aaecore_priors={"disc": Disc})})
    assert re.search(reason, broken(registry, "bad"))
    assert registry.get("prior", "disc") is Disc
    assert registry.get("prior", "gaussian") is Gaussian


def test_one_bad_table_takes_back_all_a_plugin_offers():
    bad = plugin(aaecore_priors={"ring": Ring}, aaecore_stackings={"x": Ring})
    registry = Registry.from_modules({"bad": bad})
    broken(registry, "bad")
    assert "ring" not in registry.names("prior")


def test_an_interrupt_is_not_taken_for_a_broken_plugin():
    with pytest.raises(KeyboardInterrupt):
        Registry.from_modules({"mine": plugin(aaecore_priors=fail(KeyboardInterrupt()))})


def test_every_kind_a_hook_offers_can_be_asked_for():
    registry = Registry.from_modules({})
    assert all(isinstance(registry.names(kind), list) for kind in HOOKS)


# ---- installed distributions

GOOD = """
from attrs import frozen
from aaecore.hooks import hookimpl
from aaecore.prior import Prior

@frozen(kw_only=True)
class {cls}(Prior):
    "A prior."

@hookimpl
def aaecore_priors():
    return {{"{name}": {cls}}}
"""


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Writes distributions with an entry point each, as an installer would, and finds them again."""
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr("aaecore.discovery.core_version", lambda: "0.1.0")
    monkeypatch.delenv("AAECORE_BLOCK", raising=False)

    def write(name, source, *, entry=None, requires="aaecore>=0.1,<1"):
        module = f"installed_{name.replace('-', '_')}"
        (tmp_path / f"{module}.py").write_text(textwrap.dedent(source))
        info = tmp_path / f"{name.replace('-', '_')}-1.2.dist-info"
        info.mkdir()
        metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.2\nRequires-Dist: {requires}\n"
        (info / "METADATA").write_text(metadata)
        (info / "entry_points.txt").write_text(f"[aaecore]\n{entry or name} = {module}\n")

    return write


def discovered():
    from aaecore.discovery import discover

    return Registry(discover())


def named(registry, name):
    return next(p for p in registry.plugins if p.name == name)


def test_an_installed_plugin_is_found_with_its_version(install):
    install("ring-plugin", GOOD.format(cls="R", name="ring"))
    registry = discovered()
    found = named(registry, "ring-plugin")
    assert (found.version, found.status, found.offers) == ("1.2", "ok", {"prior": ("ring",)})
    assert registry.get("prior", "ring-plugin:ring").__name__ == "R"
    assert [p.name for p in registry.plugins].count("aaecore") == 1


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("import nothing_of_this_name", "ModuleNotFoundError: No module named 'nothing_of_this_name'"),
        ("def :", "SyntaxError: "),
        ("raise SystemExit('bye')", "SystemExit: bye"),
        ("1 / 0", "ZeroDivisionError: division by zero"),
    ],
)
def test_a_plugin_that_cannot_be_imported_harms_no_other(install, source, reason):
    install("bad-plugin", source)
    install("good-plugin", GOOD.format(cls="G", name="good"))
    registry = discovered()
    assert broken(registry, "bad-plugin").startswith(reason)
    assert "good" in registry.names("prior")


def test_a_blocked_plugin_is_not_imported(install, monkeypatch):
    install("loud-plugin", "raise AssertionError('imported')")
    monkeypatch.setenv("AAECORE_BLOCK", "other, Loud_Plugin")
    found = named(discovered(), "loud-plugin")
    assert (found.status, found.error) == ("blocked", "blocked by AAECORE_BLOCK")


def test_the_core_cannot_be_blocked(install, monkeypatch):
    monkeypatch.setenv("AAECORE_BLOCK", "aaecore")
    with pytest.raises(PluginError, match="AAECORE_BLOCK names 'aaecore' itself"):
        discovered()


def test_a_plugin_for_another_core_is_said_and_not_imported(install):
    install("old-plugin", "raise AssertionError('imported')", requires="aaecore<0.1")
    found = named(discovered(), "old-plugin")
    assert found.status == "incompatible"
    assert found.error == "needs aaecore <0.1, this is 0.1.0; install versions that fit"


def test_requirements_of_extras_do_not_make_a_plugin_incompatible(install):
    install("extra-plugin", GOOD.format(cls="E", name="e"), requires="aaecore<0.1; extra == 'old'")
    assert named(discovered(), "extra-plugin").status == "ok"


def test_metadata_that_cannot_be_read_breaks_only_its_plugin(install):
    install("odd-plugin", GOOD.format(cls="O", name="odd"), requires="aaecore >>> 1")
    assert "metadata cannot be read" in broken(discovered(), "odd-plugin")


def test_an_entry_point_is_called_like_its_distribution(install):
    install("honest-plugin", GOOD.format(cls="H", name="h"), entry="aaecore")
    assert "must be called 'honest-plugin', not 'aaecore'" in broken(discovered(), "honest-plugin")
    assert discovered().get("prior", "gaussian") is Gaussian


# ---- what a user sees

SHOWN = re.compile(r"^```text\n\$ aae (.*?)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
GUIDE = (Path(__file__).parents[1] / "docs" / "writing-a-plugin.md").read_text("utf-8")


@pytest.fixture
def with_bad_plugins(install):
    """The plugins that the author's guide speaks of."""
    install("aae-broken", "import spheres")
    install("aae-misspelt", GOOD.format(cls="M", name="m").replace("aaecore_priors", "aaecore_prior"))
    install("aae-old", "raise AssertionError('imported')", requires="aaecore<0.1")
    for name in ("aae-left", "aae-right"):
        install(name, GOOD.format(cls="Ring", name="ring"))
    installed.cache_clear()
    yield
    installed.cache_clear()


@pytest.mark.parametrize(("command", "shown"), SHOWN.findall(GUIDE))
def test_a_bad_plugin_looks_as_the_guide_says(command, shown, with_bad_plugins, capsys):
    with pytest.raises(SystemExit):
        cli.main(command.split())
    said = "".join(capsys.readouterr())
    for line in shown.splitlines():
        for part in line.split("..."):
            assert part in said


def test_the_guide_shows_both_a_listing_and_refusals():
    assert [command.split()[0] for command, _ in SHOWN.findall(GUIDE)] == ["list", "train", "train"]
