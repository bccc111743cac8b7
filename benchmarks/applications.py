"""Every network of keras.applications, built with random weights: all its tensors judged by their nodes in one version,
and by the graph of the other version.

    OPENBLAS_NUM_THREADS=1 python -m benchmarks.applications PYTHON PYTHON [--networks ResNet50,VGG16] [--page FILE]

PYTHON: the interpreters of two environments with TensorFlow and Keras, the legacy one first.  A network is built and
run in each, then judged here.  Ends with 1 where a tensor is flagged.  On a busy machine several threads of BLAS wait
for each other, and the times are theirs.
"""

import argparse
import collections
import json
import os
import subprocess
import sys
import tempfile
import time

import numpy as np

from compat.graph.nodes import trace_of
from compat.judge.graphs import Side, places
from compat.judge.nodes import judge_trace
from compat.objects import Objects
from compat.records import Output

SMALLEST = 96
#: What needs more pixels than that.
_LARGER = {"NASNetLarge": 331, "NASNetMobile": 224}


def networks(keras):
    """The names of the networks, the small ones first."""
    applications = keras.applications
    names = [
        name for name in dir(applications) if name[0].isupper() and callable(getattr(applications, name))
    ]
    return sorted(names)


def weight(name, shape, state, alone=False):
    """Numbers of a size that keeps what flows between 0.01 and 100.

    A vector ``alone`` in its layer scales: ConvNeXt's, which Keras 3 calls gamma and Keras 2 Variable.
    """
    drawn = state.normal(size=shape)
    if "variance" in name:
        return 0.5 + np.abs(drawn)
    if "gamma" in name or "scale" in name or (alone and len(shape) == 1):
        return 1 + 0.1 * drawn
    if len(shape) < 2:
        return 0.1 * drawn
    depthwise = len(shape) == 4 and shape[-1] == 1  # of any name: Keras 3 calls them kernel
    fan_in = np.prod(shape[:2]) if depthwise else np.prod(shape[:-1])
    return drawn * np.sqrt(1.5 / fan_in)


def build(keras, name):
    """The network with the same weights in every version: the layers stand in the same order, their names do not."""
    size = _LARGER.get(name, SMALLEST)
    keras.backend.clear_session()
    model = getattr(keras.applications, name)(weights=None, input_shape=(size, size, 3), classes=10)
    number = 0
    for layer in leaves(model):
        if not layer.weights or type(layer).__name__ == "Normalization":
            continue  # Keras 3 takes in what that is given by adapt() alone
        state, number = np.random.RandomState(number), number + 1
        names = [getattr(variable, "path", variable.name).rpartition("/")[2] for variable in layer.weights]
        shapes = [tuple(variable.shape) for variable in layer.weights]
        alone = len(names) == 1
        layer.set_weights([weight(*one, state, alone).astype(np.float32) for one in zip(names, shapes)])
    return model, size


def leaves(model):
    """Its layers, those of models within it as well."""
    for layer in model.layers:
        yield from leaves(layer) if hasattr(layer, "layers") else [layer]


def work(name, folder):
    """In an environment: the network's trace into the folder, with the seconds of a forward pass."""
    import keras_of_tensorflow as own  # made below: keras of this environment

    keras, tf = own.keras, own.tf
    from compat.graph.capture.eager import listening

    model, size = build(keras, name)
    objects = Objects(os.path.join(folder, "objects"))
    image = tf.constant(np.random.RandomState(0).uniform(-1, 1, (1, size, size, 3)).astype(np.float32))
    seconds = []
    for _ in range(6):
        started = _clocks()
        model(image, training=False)
        seconds.append(_clocks() - started)

    def keep(array, dtype):
        return Output(objects.add(array), dtype, list(np.shape(array)))

    with listening(tf, keep) as listener:
        listener.input("x", image)
        trace = listener.trace({"y": model(image, training=False)})
    trace.check()
    seconds = np.median(seconds[1:], axis=0).tolist()
    text = {"trace": objects.add(trace.array()), "seconds": seconds, "parameters": int(model.count_params())}
    with open(os.path.join(folder, "done.json"), "w") as file:
        json.dump(text, file)


def _clocks():
    """Seconds that passed, and seconds of the processor: of a busy machine the second says more."""
    return np.array([time.perf_counter(), time.process_time()])


