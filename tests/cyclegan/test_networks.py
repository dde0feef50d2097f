import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from cyclegan.coherence import GENERATORS_WITH
from cyclegan.config import TrainConfig
from cyclegan.fields import PLAIN_SIZES
from cyclegan.layers import GeneratorOptions, InstanceNorm
from cyclegan.networks import (
    GENERATORS,
    build_generator,
    count_parameters,
    generator_from,
    init_weights,
)
from cyclegan.plain import PlainBlock, PlainGenerator
from cyclegan.resnet import AttentionGenerator
from tests.cyclegan.runs import layout_of

AFFINE = GeneratorOptions(norm="affine")
# Every choice once, and all of the other ones together
OPTIONS = [
    GeneratorOptions(),
    AFFINE,
    GeneratorOptions(padding="zero"),
    GeneratorOptions(padding="replicate"),
    GeneratorOptions(upsample="resize"),
    GeneratorOptions(downsample="blur", upsample="blur"),
    GeneratorOptions("affine", "replicate", "blur", "resize"),
]


# Counted on the class definitions of pytorch-CycleGAN-and-pix2pix; its batch norm learns what our
# affine instance norm learns.
@pytest.mark.parametrize(
    ("name", "options", "parameters", "keys"),
    [
        ("resnet9", GeneratorOptions(), 11_378_179, 48),
        ("resnet9", AFFINE, 11_383_427, 140 - 3 * 23),  # without the statistics of 23 norms
        ("resnet6", GeneratorOptions(), 7_837_699, 36),
        ("unet256", GeneratorOptions(), 54_409_603, 32),
        ("unet256", AFFINE, 54_413_955, 82 - 3 * 13),  # of 13 norms
        ("unet128", AFFINE, 41_828_995, 70 - 3 * 11),
    ],
)
def test_generators_are_as_large_as_the_reference(
    name: str, options: GeneratorOptions, parameters: int, keys: int
) -> None:
    with torch.device("meta"):
        network = build_generator(name, 64, options=options)
    assert count_parameters(network) == parameters
    assert len(network.state_dict()) == keys


def test_a_resnet_has_the_keys_of_the_reference() -> None:
    keys = [key for key in build_generator("resnet6", 4).state_dict() if key.endswith("weight")]
    blocks = [f"model.{i}.conv_block.{j}" for i in range(10, 16) for j in (1, 5)]
    convolutions = ["model.1", "model.4", "model.7", *blocks, "model.16", "model.19", "model.23"]
    assert keys == [f"{name}.weight" for name in convolutions]


@pytest.mark.parametrize(
    ("name", "options", "layout"),
    [
        ("resnet6", GeneratorOptions(), "4af6ee3f"),
        ("resnet9", GeneratorOptions(), "20061530"),
        ("resnet9", AFFINE, "0ba683b2"),
        ("resnet9", GeneratorOptions(upsample="resize"), "9899215e"),
        ("resnet9", GeneratorOptions(downsample="blur", upsample="blur"), "08d8450f"),
        ("attention", GeneratorOptions(), "bdb1d1ad"),
        ("attention", AFFINE, "bf3efe97"),
        ("unet128", GeneratorOptions(), "1565314b"),
        ("unet256", AFFINE, "b84937bd"),
        ("plain", GeneratorOptions(), "dfa8e80e"),
        ("plain", GeneratorOptions(levels=2), "8f2bf6a4"),
        ("plain", GeneratorOptions(levels=3), "bb170e5c"),
    ],
)
def test_checkpoints_of_earlier_versions_fit_the_generators(
    name: str, options: GeneratorOptions, layout: str
) -> None:
    with torch.device("meta"):
        assert layout_of(build_generator(name, 4, options=options)) == layout


def test_plain_generator_has_the_parameters_counted_by_hand() -> None:
    # 3x3 from 48 to 64 channels, 16 times 64 to 64, 64 to 48; each with a bias
    by_hand = (9 * 48 * 64 + 64) + 16 * (9 * 64 * 64 + 64) + (9 * 64 * 48 + 48)
    assert count_parameters(build_generator("plain", 64)) == by_hand


