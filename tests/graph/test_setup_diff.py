"""``compat setup-diff``: what two runs were made with, from their environments and their graphs alone."""

import os

import numpy as np
import pytest
from support import refusal
from tracing import Made

from compat.records import Description, Environment, Input, Processor, Record
from compat.setup.hyper_parameters import group, held
from compat.store import Run

X = np.ones((2, 3), np.float32)


def numbers(value):
    return np.asarray(value, np.float32)


def net(**settings):
    """x -> a convolution -> a batch norm -> a leaky relu, whose numbers are in ``settings``."""
    made = Made()
    made.add("x", "Placeholder", [], X)
    made.add("w", "Variable", [], X)
    made.add("conv", "Conv2D", ["x", "w"], X, padding=settings.get("padding", "SAME"), strides=[1, 2, 2, 1])
    if settings.get("fused", True):
        epsilon = float(numbers(settings.get("epsilon", 1e-3)))
        made.add("bn", "FusedBatchNormV3", ["conv", "w"], X, epsilon=epsilon, is_training=False)
    else:
        made.add("v", "Variable", [], X)
        made.add("e", "Const", [], numbers(settings.get("epsilon", 1e-3)))
        made.add("add", "AddV2", ["v", "e"], X)
        made.add("root", "Rsqrt", ["add"], X)
        made.add("bn", "Mul", ["conv", "root"], X)
    last = made.add("relu", "LeakyRelu", ["bn"], X, alpha=float(numbers(settings.get("alpha", 0.2))))
    made.trace.inputs["x"] = "x:0"
    return made.output("y", last)


def environment(name, **more):
    given = {
        "python": "3.7.16",
        "implementation": "CPython",
        "system": "linux",
        "versions": {"tensorflow": "1.15.5"},
    }
    return Environment(name, **dict(given, **more))


def run_of(folder, made=None, sample="net.pb[trace]", dialect="tf1.session", path="trace:net.pb", **more):
    """The run at ``folder`` with one record, of that graph."""
    name = os.path.basename(str(folder))
    run = Run(str(folder), more.pop("environment", None) or environment(name))
    against = more.pop("against", None)
    digest = run.objects.add(more.pop("x", X))
    operation, _, of = sample[:-1].partition("[")
    inputs = {"x": Input("x", "float32", digest)}
    run.samples[sample] = Description(operation, of, "c", path, inputs=inputs, against=against)
    record = Record("ok", "c", "float32", random=more.pop("random", []))
    if made is not None:
        for array in made.kept.arrays.values():
            run.objects.add(array)
        record.outputs = made.outputs()
        record.trace = run.objects.add(made.trace.array())
    else:
        record.outputs = {"y": Made().kept.keep(X, "float32")}
        run.objects.add(X)
    run.add(sample, dialect, record)
    run.save()
    return run


def told(compat_here, *runs):
    ended = compat_here("setup-diff", *(runs or ("a", "b")))
    assert ended.returncode == 0, ended.stderr
    return ended.stdout.splitlines()


def graph_lines(compat_here, tmp_path, a, b, **more):
    """What differs of two graphs in one environment."""
    same = environment("e")
    run_of(tmp_path / "a", a, environment=same)
    run_of(tmp_path / "b", b, environment=same, **more)
    lines = told(compat_here)
    return [line for line in lines[3:-1] if not line.startswith("the same:")]


def test_the_same_run_twice(tmp_path, compat_here):
    run_of(tmp_path / "a", net())
    lines = told(compat_here, "a", "a")
    assert lines[2] == "graphs: net.pb[trace] tf1.session in a, net.pb[trace] tf1.session in b"
    assert lines[3] == "the same: tensorflow 1.15.5, threads 1, oneDNN not in it, Python 3.7.16, processor"
    assert lines[4:] == ["nothing differs of what is recorded"]


