import pytest
from attrs import field, frozen
from attrs.validators import ge

from aaecore.errors import PluginError
from aaecore.part import Part, field_help, parts_of, path_of, summary


@frozen(kw_only=True)
class Inner(Part):
    """The inner one."""


@frozen(kw_only=True)
class Outer(Part):
    """The outer one.

    first: what the first means.
    second: what the second means,
        told over two lines.
    unknown: no field of this class.
    """

    first: Part = Inner()
    second: tuple[Part, ...] = ()


@frozen(kw_only=True)
class Derived(Outer):
    """Derived.

    first: another meaning.
    """


def test_a_part_that_is_no_attrs_class_is_named():
    class Plain(Part):
        pass

    with pytest.raises(PluginError, match=r"Plain is no attrs class; decorate it with @attrs.frozen"):
        parts_of(Plain())


def test_the_help_of_a_part_is_its_first_line():
    assert summary(Outer) == "The outer one."


def test_a_part_documents_its_fields_and_inherits_what_it_does_not_say_again():
    assert field_help(Outer) == {
        "first": "what the first means.",
        "second": "what the second means, told over two lines.",
    }
    assert field_help(Derived)["first"] == "another meaning."
    assert field_help(Derived)["second"] == field_help(Outer)["second"]


def test_parts_are_found_inside_parts_and_sequences_outermost_first():
    a, b, c = Inner(), Inner(), Inner()
    middle = Outer(first=a)
    found = parts_of(Outer(first=middle, second=(b, c)))
    assert [id(p) for p in found] == [id(p) for p in (middle, a, b, c)]


@frozen(kw_only=True)
class Bounded(Part):
    """Has a validator."""

    n: int = field(default=1, validator=ge(1))


@frozen(kw_only=True)
class Again(Bounded):
    """Says another default, and nothing of validators."""

    n: int = 5


@frozen(kw_only=True)
class Looser(Bounded):
    """Says another validator."""

    n: int = field(default=0, validator=ge(-1))


def test_another_default_keeps_the_validator_and_another_validator_replaces_it():
    assert Again().n == 5
    assert Looser(n=-1).n == -1
    for wrong in (lambda: Again(n=0), lambda: Looser(n=-2)):
        with pytest.raises(ValueError, match="'n' must be >="):
            wrong()


@frozen(kw_only=True)
class Box(Part):
    """A part that may hold others."""

    inner: tuple[Part, ...] = ()


def test_a_part_is_found_where_it_stands_and_equal_ones_are_told_apart():
    first, second, elsewhere = Box(), Box(), Box()
    held = Box(inner=(second,))
    recipe = Box(inner=(first, held))
    assert first == second
    assert path_of(recipe, recipe) == "recipe"
    assert path_of(first, recipe) == "recipe.inner"
    assert path_of(second, recipe) == "recipe.inner.inner"
    assert path_of(elsewhere, recipe) == "recipe"
