"""Print the answer of a finished study again: python -m datavolume results/digits"""

import sys
from pathlib import Path

from datavolume.study import Paths
from datavolume.workflow import answer_of


def main(arguments: list[str]) -> str | None:
    """What is wrong, or None once the answer is printed."""
    if len(arguments) != 1:
        return "usage: python -m datavolume RESULTS, as results/digits"
    answer = answer_of(Paths(Path(arguments[0])))
    if not answer:
        return f"Error: {arguments[0]}: there is no report yet; run the study first"
    print(answer)
    return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
