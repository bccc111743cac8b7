"""Boxes cut out of images and resized: tf.image.crop_and_resize.

The traps: coordinates are in shares of height - 1 and width - 1, y before x, and a box may reach outside.
"""

from compat import fixtures, operation, reference

crop_and_resize = operation(
    "crop_and_resize",
    reference=reference.crop_and_resize,
    doc="Boxes y1, x1, y2, x2; 0 and 1 are the centres of the pixels at the border, as with align_corners.",
)


@crop_and_resize.on("numpy")
def _(np, image, boxes, numbers, *, crop_size, method, extrapolation_value):
    def places(start, end, n, m):
        """float32, as the kernel has them."""
        n = np.float32(n - 1)
        if m == 1:
            return [np.float32(0.5) * (start + end) * n]
        scale = (end - start) * n / np.float32(m - 1)
        return [start * n + np.float32(i) * scale for i in range(m)]

    y = np.empty((len(boxes), *crop_size, image.shape[3]), np.float32)
    height, width = image.shape[1:3]
    for box, (number, (y1, x1, y2, x2)) in enumerate(zip(numbers, boxes)):
        for i, row in enumerate(places(y1, y2, height, crop_size[0])):
            for j, column in enumerate(places(x1, x2, width, crop_size[1])):
                if not (0 <= row <= height - 1 and 0 <= column <= width - 1):
                    y[box, i, j] = extrapolation_value
                elif method == "nearest":
                    y[box, i, j] = image[number, int(np.floor(row + 0.5)), int(np.floor(column + 0.5))]
                else:
                    top, left = int(np.floor(row)), int(np.floor(column))
                    bottom, right = int(np.ceil(row)), int(np.ceil(column))
                    down, along = np.float32(row - top), np.float32(column - left)
                    upper, lower = (
                        image[number, k, left] + (image[number, k, right] - image[number, k, left]) * along
                        for k in (top, bottom)
                    )
                    y[box, i, j] = upper + (lower - upper) * down
    return y


@crop_and_resize.on("tf1.session", "tf2.eager", "tf2.function")
def _(tf, image, boxes, numbers, *, crop_size, method, extrapolation_value):
    return tf.image.crop_and_resize(
        image, boxes, numbers, crop_size, method=method, extrapolation_value=extrapolation_value
    )


_WHOLE = [[0, 0, 1, 1]]
_PART = [[0.25, 0.1, 0.8, 0.55]]
_TURNED = [[1, 0, 0, 1]]
_OUTSIDE = [[-0.25, 0.5, 0.75, 1.5]]
for name, boxes, crop_size, method, outside in (
    ("whole-same-size", _WHOLE, (5, 7), "bilinear", 0.0),
    ("whole-larger", _WHOLE, (9, 4), "bilinear", 0.0),
    ("part", _PART, (3, 4), "bilinear", 0.0),
    ("part-nearest", _PART, (3, 4), "nearest", 0.0),
    ("turned-over", _TURNED, (5, 3), "bilinear", 0.0),
    ("outside", _OUTSIDE, (4, 4), "bilinear", -3.0),
    ("one-pixel", _PART, (1, 1), "bilinear", 0.0),
):
    crop_and_resize.sample(
        name,
        image=fixtures.normal("crop_image_2x5x7x3", (2, 5, 7, 3), seed=361),
        boxes=fixtures.values(f"crop_boxes_{name}", boxes * 2),
        numbers=fixtures.values("crop_numbers", [1, 0], "int32"),
        crop_size=crop_size,
        method=method,
        extrapolation_value=outside,
    )
