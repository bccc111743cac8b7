"""``compat list``: operations, samples, and the dialects available here."""

from typing import Any

from ..case import files
from ..record.dialects import DIALECTS


def add_arguments(parser: Any) -> None:
    parser.add_argument("paths", nargs="*", metavar="PATH", help="case files or folders (default: cases)")


def main(arguments: Any) -> int:
    for name, dialect in DIALECTS.items():
        print(f"{name:13}{dialect.missing() or 'available'}")
    for case in files.find(arguments.paths or ["cases"]):
        for operation in case.operations:
            spelled = ", ".join(name for name in DIALECTS if name in operation.implementations)
            print(f"\n{operation.name}  ({case.path}; {spelled})")
            for sample in operation.samples.values():
                print(f"  {sample.id}{'  slow' if sample.slow else ''}")
    return 0