def test_what_can_change_the_numbers_comes_first(tmp_path, compat_here):
    run_of(tmp_path / "a", net())
    new = environment("b", python="3.13.0", versions={"tensorflow": "2.21.0", "h5py": "3.14.0"}, threads=2)
    run_of(
        tmp_path / "b", net(epsilon=1e-5), "port.py[model]", "keras3", "trace:port.py:model", environment=new
    )
    assert told(compat_here)[:3] == [
        "a: a, tensorflow 1.15.5, Python 3.7.16",
        "b: b, tensorflow 2.21.0, Python 3.13.0",
        "graphs: net.pb[trace] tf1.session in a, port.py[model] keras3 in b",
    ]
    assert told(compat_here)[3:] == [
        "epsilon of FusedBatchNormV3: 0.001 in a, 1e-05 in b: matters",
        'tensorflow 1.15.5 -> 2.21.0: other kernels, rounding may differ (compat verify\'s line "kernels" says)',
        "oneDNN: not in it in a, left to TensorFlow and the processor in b: other kernels, rounding may differ "
        "(TF_ENABLE_ONEDNN_OPTS says which)",
        "threads 1 -> 2: sums are split over threads, rounding may differ",
        "h5py none -> 3.14.0: does not matter (reads files)",
        "interpreter CPython 3.7.16 -> CPython 3.13.0: does not matter (the frameworks compute)",
        "the same: processor",
        "1 matters, 3 may differ by rounding, 2 do not matter",
    ]


@pytest.mark.parametrize(
    "a, b, lines",
    [
        ({}, {"fused": False}, []),
        ({}, {"alpha": 0.3}, ["alpha of LeakyRelu: 0.2 in a, 0.3 in b: matters"]),
        ({}, {"padding": "VALID"}, ["padding of Conv2D: SAME in a, VALID in b: matters"]),
        (
            {},
            {"fused": False, "epsilon": 1e-5},
            ["epsilon: 0.001 in a (FusedBatchNormV3), 1e-05 in b (AddV2 under a root): matters"],
        ),
        (
            {"epsilon": 1.001e-5},
            {"epsilon": 1e-5},
            [
                "epsilon of FusedBatchNormV3: 1.001e-05 in a, 1e-05 in b: matters (tf.nn.fused_batch_norm raised what "
                "was below 1.001e-5)"
            ],
        ),
    ],
)
def test_numbers_that_the_graphs_hold(tmp_path, compat_here, a, b, lines):
    found = graph_lines(compat_here, tmp_path, net(**a), net(**b))
    assert [line for line in found if not line.startswith(("op types", "weights"))] == lines


def pads(*paddings, **more):
    made = Made()
    last = made.add("x", "Placeholder", [], X)
    for number, padding in enumerate(paddings):
        last = made.add(f"c{number}", "Conv2D", [last, last], X, padding=padding, **more)
    return made.output("y", last)


def test_the_same_paddings_in_another_order(tmp_path, compat_here):
    (line,) = graph_lines(compat_here, tmp_path, pads("SAME", "VALID"), pads("VALID", "SAME"))
    assert line.startswith(
        "padding of Conv2D: SAME, VALID in a, VALID, SAME in b: may matter (in the order of flow"
    )


def test_some_of_several(tmp_path, compat_here):
    lines = graph_lines(compat_here, tmp_path, pads("SAME", "SAME", "VALID"), pads("SAME", "SAME", "SAME"))
    assert lines == ["padding of Conv2D: SAME (2 times), VALID in a, SAME in b: matters"]


def test_axes_in_another_order_are_the_same_strides(tmp_path, compat_here):
    one = pads("SAME", strides=[1, 2, 3, 1], data_format="NHWC")
    other = pads("SAME", strides=[1, 1, 2, 3], data_format="NCHW")
    (line,) = graph_lines(compat_here, tmp_path, one, other)
    assert line.startswith("data_format of Conv2D: NHWC in a, NCHW in b: may matter (numbers lie otherwise: ")


def resized(**attributes):
    made = Made()
    made.add("x", "Placeholder", [], X)
    return made.output("y", made.add("r", "ResizeBilinear", ["x"], X, **attributes))


def test_an_attribute_that_is_not_there_yet_has_its_default(tmp_path, compat_here):
    old, new = resized(align_corners=False), resized(align_corners=False, half_pixel_centers=True)
    lines = graph_lines(compat_here, tmp_path, old, new)
    assert lines == ["half_pixel_centers of ResizeBilinear: False in a, True in b: matters"]


