"""``python -m tonicnet.cli``: the command where no script is installed."""

from ._app import main

main()