@pytest.mark.parametrize("name", GENERATORS)
def test_generators_keep_size_and_range(name: str) -> None:
    network = build_generator(name, 4)
    init_weights(network, torch.Generator().manual_seed(0))
    multiple = network.size_multiple
    height, width = (40, 56) if multiple == 4 else (multiple, 2 * multiple)
    fake_B = network(torch.rand(2, 3, height, width) * 2 - 1)
    assert fake_B.shape == (2, 3, height, width)
    assert fake_B.abs().max() <= 1


@pytest.mark.parametrize("name", ["resnet6", "attention"])
@pytest.mark.parametrize("options", OPTIONS)
def test_every_choice_keeps_size_and_range(options: GeneratorOptions, name: str) -> None:
    network = build_generator(name, 4, 1, options)
    fake_B = network(torch.rand(1, 3, 36, 44) * 2 - 1)
    assert fake_B.shape == (1, 3, 36, 44)
    assert fake_B.abs().max() <= 1


def test_a_config_knows_the_multiples_of_the_generators() -> None:
    configs = [TrainConfig().replace(generator=name, generator_width=1) for name in GENERATORS]
    for config in (*configs, TrainConfig(generator="plain", generator_levels=2)):
        assert generator_from(config).size_multiple == config.size_multiple
    assert {name for names in GENERATORS_WITH.values() for name in names} == set(GENERATORS)


@pytest.mark.parametrize("name", GENERATORS)
def test_a_picture_is_translated_the_same_alone_and_in_a_batch_and_in_eval_mode(name: str) -> None:
    network = build_generator(name, 4)
    init_weights(network, torch.Generator().manual_seed(0))
    side = max(network.size_multiple, 40)
    real_A = torch.rand(2, 3, side, side) * 2 - 1
    together = network(real_A)
    torch.testing.assert_close(network.eval()(real_A[:1]), together[:1])


@pytest.fixture
def attention() -> AttentionGenerator:
    network = build_generator("attention", 4, 1)
    assert isinstance(network, AttentionGenerator)
    init_weights(network, torch.Generator().manual_seed(0))
    return network


def hold_mask_at(network: AttentionGenerator, logit: float) -> None:
    norm = network.masked.mask_norm
    assert norm.weight is not None
    assert norm.bias is not None
    torch.nn.init.zeros_(norm.weight)
    torch.nn.init.constant_(norm.bias, logit)


def test_a_mask_of_0_gives_the_input_and_of_1_the_content(attention: AttentionGenerator) -> None:
    real_A = torch.rand(1, 3, 32, 40) * 2 - 1
    content = attention.masked.content(attention.masked.trunk(real_A))
    # exp(1000) is infinite: the sigmoid is exactly 0 or 1
    for logit, wanted in ((-1000.0, real_A), (1000.0, content), (0.0, (content + real_A) / 2)):
        hold_mask_at(attention, logit)
        picture, mask = attention.masked(real_A)
        assert mask.shape == (1, 1, 32, 40)
        assert torch.equal(mask, torch.full_like(mask, torch.sigmoid(torch.tensor(logit))))
        torch.testing.assert_close(picture, wanted, rtol=0, atol=0 if logit else 1e-6)
        assert torch.equal(attention(real_A), picture)


def test_a_mask_starts_with_as_much_foreground_as_background(
    attention: AttentionGenerator,
) -> None:
    _, mask = attention.masked(torch.rand(1, 3, 64, 64) * 2 - 1)
    assert 0.4 < mask.mean() < 0.6
    assert mask.min() < 0.1
    assert mask.max() > 0.9


def test_content_and_mask_both_learn(attention: AttentionGenerator) -> None:
    attention(torch.rand(1, 3, 32, 32) * 2 - 1).mean().backward()
    for head in (attention.masked.content, attention.masked.mask):
        assert all(parameter.grad.abs().max() > 0 for parameter in head.parameters())


