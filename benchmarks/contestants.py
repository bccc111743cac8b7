"""Who is timed.  ``prepare(workload, direction)`` gives the function that computes it once.

TensorFlow runs inside a session, with its numbers in variables and without fetching, so that feeding and
copying are not timed; called with ``fetched=True`` it gives the results, as the others always do.
"""

import functools

import numpy as np

from .workloads import VGG16_DENSE, VGG16_LAYERS, vgg16_weights

NAMES = ("ours", "tf-onednn", "tf-eigen", "product", "scipy", "tutorial")


class Unable(Exception):
    """The contestant has no such computation."""


class Ours:
    """``compat.layers``."""

    def prepare(self, workload, direction):
        from compat import layers

        x, w, b, dy = workload.arrays() if workload.kind != "vgg16" else (None,) * 4
        settings = {"strides": workload.strides, "padding": workload.padding}
        if workload.kind == "vgg16":
            return self._vgg16(layers, workload)
        if workload.kind == "pool":
            return lambda: [layers.max_pool2d(x, workload.filters, **settings)]
        if direction == "forward":
            return lambda: [layers.conv2d(x, w, bias=b, **settings)]
        return lambda: [
            layers.conv2d_input_grad(dy, w, x.shape, **settings),
            layers.conv2d_filter_grad(x, dy, w.shape, **settings),
        ]

    def _vgg16(self, layers, workload):
        weights = vgg16_weights()
        image = np.random.RandomState(1).random_sample(workload.images).astype(np.float32)

        def forward():
            x, parameters = image, iter(weights)
            for filters in VGG16_LAYERS:
                if filters:
                    w, b = next(parameters)
                    x = layers.conv2d(x, w, padding="SAME", bias=b)
                    np.maximum(x, 0, out=x)
                else:
                    x = layers.max_pool2d(x, 2)
            x = layers.flatten(x)
            for layer, (w, b) in enumerate(parameters):
                x = layers.dense(x, w, b)
                if layer < len(VGG16_DENSE) - 1:
                    np.maximum(x, 0, out=x)
            return [x]

        return forward


class TensorFlow:
    """``tf.nn`` in a session of ``tf.compat.v1``."""

    def __init__(self, threads):
        import tensorflow

        self.tf = tensorflow.compat.v1
        self.tf.disable_eager_execution()
        self.config = self.tf.ConfigProto(
            intra_op_parallelism_threads=threads, inter_op_parallelism_threads=1
        )

    def prepare(self, workload, direction):
        tf = self.tf
        tf.reset_default_graph()
        if workload.kind == "vgg16":
            results, values = self._vgg16(workload)
        else:
            x, w, b, dy = (self._variable(array) for array in workload.arrays())
            values = dict([x, w, b, dy])
            x, w, b, dy = values
            window = [1, workload.strides, workload.strides, 1]
            if workload.kind == "pool":
                results = [tf.nn.max_pool(x, [1, *workload.filters, 1], window, workload.padding)]
            else:
                y = tf.nn.conv2d(x, w, strides=window, padding=workload.padding)
                forward = direction == "forward"
                results = [tf.nn.bias_add(y, b)] if forward else tf.gradients(y, [x, w], [dy.value()])
        session = tf.Session(config=self.config)
        for variable, value in values.items():
            variable.load(value, session)
        run = session.make_callable([result.op for result in results])
        fetch = session.make_callable(results)
        return lambda fetched=False: fetch() if fetched else run()

    def _variable(self, array):
        placeholder = self.tf.zeros(array.shape, array.dtype)
        return self.tf.Variable(placeholder, use_resource=True, dtype=array.dtype), array

    def _vgg16(self, workload):
        tf, values = self.tf, {}
        parameters = iter(vgg16_weights())

        def variable(array):
            variable, value = self._variable(array)
            values[variable] = value
            return variable

        x = variable(np.random.RandomState(1).random_sample(workload.images).astype(np.float32))
        for filters in VGG16_LAYERS:
            if filters:
                w, b = (variable(array) for array in next(parameters))
                x = tf.nn.relu(tf.nn.bias_add(tf.nn.conv2d(x, w, strides=[1, 1, 1, 1], padding="SAME"), b))
            else:
                x = tf.nn.max_pool(x, [1, 2, 2, 1], [1, 2, 2, 1], "VALID")
        x = tf.reshape(x, [workload.images[0], -1])
        for layer, (w, b) in enumerate(parameters):
            x = tf.nn.bias_add(tf.matmul(x, variable(w)), variable(b))
            x = x if layer == len(VGG16_DENSE) - 1 else tf.nn.relu(x)
        return [x], values


