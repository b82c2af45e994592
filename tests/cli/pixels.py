"""Numbers about pictures."""

import numpy


def array(picture):
    return numpy.asarray(picture.convert("RGB"), dtype=numpy.float64)


def distance(a, b):
    """Root of the mean squared difference of two pictures, 0 to 255."""
    a, b = array(a), array(b)
    assert a.shape == b.shape, (a.shape, b.shape)
    return numpy.sqrt(((a - b) ** 2).mean())


def same(a, b):
    return a.size == b.size and distance(a, b) == 0


def seam(picture, axis):
    """How much two opposite edges differ (axis 1: left and right), in units of what neighbours do."""
    pixels = array(picture)
    apart = numpy.abs(pixels.take(0, axis) - pixels.take(-1, axis)).mean()
    return apart / numpy.abs(numpy.diff(pixels, axis=axis)).mean()