def test_a_mask_holds_nothing_finer_than_four_pixels(attention: AttentionGenerator) -> None:
    _, mask = attention.masked(torch.rand(1, 3, 64, 64) * 2 - 1)
    # Between the middles of two cells of 4 pixels the logits are a straight line.
    logits = torch.logit(mask.double())[0, 0, 2:62]
    bends = logits.diff(n=2, dim=1)
    steps = torch.arange(bends.shape[1])
    assert bends[:, steps % 4 == 2].abs().max() < 1e-3 * bends.abs().max()


@pytest.mark.parametrize("border", [0, 8])
def test_a_plain_generator_with_a_mask_mixes_what_one_without_makes(border: int) -> None:
    plain, masked = PlainGenerator(4, 2, 2, border), PlainGenerator(4, 2, 2, border, 0.05)
    init_weights(plain, torch.Generator().manual_seed(0))
    masked.load_state_dict(plain.state_dict())  # the same weights
    real_A = torch.rand(2, 3, 40, 48) * 2 - 1
    picture, mask = masked.with_mask(real_A)
    assert mask.shape == (2, 1, 40, 48)
    torch.testing.assert_close(picture, mask * plain(real_A) + (1 - mask) * real_A)
    assert torch.equal(masked(real_A), picture)
    assert (plain.has_mask, masked.has_mask) == (False, True)


