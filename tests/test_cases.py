"""The cases themselves: every seed has its row, every answer that a source prints is the reference's."""

import os
import re
from fnmatch import fnmatchcase

import numpy as np
import pytest

from compat import fixtures
from compat.case import files as case_files
from compat.judge import known as known_differences
from compat.judge.golden import folder_of, outputs_of
from compat.judge.judging import judge_runs
from compat.judge.verdicts import judge
from compat.record.compute import compute, unavailable
from compat.record.dialects import DIALECTS
from compat.record.environment import describe
from compat.records import needs_a_person
from compat.store import Run

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
CASES = case_files.find([os.path.join(ROOT, "cases")])
SAMPLES = case_files.select(CASES, [])
KNOWN = [
    entry
    for path in sorted({known_differences.path_beside(case.path) for case in CASES})
    for entry in known_differences.read(path)
]

#: Where each id of the seed cases, sections A to F, has its row.
SEEDS = {
    "a1": ["convolve[a1]", "window_by_window[a1]"],
    "a2": ["convolve[a2]", "convolve_unflipped[a2]"],
    "a3": ["convolve[a3]"],
    "a4": ["convolve[a4-full]", "convolve[a4-same]", "convolve[a4-valid]"],
    "a5": ["convolve[a5]"],
    "a6": ["convolve[a6]"],
    "a7": ["signal[a7]"],
    "b1": ["conv2d[b1]", "conv2d_default_strides[b1]"],
    "b2": ["plus_pattern[same]", "plus_pattern[valid]"],
    "b3": ["plus_pooled[b3]"],
    "b4": ["plus_pattern[shifted]", "shift_invariance[b4]", "weight_sharing[b4]"],
    "c1": ["sobel[photograph]", "sobel[crop]"],
    "c2": ["sobel[photograph]"],
    "c3": ["output_size[stride2-does-not-divide]"],
    "d1": ["split_channels[d1]"],
    "d2": ["five_filters[d2]"],
    "e1": ["conv_layer[e1]"],
    "e2": ["conv_layer[e2]"],
    "e3": ["conv_layer[e3]"],
    "e4": ["conv_layer[e4]"],
    "e5": ["conv_layer[e5]"],
    "e6": ["conv_layer[e6]"],
    "e7": ["conv_pool[e7]"],
    "e8": ["conv_pool[e8]"],
    "e9": ["conv_layer_backward[e9]", "max_pool_layer_backward[e9]"],
    "e10": ["avg_pool_layer[e10]", "global_avg_pool_layer[e10]"],
    "f1": ["digits_network[f1]", "digits_training[digits]"],
    "f2": ["mnist_network[f2]", "mnist_training[5000]", "model_files[h5]"],
    "f3": ["cats_dogs[f3]", "photo_training[plain]", "photo_training[augmented]"],
    "f4": ["lenet5[f4]"],
    "f5": ["alexnet[f5]"],
    "f6": ["vgg16[f6]"],
    "f7": ["layer_tour[f7]"],
    "f8": ["receptive_field[uniform-3]", "receptive_field[uniform-15]", "receptive_field[random-15]"],
    "mistakes": [
        "conv2d_padding_ignored[same]",
        "conv2d_one_kernel_for_all[three-channels]",
        "cast_to_uint8[beyond]",
        "tutorial_backward[misspelt]",
        "tutorial_backward[comparison]",
        "tutorial_backward[unassigned]",
        "im2col_width_twice[2x3]",
        "pool_padding_ignored[k3-s2-p1]",
        "argmax_ties[2x2]",
    ],
}

#: The named fixtures, the same bytes wherever this test runs: NumPy 1.16 to 2, any processor.
DIGESTS = {
    "plus_noise": "2f3f40e77918f682",
    "plus_filter": "96ecc53d760113eb",
    "plus_noise_shifted": "b5c313cec4fba7dd",
    "photograph": "1c55f8c67d4ad6c6",
    "photograph_grey": "ffdcf2c12c0c6c42",
    "sine": "95a99d2879f2db04",
    "cosine": "87ad2c5cccd8afb6",
}


def test_every_seed_case_has_its_row():
    missing = [(seed, s) for seed, ids in SEEDS.items() for s in ids if s not in SAMPLES]
    assert not missing
    assert len(SAMPLES) >= 250


