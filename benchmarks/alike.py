"""Whether another spelling of a Keras 3 port is the right one: verified on runs, and computed beside the right one.

    python -m benchmarks.alike RIGHT.py OTHER.py FUNCTION RUN [RUN ...] [--no-carry]

RUN: a traced run of the legacy program, beside its inputs RUN.npz.  ``compat verify`` has to say of each that all
agree.  Then both ports get the same weights and inputs, and no judge of compat's has a say: they have to give the same
in inference, in training with the same seed, and the same variables after it.  So an edit is told that is right in
inference alone.  Which variable is which, ``compat carry`` says of each: another spelling may make them in another
order.  Prints a line, and ends with 1 where they are not alike.
"""

import argparse
import contextlib
import importlib.util
import inspect
import io
import os
import sys
import zlib

import numpy as np

#: Of the largest number of an array; another spelling has other rounding.
TOLERANCE = 1e-4
_SEED = 20


def results(path, function, arrays, names):
    """``{name: array}``: the outputs in inference and in training, and the variables after it."""
    import keras

    keras.backend.clear_session()
    keras.utils.set_random_seed(_SEED)  # of what dropout draws with as well
    model = getattr(_module(path), function)()
    given = _given(model, arrays)
    model(**given) if isinstance(given, dict) else model(given)  # builds it
    named = _named(model, names)
    _fill(named)
    found = {}
    for mode, training in (("inference", False), ("training", True)):
        made = (
            model(**given, training=training) if isinstance(given, dict) else model(given, training=training)
        )
        made = made if isinstance(made, dict) else {"output": made}
        found.update({f"{name} in {mode}": np.asarray(value) for name, value in made.items()})
    found.update({f"variable {name}": np.asarray(one) for name, one in named.items()})
    return found


def _named(model, names):
    """The model's variables by what is carried into them; what nothing is carried into by its number among those."""
    found, left = {}, 0
    for one in model.weights:
        name = names.get(one.path)
        if name is None or name in found:
            name, left = f"number {left} of those that are not carried", left + 1
        found[name] = one
    return found


def carried(port, function, run):
    """``{path of a variable of the port: what it is made of}``; Raises SystemExit where it cannot be told."""
    import tempfile

    from compat.porting.mapping import read_map

    port, run, here = os.path.abspath(port), os.path.abspath(run), os.getcwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)  # where carry writes its map
        try:
            status, told = _quietly(port, ["carry", run, f"{port}:{function}"])
            if status != 0:
                sys.exit(f"not alike: {os.path.basename(port)}: carry ended with {status}: {told[-1]}")
            return {name: " and ".join(parts) for name, parts in read_map("map.toml").weights.items()}
        finally:
            os.chdir(here)


def _module(path):
    """The file, under a name of its own."""
    name = f"port_{abs(hash(os.path.abspath(path)))}"
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def _given(model, arrays):
    """Of the arrays those that the model takes: by its inputs' names, or by the arguments of a subclass."""
    if getattr(model, "inputs", None):
        found = [arrays[one.name] for one in model.inputs]
        return found if len(found) > 1 else found[0]
    return {name: arrays[name] for name in inspect.signature(model.call).parameters if name in arrays}


def _fill(named):
    """Every variable drawn with the seed of its name, so that no part is silent."""
    for name, one in named.items():
        if not np.issubdtype(np.dtype(one.dtype), np.floating):
            continue
        drawn = np.random.RandomState([_SEED, zlib.crc32(name.encode())]).normal(0, 0.4, one.shape)
        one.assign(np.abs(drawn) + 0.5 if "variance" in one.name else drawn)


def difference(right, other):
    """(the name of what differs most, by how much of its largest number); infinite where something is missing."""
    if {name: array.shape for name, array in right.items()} != {n: a.shape for n, a in other.items()}:
        return "outputs, variables or their shapes", float("inf")
    worst = ("nothing", 0.0)
    for name, array in right.items():
        wide = array.astype(np.float64)
        off = np.amax(np.abs(other[name].astype(np.float64) - wide), initial=0.0)
        share = off / max(np.amax(np.abs(wide), initial=0.0), 1e-30)
        if not share <= worst[1]:
            worst = (name, float(share))
    return worst


def verified(port, function, run, *options):
    """Why ``compat verify`` says that it does not agree, or ""."""
    status, lines = _quietly(port, ["verify", run, f"{port}:{function}", *options])
    wrong = [line for line in lines if line.startswith(("first wrong", "not judged"))]
    return "" if status == 0 else (wrong or lines[-1:])[0][:300]


def _quietly(port, arguments):
    """(exit status, the lines that were printed) of a command on a port, as in a process of its own."""
    from tensorflow import keras

    from compat.cli import main as compat

    keras.backend.clear_session()
    folder = os.path.dirname(os.path.abspath(port))
    told = io.StringIO()
    with contextlib.redirect_stdout(told), contextlib.redirect_stderr(told):
        status = compat(arguments)
    sys.modules.pop(os.path.basename(port)[: -len(".py")], None)
    sys.path[:] = [one for one in sys.path if one != folder]
    return status, told.getvalue().strip().splitlines() or [""]


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="python -m benchmarks.alike", description=__doc__.splitlines()[0])
    for name in ("right", "other", "function"):
        parser.add_argument(name)
    parser.add_argument("runs", nargs="+", metavar="RUN")
    parser.add_argument(
        "--no-carry", action="store_true", help="the port has its own weights, which are verified alone"
    )
    given = parser.parse_args(arguments)
    for run in given.runs:
        why = verified(given.other, given.function, run, *(["--no-carry"] if given.no_carry else []))
        if not why and not given.no_carry:
            with np.load(f"{run}.npz") as file:
                why = unlike(given.right, given.other, given.function, dict(file), run)
        if why:
            print(f"not alike: {os.path.basename(run)}: {why}")
            return 1
    print("alike")
    return 0


def unlike(right, other, function, arrays, run=None):
    """What differs, or "".  Without a run the variables are the same by their order."""
    first, second = (
        results(p, function, arrays, carried(p, function, run) if run else {}) for p in (right, other)
    )
    name, share = difference(first, second)
    return "" if share <= TOLERANCE else f"{name} differs by {share:.2g} of its largest number"


if __name__ == "__main__":
    sys.exit(main())