def test_a_default_that_is_spelled_out(tmp_path, compat_here):
    same = resized(align_corners=False, half_pixel_centers=False)
    assert graph_lines(compat_here, tmp_path, resized(align_corners=False), same) == []


def dropped(spelling, rate, seed=7):
    """A dropout as TensorFlow 1.12, 1.15 and 2 spell it."""
    made = Made()
    made.add("x", "Placeholder", [], X)
    made.add("r", "RandomUniform", ["x"], X, seed=seed, seed2=1)
    made.add("low", "Const", [], numbers(0))
    made.add("moved", "Add", ["r", "low"], X)
    made.add("c", "Const", [], numbers(rate))
    if spelling == "floor":
        made.add("keep", "Add", ["c", "moved"], X)
        kept = made.add("mask", "Floor", ["keep"], X)
    else:
        kept = made.add("mask", "GreaterEqual", ["moved", "c"], np.ones((2, 3), bool))
    return made.output("y", made.add("y", "Mul", ["x", kept], X))


def test_a_rate_is_one_less_what_is_kept(tmp_path, compat_here):
    lines = graph_lines(compat_here, tmp_path, dropped("floor", 0.8), dropped("compare", 0.2))
    assert not any("dropout rate" in line or "constants" in line for line in lines)
    assert lines[0].startswith(
        "random ops: RandomUniform (seed 7, 1) in a, RandomUniform (seed 7, 1) in b: may matter"
    )


def test_another_rate_and_no_seed(tmp_path, compat_here):
    lines = graph_lines(
        compat_here, tmp_path, dropped("floor", 0.8), dropped("compare", 0.8, seed=0), random=["y"]
    )
    assert "dropout rate: 0.2 in a, 0.8 in b: matters" in lines
    assert lines[0].startswith("random: y of b had other bits when it was run again: matters")


def test_one_side_draws(tmp_path, compat_here):
    lines = graph_lines(compat_here, tmp_path, net(), dropped("compare", 0.5))
    assert any(
        line.startswith("random ops: none in a, RandomUniform (seed 7, 1) in b: matters") for line in lines
    )


def adam(op, rate):
    made = Made()
    names = [made.add(f"n{i}", "Variable", [], X) for i in range(3)]
    for number, value in enumerate([0.9, 0.999, rate, 0.9, 0.999, 1e-8]):
        names.append(made.add(f"s{number}", "Const", [], numbers(value)))
    names.append(made.add("g", "Placeholder", [], X))
    return made.output("y", made.add("step", op, names, X, use_nesterov=False))


def test_the_numbers_of_an_optimiser(tmp_path, compat_here):
    lines = graph_lines(compat_here, tmp_path, adam("ApplyAdam", 1e-3), adam("ResourceApplyAdam", 1e-2))
    assert lines == ["learning rate: 0.001 in a (ApplyAdam), 0.01 in b (ResourceApplyAdam): matters"]


def test_constants_without_a_name(tmp_path, compat_here):
    def scaled(value):
        made = Made()
        made.add("x", "Placeholder", [], X)
        made.add("c", "Const", [], numbers(value))
        return made.output("y", made.add("y", "Mul", ["x", "c"], X))

    lines = graph_lines(compat_here, tmp_path, scaled(255), scaled(127.5))
    assert lines == [
        "constants of Mul: 255 in a, 127.5 in b: may matter (another number, or another spelling)"
    ]


def test_inputs_precision_and_weights(tmp_path, compat_here):
    made = Made()
    made.add("x", "Placeholder", [], X)
    made.add("w", "Variable", [], X[:1].astype(np.float16), dtype="float16")
    made.output("y", made.add("y", "Relu", ["w"], X.astype(np.float16), dtype="float16"))
    other = Made()
    other.add("w", "Variable", [], 3 * X)
    other.output("y", other.add("y", "Relu", ["w"], X))
    lines = graph_lines(compat_here, tmp_path, other, made, x=2 * X)
    assert lines[0].startswith("input x: other numbers in a and b: matters")
    assert lines[1].startswith("precision: float32 in a, float16 in b: matters")
    assert lines[2].startswith(
        "weights and constants: 6 numbers in a alone, 3 in b alone: may matter (other numbers"
    )


