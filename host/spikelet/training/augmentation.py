"""Augment training samples: choose the image or the motion augmentation."""

import numpy as np
from numpy.typing import NDArray

from spikelet.errors import UsageError
from spikelet.inputs.dataset import Dataset
from spikelet.training import image_augmentation, motion_augmentation, topology
from spikelet.training.options import TrainingOptions

# The largest shift, as a share of an image's side: half a pixel of 8.
SHIFT = 1 / 16


def check_images(dataset: Dataset, options: TrainingOptions) -> None:
    """Refuse to augment samples that are not square images.

    Raises
    ------
    SpikeletError
        If options ask for augmentation, and the samples have another shape.
    """
    if not options.augment or dataset.x.ndim != 2:
        return
    side = image_augmentation.image_side(dataset.x.shape[1])
    if options.shape and topology.image_shape(options.shape, side**2) != (side, side, 1):
        raise UsageError(
            f"shape is {options.shape}; only images of {side}x{side}x1 can be turned and scaled, "
            "so train without augment"
        )


def augmented(
    x: NDArray[np.uint8], random: np.random.Generator, middle: float
) -> NDArray[np.uint8]:
    """Return a variant of each image or recording.

    Parameters
    ----------
    x : uint8[n, channels] or uint8[n, samples, channels]
        Images or recordings.
    random : numpy.random.Generator
    middle : float
        x of a reading of 0, about which recordings are rotated and scaled.

    Returns
    -------
    uint8 array of the shape of x
    """
    if x.ndim == 2:
        shift = SHIFT * image_augmentation.image_side(x.shape[1])
        return image_augmentation.augment_images(
            x, random, image_augmentation.ImageStrength(shift=shift)
        )
    strength = motion_augmentation.MotionStrength()
    if x.shape[2] % motion_augmentation.AXES:
        strength = strength._replace(rotation=0)
    return motion_augmentation.augment_recordings(x, random, strength, middle)
