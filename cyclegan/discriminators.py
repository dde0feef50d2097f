"""The discriminators; the generators are in `networks.py`."""

from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from cyclegan.config import TrainConfig
from cyclegan.layers import BlurDownsample, InstanceNorm


class PatchDiscriminator(nn.Module):
    """PatchGAN that judges every 70x70 patch of a picture: C64-C128-C256-C512, then one logit each.

    Shape: [N, 3, H, W] -> logits [N, 1, H/8 - 2, W/8 - 2]; H and W at least 24.
    Source: Zhu et al. 2017, appendix 7.2; Isola et al. 2017, section 3.2.2.

    Args:
        width: channels after the first convolution (64 in the paper).
        norm: "instance" as in the paper; "affine" learns a factor and an offset for each channel;
            "spectral" divides every weight by its largest singular value instead (Miyato et al.
            2018); "none".
        downsample: "stride" of the convolution as in the paper; "blur" after it (Park et al. 2020).
    """

    def __init__(self, width: int, norm: str = "instance", downsample: str = "stride") -> None:
        super().__init__()
        is_blurred = downsample == "blur"

        def conv(channels: int, filters: int, stride: int, bias: bool = True) -> nn.Module:
            layer = nn.Conv2d(channels, filters, 4, stride, padding=1, bias=bias)
            return spectral_norm(layer) if norm == "spectral" else layer

        layers: list[nn.Module] = []
        for channels, filters, halves in (
            (3, width, True),
            (width, 2 * width, True),
            (2 * width, 4 * width, True),
            (4 * width, 8 * width, False),
        ):
            is_normed = channels > 3 and norm in ("instance", "affine")
            is_affine = is_normed and norm == "affine"
            stride = 2 if halves and not is_blurred else 1
            layers.append(conv(channels, filters, stride, bias=not is_affine))
            layers += [InstanceNorm(filters, is_affine)] if is_normed else []
            layers.append(nn.LeakyReLU(0.2, inplace=True))
            layers += [BlurDownsample(filters)] if halves and is_blurred else []
        layers.append(conv(8 * width, 1, 1))
        self.model = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        return self.model(x)


DISCRIMINATORS = {"patch70": PatchDiscriminator}


def discriminator_from(config: TrainConfig) -> nn.Module:
    """Build the discriminator that a config describes."""
    build = DISCRIMINATORS[config.discriminator]
    return build(
        config.discriminator_width, config.discriminator_norm, config.discriminator_downsample
    )
