"""A few judged runs in which every kind of cell occurs."""

import pytest
from making import KNOWN, Maker, response


@pytest.fixture
def made_runs(tmp_path):
    """Other bits in 2.11 and with oneDNN; known, unsupported, crashed and stale cells."""
    folder = tmp_path / "runs"
    later = {"1.13.2": 0, "1.15.5": 0, "2.9.3": 0, "2.11.1": 1e-5}
    judged = []
    for version, change in later.items():
        maker = Maker(folder, "tf" + version.rpartition(".")[0], version, TF_ENABLE_ONEDNN_OPTS="0")
        _fill(maker, version, change)
        judged.append(maker.save())
    maker = Maker(folder, "tf2.11-onednn", "2.11.1", TF_ENABLE_ONEDNN_OPTS="1")
    _fill(maker, "2.11.1", 2e-5)
    return [*judged, maker.save()]


def _fill(maker, version, change):
    first, newer = version.startswith("1.13"), version.startswith("2")
    word = "agrees" if change else "identical"
    maker.row("conv[plain]", "numpy", "agrees", response(3e-5), share=0.5)
    maker.row("conv[plain]", "tf1.session", word, response(change))
    if newer:
        maker.row("conv[plain]", "tf2.eager", word, response(change))
    else:
        maker.row(
            "conv[plain]", "tf2.eager", "unsupported", message=f"needs TensorFlow 2.0; this is {version}"
        )
    maker.row("conv[trap]", "tf1.session", "identical", response())
    maker.row("conv[trap]", "numpy", "differs", response(5), "at [0] 5, expected 0", KNOWN, share=9e4)
    maker.row(
        "conv[lost]",
        "tf1.session",
        "error" if first else "agrees",
        None if first else response(),
        "TypeError: no" if first else "",
    )
    if version == "2.9.3":
        maker.row("conv[lost]", "tf2.eager", "crashed", message="the process died")
    maker.sample("conv[old]", case="before" if first else "case")
    maker.row("conv[old]", "tf1.session", "agrees", response(7 if first else 0))