def run(python, name, folder):
    """What ``work`` left, or None with the last line that it said."""
    code = (
        "import sys, types, tensorflow as tf\n"
        "own = types.ModuleType('keras_of_tensorflow'); own.tf = tf\n"
        "own.keras = tf.keras\n"
        "sys.modules['keras_of_tensorflow'] = own\n"
        "from benchmarks.applications import work\n"
        f"work({name!r}, {folder!r})\n"
    )
    environment = dict(os.environ, TF_CPP_MIN_LOG_LEVEL="3", PYTHONPATH=os.getcwd())
    done = subprocess.run([python, "-c", code], env=environment, capture_output=True, text=True, check=False)
    path = os.path.join(folder, "done.json")
    if not os.path.exists(path):
        return None, (done.stderr.strip().splitlines() or ["nothing said"])[-1]
    with open(path) as file:
        return json.load(file), ""


def judged(name, pythons):
    """The line of one network: counts of tensors, and what was flagged.

    Its times are those of judging each version's tensors by their nodes, and the second version by the first's graph.
    """
    with tempfile.TemporaryDirectory() as scratch:
        sides, told = [], []
        for number, python in enumerate(pythons):
            folder = os.path.join(scratch, str(number))
            os.makedirs(os.path.join(folder, "objects"))
            done, why = run(python, name, folder)
            if done is None:
                return {"network": name, "failed": why[:160]}
            objects = Objects(os.path.join(folder, "objects"))
            sides.append(Side(trace_of(objects.read(done["trace"]), name), objects.read))
            told.append(done)
        hows, unruled, flagged = collections.Counter(), collections.Counter(), []
        seconds = []
        for side, done in zip(sides, told):
            started = _clocks()
            used = {name for node in side.trace.nodes for name in node.inputs} | set(
                side.trace.outputs.values()
            )
            for one in judge_trace(side.trace, side.read):
                if one.tensor not in used or (one.how == "taken" and one.why.startswith("a ")):
                    continue  # scratch that nothing takes; weights and constants
                hows[one.how] += 1
                if one.how == "unruled":
                    unruled[one.node.op] += 1
                if one.numbers is not None and one.numbers.word != "agrees":
                    flagged.append(f"{one.tensor} {one.node.op}: {one.numbers.word}: {one.numbers.message}")
            seconds.append((_clocks() - started) / done["seconds"])
        outputs = {name: sides[1].trace.tensors()[tensor] for name, tensor in sides[1].trace.outputs.items()}
        started = _clocks()
        against = places(sides[0], sides[1], outputs)
        seconds.append((_clocks() - started) / told[1]["seconds"])
        wrong = [f"{p.pair.name}: {p.numbers.word}: {p.numbers.message}" for p in against if p.wrong]
        bare = [f"{p.pair.name}: {p.why}" for p in against if p.numbers is None]
    return {
        "network": name,
        "parameters": told[0]["parameters"],
        "tensors": sum(hows.values()),
        "bounded": hows["bounded"],
        "taken": hows["taken"],
        "unruled": dict(unruled),
        "flagged": flagged,
        "pairs": len(against),
        "wrong": wrong,
        "not judged": bare,
        "times a forward pass": [round(float(ratio), 1) for ratio, _ in seconds],
        "times its processor time": [round(float(ratio), 1) for _, ratio in seconds],
    }


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pythons", nargs=2, metavar="PYTHON")
    parser.add_argument("--networks", default="")
    options = parser.parse_args(arguments)
    names = options.networks.split(",") if options.networks else NAMES
    failed = False
    for name in names:
        found = judged(name, options.pythons)
        failed |= bool(found.get("failed") or found["flagged"] or found["wrong"])
        print(json.dumps(found), flush=True)
    return 1 if failed else 0


NAMES = [
    *(
        "MobileNet",
        "MobileNetV2",
        "MobileNetV3Small",
        "MobileNetV3Large",
        "DenseNet121",
        "DenseNet169",
        "DenseNet201",
    ),
    *(
        "EfficientNetB0",
        "EfficientNetB1",
        "EfficientNetB2",
        "EfficientNetB3",
        "EfficientNetV2B0",
        "EfficientNetV2B1",
    ),
    *(
        "EfficientNetV2B2",
        "EfficientNetV2B3",
        "EfficientNetV2S",
        "ResNet50",
        "ResNet101",
        "ResNet152",
        "ResNet50V2",
    ),
    *(
        "ResNet101V2",
        "ResNet152V2",
        "InceptionV3",
        "InceptionResNetV2",
        "Xception",
        "NASNetMobile",
        "VGG16",
        "VGG19",
    ),
    *("ConvNeXtTiny", "ConvNeXtSmall"),
]

if __name__ == "__main__":
    sys.exit(main())
