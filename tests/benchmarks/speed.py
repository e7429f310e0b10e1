"""Images a second against hand-written loops of the same mathematics."""

from pathlib import Path

from attrs import evolve
from contenders import Framework, Loop, Problem, images
from report import Measured, Row, at_least, at_most, interleave, show

LARGE = Problem(hidden=1000, batch=100, images=5000)
TINY = Problem(hidden=64, batch=64, images=20_000)


def large(repeats: int, device: str) -> None:
    """The paper's networks: two layers of 1000 units, batch 100."""
    found = _measure(evolve(LARGE, device=device), repeats)
    plain, twice = found["plain loop"], found["loop that encodes twice"]
    rows = [
        Row("plain loop", plain),
        Row("loop that encodes twice", twice, twice.median / plain.median),
        at_least("framework", found["framework"], plain, 1.03),
        at_least("framework, watched", found["framework, watched"], plain, 1.03),
    ]
    show("1000 units, batch 100, fp32; ratio to the plain loop", "images/s", rows)


def tiny(repeats: int, device: str) -> None:
    """Networks so small that overhead is all there is to see."""
    found = {name: _seconds(m) for name, m in _measure(evolve(TINY, device=device), repeats).items()}
    plain, twice = found["plain loop"], found["loop that encodes twice"]
    rows = [
        Row("plain loop", plain),
        Row("loop that encodes twice", twice, twice.median / plain.median),
        at_most("framework", found["framework"], plain, 1.25),
        at_most("framework, watched", found["framework, watched"], plain, 1.25),
    ]
    show("64 units, batch 64; ratio to the plain loop", "us/image", rows)


def bf16(repeats: int, device: str) -> None:
    """Mixed precision against fp32."""
    if device == "cpu" and not has_bf16():
        print("bf16: this processor has no bf16 instructions (avx512_bf16, amx_bf16); nothing to measure\n")
        return
    x = images(LARGE.images).view(-1, 28, 28)
    runs = {p: Framework(evolve(LARGE, device=device), x, precision=p).epoch for p in ("fp32", "bf16")}
    found = interleave(runs, repeats)
    rows = [Row("fp32", found["fp32"]), at_least("bf16", found["bf16"], found["fp32"], 1.8)]
    show("1000 units, batch 100, bf16; ratio to fp32", "images/s", rows)


def has_bf16() -> bool:
    """Whether the processor multiplies bf16 numbers itself."""
    cpuinfo = Path("/proc/cpuinfo")
    return cpuinfo.exists() and any(w in cpuinfo.read_text() for w in ("avx512_bf16", "amx_bf16", "bf16"))


def _measure(problem: Problem, repeats: int) -> dict[str, Measured]:
    x = images(problem.images)
    pictures = x.view(-1, 28, 28)
    runs = {
        "plain loop": Loop(problem, x).plain,
        "framework": Framework(problem, pictures).epoch,
        "loop that encodes twice": Loop(problem, x).twice,
        "framework, watched": Framework(problem, pictures, watched=True).epoch,
    }
    return interleave(runs, repeats)


def _seconds(speed: Measured) -> Measured:
    """Microseconds an image."""
    return Measured(tuple(1e6 / v for v in speed.values))