def test_every_iteration_counts_once():
    made = Made()
    made.add("x", "Placeholder", [], X)
    for number in range(3):
        made.add(f"l/relu@{number}", "LeakyRelu", ["x"], X, alpha=0.5)
    made.output("y", "l/relu@2:0")
    assert [one.value for one in held(made.trace, made.kept.read)] == ["0.5"]


def test_versions_of_an_op_are_one():
    assert [group(op) for op in ("FusedBatchNormV3", "AddV2", "BiasAdd", "Conv2D", "Relu6", "ResourceApplyAdam")] == [
        "FusedBatchNorm", "Add", "Add", "Conv2D", "Relu6", "ApplyAdam",
    ]  # fmt: skip


# -- environments


def environment_lines(compat_here, tmp_path, a, b, dialect="tf1.session"):
    run_of(tmp_path / "a", environment=environment("a", **a), dialect=dialect)
    run_of(tmp_path / "b", environment=environment("b", **b), dialect=dialect)
    lines = told(compat_here)
    assert lines[2].startswith("graphs: no graph is recorded in a and b: ")
    return [line for line in lines[3:-1] if not line.startswith("the same:")]


@pytest.mark.parametrize(
    "a, b, line",
    [
        ({"settings": {"TF_ENABLE_ONEDNN_OPTS": "0"}, "versions": {"tensorflow": "2.15.1"}},
         {"settings": {"TF_ENABLE_ONEDNN_OPTS": "1"}, "versions": {"tensorflow": "2.15.1"}},
         "oneDNN: off in a, on in b: other kernels, rounding may differ (TF_ENABLE_ONEDNN_OPTS says which)"),
        ({"settings": {"OMP_NUM_THREADS": "1"}}, {},
         "flag OMP_NUM_THREADS=1 in a, OMP_NUM_THREADS not set in b: sums are split over threads otherwise, rounding "
         "may differ"),
        ({"settings": {"KERAS_BACKEND": "jax"}}, {"settings": {"KERAS_BACKEND": "torch"}},
         "flag KERAS_BACKEND=jax in a, KERAS_BACKEND=torch in b: may matter (Keras computes with another framework, or "
         "has other defaults)"),
        ({"settings": {"XLA_FLAGS": "--x"}}, {},
         "flag XLA_FLAGS=--x in a, XLA_FLAGS not set in b: other kernels, fused, rounding may differ"),
        ({"processor": Processor("one", "x", ["avx", "fma"])}, {"processor": Processor("two", "x", ["avx"])},
         "processor one -> two, fma in a alone: it chooses between kernels, rounding may differ"),
        ({"system": "darwin"}, {}, "system darwin -> linux: another build, rounding may differ"),
    ],
)  # fmt: skip
def test_a_difference_of_environments(tmp_path, compat_here, a, b, line):
    assert environment_lines(compat_here, tmp_path, a, b) == [line]


@pytest.mark.parametrize(
    "dialect, word", [("numpy", "rounding may differ"), ("tf1.session", "does not matter")]
)
def test_numpy_matters_where_it_computes(tmp_path, compat_here, dialect, word):
    a, b = ({"versions": {"numpy": version}} for version in ("1.16.6", "2.1.0"))
    (line,) = environment_lines(compat_here, tmp_path, a, b, dialect)
    assert line.startswith("numpy 1.16.6 -> 2.1.0: ") and word in line


def test_keras_without_graphs_may_have_other_defaults(tmp_path, compat_here):
    a, b = ({"versions": {"keras": version}} for version in ("3.3.3", "3.13.2"))
    (line,) = environment_lines(compat_here, tmp_path, a, b, "keras3")
    assert line.startswith("keras 3.3.3 -> 3.13.2: may matter (layers have other defaults")


# -- runs


