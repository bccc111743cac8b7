"""``onnx``: what is spelled for ``tf2.function``, converted by tf2onnx and computed by ONNX Runtime."""

from typing import Any, Callable, Dict, Optional

from ...errors import Unsupported
from ..versions import threads, version_of
from .base import Results, collect, load, only_plain_inputs
from .function import Function
from .tensorflow import missing_tensorflow


class Onnx(Function):
    name = "onnx"
    depends_on = ("tensorflow", "tf2onnx", "onnxruntime")
    order = 9
    spelled_as = "tf2.function"
    by_default = False

    def missing(self) -> Optional[str]:
        if missing_tensorflow((2, 5)):
            return missing_tensorflow((2, 5))
        lacking = [name for name in ("tf2onnx", "onnxruntime") if not version_of(name)]
        return f"{' and '.join(lacking)} is not installed" if lacking else None

    def compute(
        self, implementation: Callable[..., Any], inputs: Dict[str, Any], parameters: Dict[str, Any]
    ) -> Results:
        only_plain_inputs("ONNX Runtime", inputs)
        tf = self.module()
        convert, runtime = load("tf2onnx", _convert), load("ONNX Runtime", _runtime)
        function, tensors, names = self.function(tf, implementation, inputs, parameters)
        signature = [
            tf.TensorSpec(tensor.shape, tensor.dtype, f"x{number}") for number, tensor in enumerate(tensors)
        ]
        try:
            model, _ = convert(function, signature)
        except Exception as error:
            raise Unsupported(f"tf2onnx does not convert it: {_line(error)}") from None
        options = runtime.SessionOptions()
        options.intra_op_num_threads, options.log_severity_level = threads(), 4
        try:
            session = runtime.InferenceSession(
                model.SerializeToString(), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:
            raise Unsupported(f"ONNX Runtime does not take it: {_line(error)}") from None
        feed = {spec.name: tensor.numpy() for spec, tensor in zip(signature, tensors)}
        taken = {one.name for one in session.get_inputs()}  # without what nothing follows from
        results = session.run(None, {name: array for name, array in feed.items() if name in taken})
        return collect(dict(zip(names, results)))


def _convert() -> Any:
    import tf2onnx

    return tf2onnx.convert.from_function


def _runtime() -> Any:
    import onnxruntime

    return onnxruntime


def _line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0][:200]
