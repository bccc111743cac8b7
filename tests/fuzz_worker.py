"""A worker without a framework: what it gives is the float64 answer, rounded; with faults where it is told so.

``python fuzz_worker.py VERSION FAULTS KIND``, FAULTS as JSON: {"operation": what it does wrong}.
"""

import json
import os
import signal
import sys
import time

import numpy as np

from compat.fuzz.answers import alone, asked
from compat.fuzz.samples import _held, from_json, name_of
from compat.fuzz.spelled import DIALECTS, spelled
from compat.fuzz.worker import packed


def result_of(drawn, dialect, faults):
    steps = spelled(drawn, dialect)
    if steps is None:
        return None
    values, dtypes, outputs = drawn.arrays(), drawn.dtypes(), {}
    for number, step in enumerate(drawn.steps):
        inputs, taken = [values[name] for name in step.inputs], [dtypes[name] for name in step.inputs]
        answer = alone(step, inputs, taken)
        if answer is None:
            break
        out = asked(step, taken).out
        with np.errstate(all="ignore"):
            value = np.array(_held(answer.given, out))
        fault = faults.get(step.operation)
        if fault == "dies":
            os.kill(os.getpid(), signal.SIGKILL)
        elif fault == "hangs":
            time.sleep(3600)
        elif fault == "refuses":
            return {
                "status": "error",
                "outputs": outputs,
                "step": number,
                "message": "ValueError: no such kernel",
            }
        elif fault == "off" or (fault == "off in keras2" and dialect == "keras2"):
            value = value + np.ones((), value.dtype)
        elif fault == "one beside inf":  # as packets of a kernel that infinity spoils
            beside = np.roll(np.isinf(inputs[0]).ravel(), 1) & (np.arange(inputs[0].size) > 0)
            value = np.where(beside.reshape(value.shape), value + 1, value).astype(value.dtype)
        elif fault == "0.3" and step.parameters.get("alpha") is None and dialect == "keras2":
            value = np.where(inputs[0] < 0, inputs[0] * 0.3, inputs[0]).astype(value.dtype)
        name = name_of(number)
        values[name], dtypes[name] = value, out
        outputs[name] = [out, list(value.shape), packed(value)]
    return {"status": "ok", "outputs": outputs}


def main():
    version, faults, kind = sys.argv[1], json.loads(sys.argv[2]), sys.argv[3]
    dialects = [name for name in DIALECTS if name != "keras3"] if kind == "graph" else []
    hello = {"tensorflow": version, "settings": {}, "dialects": dialects, "kinds": ["graph"]}
    print(json.dumps(hello), flush=True)
    for line in sys.stdin:
        asked_for = json.loads(line)
        time.sleep(float(os.environ.get("FUZZ_SLOWLY", "0")))
        results = []
        for value in asked_for["samples"]:
            drawn = from_json(value)
            wanted = [name for name in dialects if name in asked_for["dialects"]]
            found = {name: result_of(drawn, name, faults) for name in wanted}
            results.append({name: result for name, result in found.items() if result is not None})
        print(json.dumps({"results": results}), flush=True)


if __name__ == "__main__":
    main()
