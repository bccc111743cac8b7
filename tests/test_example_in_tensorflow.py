"""The worked example of the documentation, command by command, on the files that TensorFlow 1.15 left."""

import os
import re
import shlex
import shutil

import pytest
from support import CHECKOUT

from compat.cli import main
from compat.record.dialects import DIALECTS
from compat.record.versions import tensorflow_version

pytestmark = pytest.mark.skipif(
    bool(DIALECTS["tf1.session"].missing()) or (tensorflow_version() or ()) < (2, 16),
    reason="needs Keras 3",
)
SIGNS = CHECKOUT / "examples" / "signs"
PAGE = (CHECKOUT / "docs" / "example.md").read_text(encoding="utf-8")


def blocks(language, page=PAGE):
    """The texts of the blocks that a page marks so."""
    found = re.findall(r"^```(\w*)\n(.*?)^```$", page, re.M | re.S)
    return [text for name, text in found if name == language]


def commands():
    """(arguments, expected status) of every line that a reader runs."""
    for block in blocks("sh"):
        for line in block.splitlines():
            command, _, remark = line.partition("#")
            name, *arguments = shlex.split(command)
            assert name == "compat"
            yield arguments, int(remark.split()[1]) if remark else 0


def test_the_session_of_the_page(tmp_path, monkeypatch, capsys):
    pytest.importorskip("libcst")
    shutil.copytree(str(SIGNS), str(tmp_path / "signs"))
    monkeypatch.chdir(tmp_path / "signs")
    told = []
    for arguments, status in commands():
        from tensorflow import keras

        keras.backend.clear_session()
        assert main(arguments) == status, (arguments, capsys.readouterr())
        told.append(capsys.readouterr().out)
    trace, verify, mend, *green = told
    assert trace == blocks("")[0]
    for line in re.findall(r"^(?:kernels|paired|first wrong:|also wrong:) .*$", PAGE, re.M):
        expected = ".*".join(re.escape(part) for part in line.split(" [...] "))
        # The bits of another processor's kernels are others.
        expected = re.sub(r"at \\\[.*?allowance;", "at .* allowance;", expected)
        expected = re.sub(r"18\\ with\\ the.*|\d+\\ by\\ structure.*", ".*", expected)
        assert re.search(f"^{expected}", verify, re.M), (line, verify)
    for line in blocks("diff")[0].splitlines():
        assert line in mend.splitlines(), (line, mend)
    assert len(green) == 2 and all(text.endswith("all agree: what differs is rounding\n") for text in green)
    assert os.path.getsize(CHECKOUT / "docs" / "example-page.png") < 300_000


def test_the_readme_has_commands_of_the_session():
    readme = (CHECKOUT / "README.md").read_text(encoding="utf-8")
    ours = [line for line in blocks("sh", readme) if line.startswith("compat trace")]
    arguments = [shlex.split(line.partition("#")[0])[1:] for line in ours[0].splitlines()]
    assert all(one in [given for given, _ in commands()] for one in arguments), arguments