@pytest.mark.parametrize("threshold", [0.0, 0.05])
@pytest.mark.parametrize(
    ("blocks", "levels"), [(2, 1), (8, 1), (2, 2), (5, 2), (6, 2), (8, 2), (4, 3), (7, 3), (8, 4)]
)
def test_the_receptive_field_is_exact(blocks: int, levels: int, threshold: float) -> None:
    network = PlainGenerator(4, blocks, levels, mask_threshold=threshold)
    init_weights(network, torch.Generator().manual_seed(0))
    for weight in network.double().parameters():
        weight.data.abs_()  # so that no ReLU cuts a path
    multiple, field = network.size_multiple, network.receptive_field
    margin = (field - multiple) // 2
    before = -(-margin // multiple) * multiple + 2 * multiple  # where the cell of output begins
    picture = torch.ones(1, 3, multiple, 2 * before + multiple, dtype=torch.float64)
    network(picture.requires_grad_())[..., before : before + multiple].sum().backward()
    assert picture.grad is not None
    touched = picture.grad.abs().sum(dim=(0, 1, 2)).nonzero()[:, 0]
    # Beyond it nothing counts, and its rim does.
    assert (touched.min(), touched.max()) == (before - margin, before + multiple + margin - 1)


def test_levels_and_sizes_of_plain_generators() -> None:
    fields = {(size, levels): PlainGenerator(*PLAIN_SIZES[size], levels).receptive_field
              for size in PLAIN_SIZES for levels in (1, 2, 3)}  # fmt: skip
    assert fields == {
        ("tiny", 1): 116, ("small", 1): 148, ("base", 1): 148,
        ("tiny", 2): 176, ("small", 2): 224, ("base", 2): 224,
        ("tiny", 3): 232, ("small", 3): 312, ("base", 3): 312,
    }  # fmt: skip
    for size, expected in {"tiny": 1.2, "small": 2.6, "base": 5.8}.items():
        for levels in (1, 2, 3):
            network = PlainGenerator(*PLAIN_SIZES[size], levels).to("meta")
            with FlopCounterMode(display=False) as counter:
                network(torch.empty(1, 3, 256, 256, device="meta"))
            gmac = counter.get_total_flops() / 2e9
            assert gmac == pytest.approx(expected, rel=0.06)


@pytest.mark.parametrize(
    ("blocks", "fewer", "levels"), [(8, 4, 1), (8, 8, 3), (8, 4, 2), (8, 3, 2), (8, 6, 3)]
)
def test_without_the_blocks_that_it_lacks_a_deeper_generator_is_the_shallower(
    blocks: int, fewer: int, levels: int
) -> None:
    deeper, shallower = (PlainGenerator(4, each, levels) for each in (blocks, fewer))
    init_weights(deeper, torch.Generator().manual_seed(0), std=0.1)
    shallower.take_over(deeper)
    kept = [m.conv1.weight for m in shallower.modules() if isinstance(m, PlainBlock)]
    assert len(kept) == fewer
    for block in deeper.modules():
        if isinstance(block, PlainBlock) and not any(
            torch.equal(weight, block.conv1.weight) for weight in kept
        ):
            block.conv2.weight.data.zero_()  # it adds nothing
    picture = torch.rand(1, 3, 32, 48, generator=torch.Generator().manual_seed(1)) * 2 - 1
    with torch.no_grad():
        torch.testing.assert_close(shallower(picture), deeper(picture))


@pytest.mark.parametrize("levels", [1, 2, 3, 4])
def test_every_layer_of_a_shallower_generator_is_one_of_the_deeper(levels: int) -> None:
    deeper = PlainGenerator(4, 8, levels)
    theirs = list(deeper.state_dict().values())
    for fewer in range(1, 9):
        shallower = PlainGenerator(4, fewer, levels)
        shallower.take_over(deeper)
        for tensor in shallower.state_dict().values():
            assert any(torch.equal(tensor, each) for each in theirs)


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("name", ["resnet6", "attention"])
def test_with_its_statistics_given_a_resnet_has_a_receptive_field(
    options: GeneratorOptions, name: str
) -> None:
    blocks = 2
    network = build_generator(name, 4, blocks, options)
    for module in list(network.modules()):
        for key, child in module.named_children():
            if isinstance(child, InstanceNorm):  # constants do not reach further
                setattr(module, key, torch.nn.Identity())
    init_weights(network, torch.Generator().manual_seed(0), std=0.001)  # far from tanh's ends
    for weight in network.double().parameters():
        weight.data.abs_()  # so that no ReLU cuts a path
    assert network.receptive_field is not None
    margin = (network.receptive_field - 4) // 2
    before = 4 * (-(-margin // 4) + 4)  # where the cell of output begins
    picture = torch.ones(1, 3, 48, 2 * before + 4, dtype=torch.float64)
    network(picture.requires_grad_())[..., before : before + 4].sum().backward()
    assert picture.grad is not None
    touched = picture.grad.abs().sum(dim=(0, 1, 2)).nonzero()[:, 0]
    assert touched.min() >= before - margin
    assert touched.max() < before + 4 + margin
    assert touched.max() - touched.min() > 8 * 2 * blocks  # the blocks count at least


@pytest.mark.parametrize("name", ["unet128", "unet256"])
def test_a_unet_is_not_to_be_tiled(name: str) -> None:
    assert build_generator(name, 4).receptive_field is None


@pytest.mark.parametrize("threshold", [0.0, 0.05])
@pytest.mark.parametrize(
    ("blocks", "levels", "rows"),
    [
        (2, 1, [4]),
        (8, 3, [4, 8, 16, 8, 4]),
        (5, 3, [4, None, 16, 8, 4]),  # nothing before the coarsest level
    ],
)
def test_a_plain_generator_tells_what_its_rows_of_blocks_end_with(
    blocks: int, levels: int, rows: list[int | None], threshold: float
) -> None:
    network = PlainGenerator(4, blocks, levels, border=2 ** (levels + 1), mask_threshold=threshold)
    x = torch.rand(1, 3, 64, 64) * 2 - 1
    with torch.no_grad():
        picture, ends = network.with_layers(x)
        torch.testing.assert_close(picture, network(x))
    assert [None if each is None else each.shape[1] for each in ends[: len(rows)]] == rows
    assert all(each is None for each in ends[len(rows) :])
