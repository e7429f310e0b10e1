"""`make bench`: speed, memory and start-up against their targets. Prints tables; decides nothing."""

import argparse

import memory
import speed
import stages
import startup
import torch
import wgan_gp

BENCHMARKS = {
    "large": (speed.large, 7),
    "tiny": (speed.tiny, 9),
    "bf16": (speed.bf16, 7),
    "memory": (memory.run, 3),
    "startup": (startup.run, 5),
    "wgan-gp": (wgan_gp.run, 7),
    "stages": (stages.run, 3),
}


def main() -> None:
    """Run the benchmarks that were named, or all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"which of: {', '.join(BENCHMARKS)}")
    parser.add_argument("--repeats", type=int, help="measurements of each contender")
    parser.add_argument("--device", default="cpu", help="cpu, or a CUDA device")
    given = parser.parse_args()
    if unknown := set(given.names) - BENCHMARKS.keys():
        parser.error(f"no benchmark {min(unknown)!r}; choose from: {', '.join(BENCHMARKS)}")
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads, {given.device}\n")
    for name in given.names or BENCHMARKS:
        benchmark, repeats = BENCHMARKS[name]
        benchmark(given.repeats or repeats, given.device)


if __name__ == "__main__":
    main()
