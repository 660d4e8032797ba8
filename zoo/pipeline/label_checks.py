"""Class labels in every form that users hold them, as integers from 0 on."""

import numpy as np

from ..errors import ArgumentError


def as_labels(labels, num_classes=None, first_row=0):
    """Returns class labels as an int32 array (num_samples,).

    Args:
        labels: integers, booleans or floats without fractions, (num_samples,) or (num_samples, 1), or one-hot rows
            (num_samples, num_classes); an array, a list, a tensor or a pandas column.
        num_classes: int >= 2, or None if any number of classes is possible. Default None.
        first_row: int >= 0, the number of the first label in messages, or None for a label without a row. Default 0.

    Raises:
        ArgumentError: strings, missing values, fractions, or labels out of range; the message names the row.

    Example:

    >>> as_labels([[0.0, 1.0], [1.0, 0.0]]), as_labels([[2], [0]], num_classes=3)
    (array([1, 0], dtype=int32), array([2, 0], dtype=int32))
    """
    expected = "integers >= 0" if num_classes is None else f"integers from 0 to {num_classes - 1}"
    values = to_array(labels)
    if values.dtype.kind in "OUST":
        raise ArgumentError(_explain_objects(values, expected, first_row))
    if values.dtype.kind not in "iufb" and values.dtype.name != "bfloat16":
        raise ArgumentError(f"labels: received values of {values.dtype}, expected {expected}")
    if values.ndim == 2 and values.shape[1] > 1:
        values = _from_one_hot(values, num_classes, first_row)
    if values.ndim == 2:
        values = values[:, 0]
    if values.ndim != 1:
        raise ArgumentError(f"labels: received an array of shape {values.shape}, expected one of {expected} per row")
    if values.dtype.kind not in "iub":
        values = values.astype(np.float64)
        _refuse(values, values != np.rint(values), expected, first_row, "")
    out_of_range = (values < 0) | (values >= (num_classes or 2**31))
    _refuse(values, out_of_range, expected, first_row, _range_cure(values, num_classes))
    return values.astype(np.int32)


def validate_labels(labels, num_classes, num_samples):
    """Returns labels as an int32 array (num_samples,); a single label is repeated.

    Args:
        labels: int, or labels as in `as_labels`.
        num_classes: int >= 2.
        num_samples: int >= 1.

    Raises:
        ArgumentError: not integers, out of range, or another number of them.
    """
    if np.ndim(labels) == 0:
        return np.repeat(as_labels([labels], num_classes, first_row=None), num_samples)
    values = as_labels(labels, num_classes)
    if len(values) != num_samples:
        raise ArgumentError(
            f"labels: received {len(values)} for {num_samples} samples, expected one per sample, or a single one"
        )
    return values


def to_array(values):
    """Returns a list, tensor or column as an array; objects that are all numbers become numbers.

    Raises:
        ArgumentError: lists of unequal lengths, ragged or sparse tensors.
    """
    try:
        array = np.asarray(values)
        return np.array(array.tolist()) if array.dtype.kind == "O" and array.ndim == 1 and array.size else array
    except (ValueError, TypeError, NotImplementedError):
        raise ArgumentError(
            f"fit: received a {type(values).__name__} with rows of different shapes, expected one array"
        ) from None


def _from_one_hot(values, num_classes, first_row):
    if num_classes is not None and values.shape[1] != num_classes:
        raise ArgumentError(
            f"labels: received rows of {values.shape[1]} numbers, expected {num_classes} in a one-hot row, or one "
            f"integer from 0 to {num_classes - 1} per row"
        )
    numbers = values.astype(np.float32)
    is_one_hot = ((numbers == 0) | (numbers == 1)).all(axis=1) & (numbers.sum(axis=1) == 1)
    if not is_one_hot.all():
        raise ArgumentError(
            f"labels: received row {first_row + int(np.argmin(is_one_hot))}, which is not one-hot, expected one class "
            "per row: np.argmax(labels, axis=1) takes the most probable"
        )
    return numbers.argmax(axis=1)


def _refuse(values, is_bad, expected, first_row, cure):
    if is_bad.any():
        row = int(np.argmax(is_bad))
        where = "" if first_row is None else f" in row {first_row + row}"
        raise ArgumentError(f"labels: received {values[row].item()!r}{where}, expected {expected}{cure}")


def _range_cure(values, num_classes):
    if num_classes is not None and len(values) and values.min() >= 1 and values.max() == num_classes:
        return ": subtract 1 from all of them"
    return ""


def _explain_objects(values, expected, first_row):
    flat = values.reshape(-1)
    missing = [row for row, value in enumerate(flat) if str(value) in ("None", "nan", "<NA>")]
    if missing:
        row = (first_row or 0) + missing[0]
        return f"labels: received none in row {row}, expected {expected}: drop rows without a label"
    example = f" such as {str(flat[0])!r}" if len(flat) else ""
    return (
        f"labels: received strings{example}, expected {expected}: number the classes with "
        "np.unique(labels, return_inverse=True)[1], or pass load(images, labels=labels), which keeps their names"
    )
