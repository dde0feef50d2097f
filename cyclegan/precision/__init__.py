"""A finished fp32 model in another precision: made smaller or quicker, measured, refused if spoilt.

How a checkpoint becomes an fp32 model is in `cyclegan/export.py`.
"""

from cyclegan.precision.conversion import (
    MIN_CALIBRATION_PICTURES,
    MIN_PSNR_DB,
    Precision,
    convert,
)
from cyclegan.precision.tuning import TUNING_IMAGES

__all__ = ["MIN_CALIBRATION_PICTURES", "MIN_PSNR_DB", "TUNING_IMAGES", "Precision", "convert"]