@pytest.mark.parametrize("name", sorted(DIGESTS))
def test_fixtures_are_the_same_bytes_everywhere(name):
    assert getattr(fixtures, name)().digest.startswith(DIGESTS[name])


def test_data_and_weights_are_the_same_bytes_everywhere():
    made = (*fixtures.digits(), *fixtures.mnist(), fixtures.weights("w", (3, 3, 2, 4), 1))
    digests = ["bb3741536163", "5be64680923e", "7ddb1e86bea3", "c421e55aae68", "4f21e8d9bcea"]
    assert [fixture.digest[:12] for fixture in made] == digests


@pytest.mark.parametrize("sample_id", [s for s, sample in SAMPLES.items() if sample.expected is not None])
def test_the_reference_is_what_the_source_prints(sample_id):
    sample = SAMPLES[sample_id]
    references = sample.refer()
    expected = sample.expected if isinstance(sample.expected, dict) else {"y": sample.expected}
    for name, printed in expected.items():
        np.testing.assert_array_equal(references[name].value.reshape(np.shape(printed)), printed)


def test_the_responses_peak_where_each_plus_was_drawn():
    response = SAMPLES["plus_pattern[same]"].refer()["y"].value[..., 0]
    for image, centres in zip(response, fixtures.PLUS_CENTRES):
        largest = np.argsort(image, axis=None)[-len(centres) :]
        peaks = {(int(i % 10), int(i // 10)) for i in largest}
        assert peaks == set(centres)


@pytest.mark.parametrize("case", CASES, ids=lambda case: os.path.basename(case.path))
def test_numpy_agrees_or_is_known(case, tmp_path):
    """Every sample that NumPy spells, computed and judged here and now."""
    run = Run(str(tmp_path / "run"), describe("run"))
    for sample in case.samples():
        if not sample.slow and unavailable(sample, "numpy") is None:
            run.samples[sample.id] = case.describe(sample)
            run.add(sample.id, "numpy", compute(case, sample, "numpy", run.objects, ""))
    (judged,) = judge_runs([run], cases=[case])
    assert [(s, v.word, v.message) for s, _, v in judged.rows() if needs_a_person(v)] == []


def test_every_known_difference_names_what_exists():
    assert KNOWN
    for entry in KNOWN:
        dialects = set(entry.dialects) - set(DIALECTS)
        named = [
            sample
            for sample in SAMPLES.values()
            if entry.operation == sample.operation.name
            and {DIALECTS[name].spelled_as or name for name in entry.dialects}
            & set(sample.operation.implementations)
        ]
        assert named and not dialects, entry.where
        assert re.match(r"https://", entry.address), entry.where
        for pattern in entry.samples:
            assert any(fnmatchcase(sample.name, pattern) for sample in named), (entry.where, pattern)


def test_the_golden_is_of_these_samples():
    """A changed sample without a renewed golden (compat accept) would be judged against nothing."""
    golden = Run.open(folder_of(CASES[0].path))
    assert golden.environment.tensorflow.startswith("1.15")
    without = []
    for sample in SAMPLES.values():
        spelled = set(sample.operation.implementations) - {"keras3"}
        if spelled and outputs_of(golden, sample.id, sample.case_digest()) is None:
            without.append(sample.id)
    # A graph refuses the first in every version, and nothing but a graph or an eager call spells it; the
    # format .keras begins with Keras 2.12, the error function of bfloat16 with TensorFlow 2.4.
    later = {"conv2d_kernel_too_large[k5-n3]", "model_files[keras]", "gelu[bfloat16-erf]"}
    assert set(without) <= later
    assert not set(golden.records) - set(SAMPLES)


def test_the_golden_agrees_with_the_references(tmp_path):
    """What is kept of it is inside the bounds, or known."""
    golden = Run.open(folder_of(CASES[0].path))
    judged = 0
    for sample_id, row in golden.records.items():
        if SAMPLES[sample_id].operation.against:  # itself
            continue
        for dialect, record in row.items():
            if all(output.digest in golden.objects for output in record.outputs.values()):
                references = SAMPLES[sample_id].refer()
                verdict = judge(record, references, golden.objects.read)
                operation, name = SAMPLES[sample_id].operation.name, SAMPLES[sample_id].name
                known = [e for e in KNOWN if e.matches(operation, name, dialect, golden.environment)]
                assert verdict.word == "agrees" or known, (sample_id, verdict.message)
                judged += 1
    assert judged > 200
