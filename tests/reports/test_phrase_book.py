"""TensorFlow 1's names in the text of implementations: found by parsing, never by running."""

import pytest
from making import Maker, response
from test_pages import report

from compat_reports.phrase_book import names_in

SOURCES = {
    "a function": ("tf.nn.conv2d(x, w)", "tf.nn.conv2d"),
    "what is longest": ("tf.nn.rnn_cell.BasicLSTMCell(3)", "tf.nn.rnn_cell.BasicLSTMCell"),
    "contrib": ("tf.contrib.layers.flatten(x)", "tf.contrib.layers.flatten"),
    "compat.v1": ("tf.compat.v1.losses.huber_loss(x, w)", "tf.losses.huber_loss"),
    "a helper's compat.v1": ("_v1().nn.fused_batch_norm(x, w)", "tf.nn.fused_batch_norm"),
    "an attribute that is kept": ("{'a': tf.image.resize_bilinear}['a'](x, w)", "tf.image.resize_bilinear"),
    "a method of a result": ("tf.shape(x).numpy()", "tf.shape"),
    "a type": ("tf.cast(x, tf.float32)", "tf.cast"),
    "a layer": ("tf.layers.MaxPooling2D(2)(x)", "tf.layers.MaxPooling2D tf.layers.max_pooling2d"),
    "another layer": ("tf.layers.Conv2DTranspose(2, 2)(x)", "tf.layers.Conv2DTranspose tf.layers.conv2d_transpose"),
    "nothing": ("x + w", ""),
    "another module": ("np.nn.conv2d(x)", ""),
    "no Python": ("(", ""),
}  # fmt: skip


@pytest.mark.parametrize("text, expected", SOURCES.values(), ids=SOURCES)
def test_names(text, expected):
    assert names_in(f"@op.on('tf1.session')\ndef _(tf, x, w):\n    return {text}\n") == tuple(
        expected.split()
    )


def test_another_name_for_the_module_and_for_a_part_of_it():
    text = "def _(tensorflow, x):\n    v1 = _v1()\n    nn = tensorflow.nn\n    return nn.relu(v1.layers.dense(x, 3))\n"
    assert names_in(text) == ("tf.layers.dense", "tf.nn.relu")


def test_nothing_is_executed(tmp_path):
    names_in(f"def _(tf):\n    open({str(tmp_path / 'made')!r}, 'w')\nopen({str(tmp_path / 'too')!r}, 'w')\n")
    assert list(tmp_path.iterdir()) == []
    assert names_in("a" + ".b" * 100_000) == () and names_in("(" * 10_000) == () and names_in("\0") == ()


def test_the_pages(tmp_path):
    maker = Maker(tmp_path / "runs", "tf1.15", "1.15.5")
    for operation, text in (
        ("conv", "tf.nn.conv2d(x, w)"),
        ("conv_net", "tf.nn.relu(tf.nn.conv2d(x, w))"),
        ("sum", "x"),
    ):
        sources = {
            "tf1.session": f"def _(tf, x, w):\n    return {text}\n",
            "numpy": "def _(np, x, w):\n    return np.nn.no\n",
        }
        maker.sample(f"{operation}[a]", sources=sources, path="cases/conv.py")
        maker.row(f"{operation}[a]", "tf1.session", "agrees", response())
        maker.row(f"{operation}[a]", "numpy", "agrees", response())
    report(maker.save(), tmp_path / "report")
    names = sorted(path.name for path in (tmp_path / "report" / "names").iterdir())
    assert names == ["tf.nn.conv2d.html", "tf.nn.relu.html"]
    page = (tmp_path / "report" / "names" / "tf.nn.conv2d.html").read_text()
    assert "2 samples of 2 operations" in page and 'href="../operations/conv_net.html"' in page
    assert page.index("Near it") < page.index('href="../operations/sum.html"')
    index = (tmp_path / "report" / "phrasebook.html").read_text()
    assert "2 names of TensorFlow 1" in index and 'href="names/tf.nn.relu.html"' in index
    assert index.index("without a name") < index.index('href="operations/sum.html"')
    assert (
        'href="../names/tf.nn.conv2d.html"' in (tmp_path / "report" / "operations" / "conv.html").read_text()
    )
