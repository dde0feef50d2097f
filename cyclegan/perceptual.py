"""What VGG16 sees in a picture, for comparing two by content; its weights come from a file.

Nothing here learns, and nothing is fetched. The distance of two such features is in `losses.py`.
"""

from pathlib import Path

import torch
from torch import Tensor, nn

from cyclegan.checkpoint import fill


class VggFeatures(nn.Module):
    """VGG16 up to relu2_2, frozen.

    Shape: float32 [N, 3, H, W] -> [N, 128, H // 2, W // 2]. Range: [-1, 1] -> 0 or more.

    Source: Simonyan and Zisserman 2015, configuration D; relu2_2 is the layer that Johnson et al.
    2016, "Perceptual Losses for Real-Time Style Transfer and Super-Resolution", section 4.2, keep
    the content of a picture by. The layers are numbered as in torchvision's `vgg16().features`.
    """

    mean: Tensor
    std: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, 64, 3, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(64, 64, 3, padding=1),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(2),
            nn.Conv2d(64, 128, 3, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(128, 128, 3, padding=1),
            nn.ReLU(inplace=True),
        )
        # ImageNet's red, green and blue of pictures in [0, 1], which torchvision's weights expect
        for name, values in (("mean", (0.485, 0.456, 0.406)), ("std", (0.229, 0.224, 0.225))):
            self.register_buffer(name, torch.tensor(values)[:, None, None], persistent=False)
        self.requires_grad_(False)

    def forward(self, x: Tensor) -> Tensor:
        features: Tensor = self.features(((x + 1) / 2 - self.mean) / self.std)
        return features


def load_vgg(path: Path) -> VggFeatures:
    """Build the network with the weights of torchvision's VGG16 (`vgg16-397923af.pth`).

    Of the file only the first four convolutions, `features.0` to `features.7`, are taken, so it
    may hold no more than them.

    Raises CheckpointError: missing, damaged, or not the weights of a VGG16.
    """
    network = VggFeatures()
    fill(network, path, "torchvision's vgg16, such as vgg16-397923af.pth (without batch norm)")
    return network
