import pytest
import torch
from torch import nn

from cyclegan.contract.log import CAPTION_HEIGHT
from cyclegan.networks import build_generator
from cyclegan.report import GAP, draw_sheet
from cyclegan.resnet import AttentionGenerator


def test_a_sheet_shows_the_mask_beside_its_translation() -> None:
    network = build_generator("attention", 2, 1)
    assert isinstance(network, AttentionGenerator)
    for parameter in network.masked.mask_norm.parameters():
        nn.init.zeros_(parameter)  # the mask is one half everywhere
    reals = [torch.zeros(1, 3, 16, 16)]
    sheet = draw_sheet(reals, reals, {"G_AB": network, "G_BA": network}, "")
    assert sheet.width == 8 * (16 + GAP) + GAP  # input, translation, mask, reconstruction, twice
    left = 2 * (16 + GAP) + GAP
    mask = sheet.crop((left, CAPTION_HEIGHT + GAP, left + 16, CAPTION_HEIGHT + GAP + 16))
    assert [low for low, _ in mask.getextrema()] == pytest.approx([127.5] * 3, abs=0.5)
    assert [high for _, high in mask.getextrema()] == pytest.approx([127.5] * 3, abs=0.5)
