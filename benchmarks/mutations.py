"""What may happen to a store: documents changed under a right checksum, and files that are no longer what they were."""

import contextlib
import hashlib
import json
import os
import pickle
import shutil

import numpy as np

DEEP = "a list within a list, a thousand times"
#: What JSON cannot say and its readers may take: put into the text itself.
RAW = {
    "<1e999>": "1e999",
    "<NaN>": "NaN",
    "<-Infinity>": "-Infinity",
    "<long>": "9" * 6000,
    "<dup>": '1,"dup":2',
}
STRANGE = [
    None, True, False, 0, -1, 1, 2.5, 10**30, 1e308, "", "x", "ok", "unsupported", "error", "crashed", "bfloat16",
    "float64", "fft", "winograd", "numpy", "scipy", "..", "../../outside", "/etc/passwd", "/dev/zero", "a/b", "a\nb",
    "a\0b", "\x1b[2J\x1b]0;title\x07", "\u202egnp", "\ud800", "\udcff", "x" * 5000, "a" * 64, "0" * 63, [], {},
    "é" * 32, [None], ["numpy"], ["numpy", "objects"], ["numpy", "../outside"], ["scipy", None], ["numpy", None, None],
    [0],
    {"y": 1}, {"": {}}, {"y": {"spread": "a" * 64}}, [10**12, 10**12], [-1], DEEP, *RAW,
]  # fmt: skip


def write_sealed(path, content, form=2):
    """A file as compat writes it, whatever the content: its checksum is right."""
    text = json.dumps(content, separators=(",", ":"))
    text = text.replace(json.dumps(DEEP), "[" * 1000 + "]" * 1000)
    for mark, raw in RAW.items():
        text = text.replace(json.dumps(mark), raw)
    checksum = hashlib.sha256(text.encode()).hexdigest()
    with open(path, "w", encoding="utf-8") as file:
        file.write(f'{{"format":{form},"checksum":"{checksum}","content":{text}}}\n')


def content_of(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)["content"]


def _places(value, found=None):
    """(container, key) of everything in a document."""
    found = [] if found is None else found
    for key in list(value) if isinstance(value, dict) else range(len(value)):
        found.append((value, key))
        if isinstance(value[key], (dict, list)):
            _places(value[key], found)
    return found


#: What somebody would write who wants a red row to be green.
LIES = {
    "the claim": lambda record: record.update(claim="fft"),
    "another claim": lambda record: record.update(claim="accumulates"),
    "the dtype": lambda record: record.update(dtype="bfloat16"),
    "no files": lambda record: record.update(files={}),
    "all dtypes": lambda record: (record.update(dtype="bfloat16"), _each(record, dtype="bfloat16")),
    "all half": lambda record: (record.update(dtype="float16"), _each(record, dtype="float16")),
    "the shape": lambda record: _each(record, shape=[2, 2]),
    "a dtype": lambda record: _each(record, dtype="float32"),
    "a missing array": lambda record: _each(record, digest="a" * 64),
    "not unfinished": lambda record: record.update(status="ok", message=""),
    "agrees": lambda record: record.update(verdict="agrees"),
    "not random": lambda record: record.update(random=[]),
    "no spread": lambda record: record.update(measured={}),
}
LIES_OF_SAMPLES = {
    "against itself": lambda sample: sample.update(against=["numpy", None]),
    "against scipy": lambda sample: sample.update(against=["scipy", None]),
    "against the other": lambda sample: sample.update(against=["numpy", "tf2.0"]),
    "against nothing": lambda sample: sample.pop("against", None),
    "another operation": lambda sample: sample.update(operation="known", name="k"),
    "another name": lambda sample: sample.update(name="k"),
    "a case elsewhere": lambda sample: sample.update(path="outside/campaign.py"),
    "a case in the store": lambda sample: sample.update(path="store/campaign.py"),
}


def _each(record, **what):
    for output in record["outputs"].values():
        output.update(what)


def _lie(content, drawn):
    """A change of a record or of a description that leaves it well formed; returns what was done."""
    rows = sorted(content["records"].items())
    red = [(sample, row) for sample, row in rows if sample.startswith(("wrong", "port[off"))]
    sample, row = drawn.choice(red if red and drawn.random() < 0.8 else rows)
    if drawn.random() < 0.4 and sample in content["samples"]:
        name = drawn.choice(sorted(LIES_OF_SAMPLES))
        LIES_OF_SAMPLES[name](content["samples"][sample])
    else:
        name = drawn.choice(sorted(LIES))
        LIES[name](drawn.choice(list(row.values())))
    return f"{sample}: {name}"


