"""How the catalogue spells an operation, for people: the text of each dialect, and the public names in it."""

import re
from typing import Dict, List

_OPTIONAL = re.compile(r"<([^<>]*\{\w+\}[^<>]*)>")
_FIELD = re.compile(r"\{(\w+)\}")
#: Not what makes an argument of another.
_NAME = re.compile(r"(?<![\w.(])((?:tf|keras)\.[\w.]*\w)(?=\()")
#: Belong to no operation of the catalogue.
_BESIDE = ("tf.control_dependencies", "tf.convert_to_tensor", "tf.executing_eagerly", "tf.identity")


def shown(template: str) -> str:
    """A spelling of the catalogue with every parameter written by its name."""
    text = _FIELD.sub(r"\1", _OPTIONAL.sub(r"\1", template.replace("{{", "\0").replace("}}", "\1")))
    return text.replace("\0", "{").replace("\1", "}").strip()


def names(spelled: Dict[str, str]) -> List[str]:
    """The functions and layers that the texts call, as TensorFlow's users know them, each once."""
    found = [name for text in spelled.values() for name in _NAME.findall(text)]
    public = [f"tf.{name}" if re.match(r"keras\.(?!ops\.)", name) else name for name in found]
    return list(dict.fromkeys(name for name in public if name not in _BESIDE))
