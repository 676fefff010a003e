"""Variation: training samples changed a little, images and recordings each in their own way."""

import numpy as np
from numpy.typing import NDArray

from spikelet.errors import SpikeletError
from spikelet.inputs.dataset import Dataset
from spikelet.training import image_augmentation, motion_augmentation, topology
from spikelet.training.options import TrainingOptions

SHIFT = 1 / 16  # of an image's side, by which it is moved at most: half a pixel of 8


def check_images(dataset: Dataset, options: TrainingOptions) -> None:
    """Refuse to turn images that are not what augmentation takes them for."""
    if not options.augment or dataset.x.ndim != 2:
        return
    side = image_augmentation.image_side(dataset.x.shape[1])
    if options.shape and topology.image_shape(options.shape, side**2) != (side, side, 1):
        raise SpikeletError(
            f"shape is {options.shape}; only images of {side}x{side}x1 can be turned and scaled, "
            "so train without augment"
        )


def augmented(
    x: NDArray[np.uint8], random: np.random.Generator, middle: float
) -> NDArray[np.uint8]:
    """Return a variant of each image or recording."""
    if x.ndim == 2:
        shift = SHIFT * image_augmentation.image_side(x.shape[1])
        return image_augmentation.augment_images(
            x, random, image_augmentation.ImageStrength(shift=shift)
        )
    turned = motion_augmentation.MotionStrength()
    if x.shape[2] % motion_augmentation.AXES:
        turned = turned._replace(rotation=0)
    return motion_augmentation.augment_recordings(x, random, turned, middle)
