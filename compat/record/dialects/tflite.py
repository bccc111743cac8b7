"""``tflite``: what is spelled for ``tf2.function``, converted to TensorFlow Lite and computed by its interpreter."""

from typing import Any, Callable, Dict, Optional

from ...errors import Unsupported
from ..versions import threads
from .base import Results, collect, only_plain_inputs
from .function import Function
from .tensorflow import missing_tensorflow


class TfLite(Function):
    name = "tflite"
    depends_on = ("tensorflow",)
    order = 10
    spelled_as = "tf2.function"
    by_default = False

    def missing(self) -> Optional[str]:
        return missing_tensorflow((2, 5))

    def compute(
        self, implementation: Callable[..., Any], inputs: Dict[str, Any], parameters: Dict[str, Any]
    ) -> Results:
        only_plain_inputs("TensorFlow Lite", inputs)
        tf = self.module()
        function, tensors, names = self.function(tf, implementation, inputs, parameters)
        signature = [tf.TensorSpec(tensor.shape, tensor.dtype, f"x{n}") for n, tensor in enumerate(tensors)]
        concrete = function.get_concrete_function(*signature)
        try:
            model = tf.lite.TFLiteConverter.from_concrete_functions([concrete]).convert()
            interpreter = tf.lite.Interpreter(model_content=model, num_threads=threads())
            interpreter.allocate_tensors()
        except Exception as error:
            said = (str(error).strip() or type(error).__name__).splitlines()[0].partition("./")[0][:200]
            raise Unsupported(f"TensorFlow Lite does not convert it: {said}") from None
        for place, tensor in zip(interpreter.get_input_details(), tensors):
            interpreter.set_tensor(place["index"], tensor.numpy())
        interpreter.invoke()
        found = [interpreter.get_tensor(place["index"]) for place in interpreter.get_output_details()]
        return collect(dict(zip(names, found)))
