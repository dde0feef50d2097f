"""CycleGAN: learn to turn pictures of one kind into another without paired examples.

This module imports nothing, so that `cyclegan.contract` costs an app no more than numpy and Pillow.
"""

__version__ = "0.1.0"
