"""Whether two spellings of a Keras 3 port compute the same, by no judge of compat's: the same weights and inputs.

    python -m benchmarks.alike RIGHT.py OTHER.py FUNCTION INPUTS.npz

Prints a line, and ends with 1 where they are not alike: another output in inference, in training with the same seed, or
other variables after the training call.  So an edit is told that is right in inference alone.
"""

import importlib.util
import inspect
import os
import sys

import numpy as np

#: Of the largest number of an array; another spelling has other rounding.
TOLERANCE = 1e-4
_SEED = 20


def results(path, function, arrays):
    """``{name: array}``: the outputs in inference and in training, and the variables after it."""
    import keras

    keras.backend.clear_session()
    keras.utils.set_random_seed(_SEED)  # of what dropout draws with as well
    model = getattr(_module(path), function)()
    given = _given(model, arrays)
    model(**given) if isinstance(given, dict) else model(given)  # builds it
    _fill(model)
    found = {}
    for mode, training in (("inference", False), ("training", True)):
        made = (
            model(**given, training=training) if isinstance(given, dict) else model(given, training=training)
        )
        made = made if isinstance(made, dict) else {"output": made}
        found.update({f"{name} in {mode}": np.asarray(value) for name, value in made.items()})
    found.update({f"variable {number}": np.asarray(one) for number, one in enumerate(model.weights)})
    return found


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


def _fill(model):
    """Every variable drawn with the seed of its place, so that no part is silent."""
    for number, one in enumerate(model.weights):
        if not np.issubdtype(np.dtype(one.dtype), np.floating):
            continue
        drawn = np.random.RandomState([_SEED, number]).normal(0, 0.4, one.shape)
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


def main(arguments=None):
    right, other, function, inputs = sys.argv[1:] if arguments is None else arguments
    with np.load(inputs) as file:
        arrays = dict(file)
    name, share = difference(results(right, function, arrays), results(other, function, arrays))
    alike = share <= TOLERANCE
    print("alike" if alike else f"not alike: {name} differs by {share:.2g} of its largest number")
    return 0 if alike else 1


if __name__ == "__main__":
    sys.exit(main())