class Product:
    """``np.matmul`` alone, on windows that are laid out already: what BLAS leaves to the layout to lose.

    The matrix of a tile, as large as ours, serves for all tiles, so it computes no convolution.
    """

    computes_the_same = False

    def prepare(self, workload, direction):
        if workload.kind != "conv" or direction != "forward":
            raise Unable("not one product")
        from compat.layers.correlation import TILE_BYTES, TILE_PIXELS

        _, w, _, _ = workload.arrays()
        filters = w.reshape(-1, w.shape[3])
        taps = len(filters)
        pixels = np.empty((np.prod(workload.output_shape[:3]), w.shape[3]), np.float32)
        rows = min(len(pixels), max(TILE_BYTES // (4 * taps), TILE_PIXELS))
        columns = np.random.RandomState(1).random_sample((rows, taps)).astype(np.float32)

        def compute():
            for start in range(0, len(pixels), rows):
                tile = pixels[start : start + rows]
                np.matmul(columns[: len(tile)], filters, out=tile)
            return [pixels]

        return compute


class SciPy:
    """``scipy.signal.correlate``, an image and a filter at a time, by the method that it chooses itself."""

    def prepare(self, workload, direction):
        from scipy import signal

        if workload.kind != "conv" or direction != "forward":
            raise Unable("no such function")
        x, w, b, _ = workload.arrays()
        if workload.padding == "SAME":
            total = [k - 1 for k in workload.filters[:2]]
            x = np.pad(x, ((0, 0), *((t // 2, t - t // 2) for t in total), (0, 0)))
        steps = (slice(None, None, workload.strides),) * 2

        def compute():
            y = np.empty(workload.output_shape, np.float32)
            for image, target in zip(x, y):
                for filters in range(w.shape[3]):
                    response = signal.correlate(image, w[..., filters], mode="valid", method="auto")
                    target[..., filters] = response[steps][..., 0] + b[filters]
            return [y]

        return compute


class Tutorial:
    """The tutorials' ``im2col``, on NCHW images: pad, copy every tap, transpose, one product.

    As they spell it (Saitoh, Deep Learning from Scratch, 2016): ``np.zeros(shape)`` is float64, and so is all
    that follows from it.
    """

    def prepare(self, workload, direction):
        if workload.kind == "vgg16":
            raise Unable("not timed")
        self.kernel = workload.filters[:2]
        x, w, b, dy = workload.arrays()
        x, dy = (np.ascontiguousarray(images.transpose(0, 3, 1, 2)) for images in (x, dy))
        if workload.kind == "pool":
            return functools.partial(self._pool, workload, x)
        w = np.ascontiguousarray(w.transpose(3, 2, 0, 1))
        if direction == "forward":
            return functools.partial(self._forward, workload, x, w, b)
        return functools.partial(self._backward, workload, x, w, dy)

    def _pads(self, workload):
        if workload.padding == "VALID":
            return [(0, 0), (0, 0)]
        return [((k - 1) // 2, k // 2) for k in workload.filters[:2]]

    def _im2col(self, workload, x, kernel):
        (out_h, out_w), stride = workload.output_size, workload.strides
        image = np.pad(x, [(0, 0), (0, 0), *self._pads(workload)])
        columns = np.zeros((*x.shape[:2], *kernel, out_h, out_w))
        for i in range(kernel[0]):
            for j in range(kernel[1]):
                rows, cols = (
                    slice(start, start + stride * n, stride) for start, n in ((i, out_h), (j, out_w))
                )
                columns[:, :, i, j, :, :] = image[:, :, rows, cols]
        return columns.transpose(0, 4, 5, 1, 2, 3).reshape(len(x) * out_h * out_w, -1)

    def _forward(self, workload, x, w, b):
        columns = self._im2col(workload, x, w.shape[2:])
        y = np.dot(columns, w.reshape(len(w), -1).T) + b
        return [y.reshape(len(x), *workload.output_size, -1).transpose(0, 3, 1, 2)]

    def _pool(self, workload, x):
        columns = self._im2col(workload, x, workload.filters).reshape(-1, np.prod(workload.filters))
        y = np.max(columns, axis=1)
        return [y.reshape(len(x), *workload.output_size, -1).transpose(0, 3, 1, 2)]

    def _backward(self, workload, x, w, dy):
        columns = self._im2col(workload, x, w.shape[2:])
        gradients = dy.transpose(0, 2, 3, 1).reshape(-1, len(w))
        dw = np.dot(columns.T, gradients).transpose(1, 0).reshape(w.shape)
        dx = self._col2im(workload, np.dot(gradients, w.reshape(len(w), -1)), x.shape, w.shape[2:])
        return [dx, dw]

    def _col2im(self, workload, columns, shape, kernel):
        (out_h, out_w), stride = workload.output_size, workload.strides
        (top, bottom), (left, right) = self._pads(workload)
        columns = columns.reshape(len(columns) // (out_h * out_w), out_h, out_w, shape[1], *kernel)
        columns = columns.transpose(0, 3, 4, 5, 1, 2)
        image = np.zeros((*shape[:2], shape[2] + top + bottom, shape[3] + left + right))
        for i in range(kernel[0]):
            for j in range(kernel[1]):
                image[:, :, i : i + stride * out_h : stride, j : j + stride * out_w : stride] += columns[
                    :, :, i, j
                ]
        return image[:, :, top : top + shape[2], left : left + shape[3]]