def change(content, drawn):
    """Change a document in one place; returns what was done, in words."""
    if isinstance(content.get("samples"), dict) and content.get("records") and drawn.random() < 0.5:
        with contextlib.suppress(
            AttributeError, KeyError, IndexError, TypeError
        ):  # another change came before
            return _lie(content, drawn)
    places = _places(content)
    # Most of a document is descriptions: half of the changes are among the records.
    if isinstance(content.get("records"), dict) and drawn.random() < 0.5:
        places = _places(content["records"]) or places
    container, key = drawn.choice(places)
    how = drawn.choice(("value", "value", "value", "like", "like", "drop", "add", "rename"))
    strange = drawn.choice(STRANGE)
    if how == "value":
        container[key] = strange
    elif how == "like":  # what stands elsewhere, of the same type: digests for digests, names for names
        others = [c[k] for c, k in places if type(c[k]) is type(container[key]) and c[k] != container[key]]
        container[key] = strange = json.loads(json.dumps(drawn.choice(others or [None])))
    elif how == "drop":
        del container[key]
    elif isinstance(container, list):
        container.append(strange)
    elif how == "add":
        container[drawn.choice(["dup", "known", "reference", "../x", "\x1b[1m", "", "verdict"])] = strange
    else:
        name = drawn.choice(
            ["wrong[../x]", "a\nb", "\x1b[1m", "\ud800", "", "numpy", "s0", "..", "double[s0]"]
        )
        container[name] = container.pop(key)
    return f"{how} at {key!r:.30}: {ascii(strange):.40}"


# -- files


def _other_array(path, drawn, make):
    array = np.load(path, allow_pickle=False)
    with open(path, "wb") as file:
        make(file, array)


def _header(file, array, shape):
    text = f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
    file.write(b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode())
    file.write(array.tobytes())


ARRAYS = {
    "pickled": lambda file, array: pickle.dump(array, file),
    "of objects": lambda file, array: np.save(file, np.array([{}, None]), allow_pickle=True),
    "of 10^12 elements": lambda file, array: _header(file, array, (10**6, 10**6)),
    "of 10^40 elements": lambda file, array: _header(file, array, (10**20, 10**20)),
    "of negative extent": lambda file, array: _header(file, array, (-1,)),
    "doubled": lambda file, array: np.save(file, array * 2),
    "0-d": lambda file, array: np.save(file, array.ravel()[0]),
    "in Fortran order": lambda file, array: np.save(file, np.asfortranarray(array)),
    "big-endian": lambda file, array: np.save(file, array.astype(array.dtype.newbyteorder(">"))),
    "structured": lambda file, array: np.save(file, np.zeros(3, [("a", "f4"), ("b", "f4")])),
    "zipped": lambda file, array: np.savez(file, array),
}


def damage(path, drawn):
    """Make a file something else; returns what was done, in words."""
    how = drawn.choice(
        ("truncated", "a bit", "bits", "zeros", "empty", "binary", "longer", "gone", "folder", "fifo", "loop", "device")
        + (("array",) * 8 if path.endswith(".npy") else ())
    )  # fmt: skip
    with open(path, "rb") as file:
        data = bytearray(file.read())
    if how == "array":
        how = drawn.choice(sorted(ARRAYS))
        _other_array(path, drawn, ARRAYS[how])
        return f"an array {how}"
    if how == "truncated":
        data = data[: drawn.randrange(len(data))]
    elif how in ("a bit", "bits"):
        for _ in range(1 if how == "a bit" else 40):
            data[drawn.randrange(len(data))] ^= 1 << drawn.randrange(8)
    elif how == "zeros":
        start = drawn.randrange(len(data))
        data[start : start + 64] = bytes(len(data[start : start + 64]))
    elif how in ("empty", "binary"):
        data = bytearray(b"" if how == "empty" else drawn.getrandbits(8000).to_bytes(1000, "little"))
    elif how == "longer":
        data += b"\0garbage"
    os.unlink(path)
    if how == "folder":
        os.mkdir(path)
    elif how == "fifo":
        os.mkfifo(path)
    elif how == "loop":
        os.symlink(path, path)
    elif how == "device":
        os.symlink("/dev/zero", path)
    elif how != "gone":
        with open(path, "wb") as file:
            file.write(data)
    return how


def copy(source, target):
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source, target, symlinks=True)
