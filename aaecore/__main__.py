"""`python -m aaecore` is the command `aae`; launchers such as torchrun start a module."""

from aaecore.cli import main

main()