def test_the_legacy_side_beside_what_is_judged_against_it(tmp_path, compat_here):
    same, more = (
        environment("e"),
        {"against": ["tf1.session", "tf1.15"], "path": "case.py", "sample": "net[s]"},
    )
    run_of(tmp_path / "a", net(), environment=same, **more)
    run_of(tmp_path / "b", net(alpha=0.3), dialect="tf2.eager", environment=same, **more)
    lines = told(compat_here)
    assert lines[2:4] == [
        "graphs: net[s] tf1.session in a, net[s] tf2.eager in b",
        "alpha of LeakyRelu: 0.2 in a, 0.3 in b: matters",
    ]
    assert told(compat_here, "b", "a")[3] == "alpha of LeakyRelu: 0.3 in a, 0.2 in b: matters"


def test_the_run_that_is_named_as_the_legacy_side_is_it(tmp_path, compat_here):
    more = {
        "environment": environment("e"),
        "against": ["tf1.session", "b"],
        "path": "case.py",
        "sample": "net[s]",
    }
    for name in ("a", "b"):
        run = run_of(tmp_path / name, net(), **more)
        other = run_of(tmp_path / "port", net(alpha=0.3), dialect="tf2.eager", **more)
        run.add("net[s]", "tf2.eager", other.records["net[s]"]["tf2.eager"])
        run.save()
    lines = told(compat_here)
    assert lines[2] == "graphs: 3 of each, by sample and dialect"
    assert lines[3] == "net[s] tf1.session: alpha of LeakyRelu: 0.3 in a, 0.2 in b: matters"


def test_weights_that_are_inputs_on_the_other_side_are_the_same(tmp_path, compat_here):
    one, other = Made(), Made()
    one.add("w", "Variable", [], 2 * X)
    other.add("w", "Placeholder", [], 2 * X)
    for made in (one, other):
        made.output("y", made.add("y", "Relu", ["w"], X))
    assert graph_lines(compat_here, tmp_path, one, other) == []


def test_graphs_of_other_names_are_not_taken_for_each_other(tmp_path, compat_here):
    for name in ("a", "b"):
        run = run_of(tmp_path / name, net(), f"{name}[1]")
        run.samples[f"{name}[2]"] = run.samples[f"{name}[1]"]
        run.add(f"{name}[2]", "tf1.session", run.records[f"{name}[1]"]["tf1.session"])
        run.save()
    assert (
        told(compat_here)[2] == "graphs: no graph of a has one of its name in b: nothing of them is compared"
    )


def test_runs_are_named_as_everywhere(tmp_path, compat_here):
    run_of(tmp_path / "out" / "runs" / "old", net())
    run_of(tmp_path / "out" / "runs" / "new", net(alpha=0.3))
    assert "alpha of LeakyRelu: 0.2 in a, 0.3 in b: matters" in told(compat_here, "old", "out/runs/new")


def test_wrong_input_is_told_in_a_line(tmp_path, compat_here):
    run = run_of(tmp_path / "a", net())
    assert "nothing: there is no such run" in refusal(compat_here("setup-diff", "a", "nothing"))
    (tmp_path / "empty").mkdir()
    assert "empty: holds no runs" in refusal(compat_here("setup-diff", "a", "empty"))
    os.unlink(run.objects.path(run.records["net.pb[trace]"]["tf1.session"].trace))
    assert "a: net.pb[trace] tf1.session: its graph cannot be read" in refusal(
        compat_here("setup-diff", "a", "a")
    )


def test_a_long_way_of_identities_and_numbers_that_are_not_what_is_said(tmp_path, compat_here):
    made = Made()
    made.add("x", "Placeholder", [], X)
    made.add("e", "Const", [], numbers(1e-3))
    last = made.add("add", "Add", ["x", "e"], X)
    for number in range(3000):
        last = made.add(f"i{number}", "Identity", [last], X)
    made.output("y", made.add("root", "Sqrt", [last], X))
    assert [one.name for one in held(made.trace, made.kept.read)] == ["epsilon"]
    made.kept.arrays[made.trace.nodes[1].outputs["0"].digest] = np.zeros(0, np.float32)
    assert held(made.trace, made.kept.read) == []
