"""Every setting of a training run: its kind, its default, and what it means. No torch.

Which of them make no sense together is in `coherence.py`.
"""

import math
from dataclasses import dataclass
from typing import Literal, get_args

from cyclegan.contract.directions import DIRECTIONS, Direction

GeneratorName = Literal["resnet6", "resnet9", "attention", "unet128", "unet256", "plain"]
GENERATOR_NAMES: tuple[GeneratorName, ...] = get_args(GeneratorName)
# Width and blocks of a plain generator: 1.2, 2.6 and 5.8 GMAC for a picture of 256x256 pixels.
PLAIN_SIZES = {"tiny": (48, 6), "small": (64, 8), "base": (96, 8)}
# Those that say where something lies: folders of pictures first, then files.
FOLDERS = ("domain_a", "domain_b", "neither", "test_a", "test_b")
PATHS = (*FOLDERS, "features", "discriminator_weights", "perceptual_weights")


@dataclass(frozen=True)
class Fields:
    """The settings. Defaults are the paper's (Zhu et al. 2017, section 4, 7)."""

    preset: str = "paper"  # the key of PRESETS that the config started from

    init_from: str = ""  # whose weights the run started from; "" where it started anew

    # Data
    domain_a: str = ""  # folder of pictures of domain A
    domain_b: str = ""  # folder of pictures of domain B
    neither: str = ""  # folder of pictures of neither kind, which are to stay as they are
    name_a: str = "A"  # what domain A is called, for people ("horse")
    name_b: str = "B"  # what domain B is called ("zebra")
    load_size_min: int = 286  # pixels; the short side is scaled to a length drawn from
    load_size_max: int = 286  # [load_size_min, load_size_max] before the crop
    crop_size: int = 256  # pixels; side of the square that the networks see
    flip: bool = True  # mirror half of the pictures left to right
    num_workers: int = 2  # processes that load pictures; 0 loads in the training process
    teacher_cache_mb: int = 1000  # MB (of 10**6 bytes) of a teacher's translations, as pixels, that
    # a run learns from; see lessons.py

    # Networks
    generator: GeneratorName = "resnet9"
    generator_width: int = 64  # channels after the first convolution
    generator_blocks: int = 0  # residual blocks; 0 takes the generator's own number
    generator_norm: Literal["instance", "affine"] = "instance"  # see layers.GeneratorOptions
    generator_padding: Literal["reflect", "zero", "replicate"] = "reflect"
    generator_downsample: Literal["stride", "blur"] = "stride"
    generator_upsample: Literal["transpose", "resize", "blur"] = "transpose"
    generator_levels: int = 1  # of resolution, 1 to 4; with more a plain generator looks further
    border: int = 0  # pixels mirrored around what a generator sees while it learns, and in use; 0:
    # in use those of networks.GENERATORS
    mask_threshold: float = 0.0  # mean change (1: from black to white) around a place of which a
    # plain generator keeps half; of smaller ones hardly anything, so that the background stays
    discriminator: Literal["patch70", "projected"] = "patch70"  # see discriminators.py
    discriminator_width: int = 64  # channels after the first convolution
    discriminator_norm: Literal["instance", "affine", "spectral", "none"] = "instance"
    discriminator_downsample: Literal["stride", "blur"] = "stride"
    discriminator_backbone: str = "tf_efficientnet_lite0"  # of timm, whose features `projected`
    # looks at; see projection.py
    discriminator_weights: str = ""  # file of its weights; "" has timm fetch them, once
    discriminator_pixels: bool = False  # `projected` looks at the pixels too

    # Objective; weights are relative to an adversarial loss, and 0 leaves a term out
    method: Literal["cyclegan", "simgan", "distill"] = "cyclegan"  # simgan: from A to B only;
    # distill: one direction, as a teacher does it; see methods.STEPS
    direction: Direction = "AtoB"  # that distill learns
    teacher: str = ""  # name of the model in the run's folder `teacher` that distill learns from
    objective: Literal["lsgan", "vanilla", "hinge", "wgan-gp"] = "lsgan"  # see losses.OBJECTIVES
    lambda_cycle: float = 10.0  # weight of what a round trip loses
    lambda_identity: float = 5.0  # weight of changing what is of the target domain already; the
    # reference's 0.5 is relative to its cycle weight: 0.5 times 10 is 5 here
    lambda_self: float = 0.0  # weight of changing the input at all (self-regularisation)
    self_scale: int = 1  # pixels a side that are averaged before lambda_self compares: above 1,
    # lines and textures may change, colours and shapes may not
    lambda_variation: float = 0.0  # weight of the steps between neighbours in a translation
    lambda_smooth: float = 0.0  # weight of those steps where the input has no edge nearby
    lambda_similarity: float = 0.0  # weight of changing which places of a picture are alike, as the
    # backbone of `projected` sees them
    lambda_adversarial: float = 1.0  # weight of passing for the target domain; 0, of `distill`
    # alone: there is no discriminator, and the teacher is all that is learned from
    lambda_neither: float = 5.0  # weight of changing pictures of neither kind, where `neither` is
    lambda_teacher: float = 0.0  # weight of the distance to the teacher's translations
    lambda_structure: float = 0.0  # weight of the distance to their edges and texture
    lambda_layers: float = 0.0  # weight of the distance to what a plain teacher's layers say
    lambda_penalty: float = 10.0  # weight of the gradient penalty of wgan-gp
    lambda_perceptual: float = 0.0  # weight of what a round trip loses as a VGG16 sees it
    perceptual_weights: str = ""  # file of that VGG16's weights, see perceptual.py
    d_steps: int = 1  # discriminator updates for each update of the generators
    head_start_images: int = 0  # pictures of each domain from which the discriminators alone learn
    # first: new ones would spoil generators that know something already
    diffaugment: Literal["off", "on", "auto", "translation"] = "off"  # augment what the
    # discriminators see; auto: where a domain has fewer than domains.SMALL_SET pictures;
    # translation: its place alone
    smoothed_fakes: bool = False  # a discriminator's fakes are target pictures with smoothed edges
    # too, so that drawn lines are what it looks for; see smoothing.py
    pool_size: int = 50  # fakes kept for the discriminators; 0 shows them only the newest

    # Optimisation
    batch_size: int = 1  # pictures of each domain a step
    learning_rate: float = 2e-4  # of Adam, before the decay
    beta1: float = 0.5  # of Adam: decay of the gradient's running mean
    beta2: float = 0.999  # of Adam: decay of the squared gradient's running mean
    schedule: Literal["linear", "cosine", "constant"] = "linear"  # how the learning rate falls to 0
    decay_start: float = 0.5  # share of the run after which it falls
    warmup_images: int = 0  # pictures of each domain over which it rises from 0 first
    ema_decay: float = 0.999  # of the generators' averaged weights, a step; 0 follows the weights

    # Length: the run is over, and the learning rate 0, when either limit is reached
    max_images: int = 213_400  # pictures of each domain seen (the paper: 200 x 1067); 0 is no limit
    max_minutes: float = 0.0  # minutes of training, stops excluded; 0 is no limit

    # Arithmetic
    precision: Literal["fp32", "bf16", "auto"] = "fp32"  # bf16: autocast, weights stay float32;
    # auto: bf16 where the hardware computes in it
    winograd: Literal["off", "on", "auto"] = "auto"  # a ResNet's 3x3 convolutions with fewer
    # multiplications, in float32 on a CPU; auto: where that is faster, see winograd.py
    channels_last: bool = False  # memory layout of weights and pictures
    compile: bool = False  # torch.compile the networks (a minute or two at the start)
    seed: int = 0  # of weights, order, augmentation and pools

    # Reporting
    log_every: int = 100  # images between two lines of the log
    sheet_every: int = 2000  # images between two sample sheets
    checkpoint_every: int = 1000  # images between two checkpoints
    alarm_every: int = 1000  # images between two readings for alarms, see readings.py
    sheet_pictures: int = 4  # pictures of each domain on a sample sheet

    # Judging, on pictures that the run does not learn from; see gauge.py
    test_a: str = ""  # folder of held-out pictures of domain A; "" does not measure A to B
    test_b: str = ""  # folder of held-out pictures of domain B; "" does not measure B to A
    features: str = ""  # ONNX network to compare pictures with; "" compares thumbnails' pixels
    evaluate_every: int = 2500  # images between two measurements, which cost up to 5 % of the time
    # in every preset; 0 never measures
    evaluate_pictures: int = 120  # held-out pictures of each domain that are measured, at the most
    patience: int = 0  # measurements in a row without a new best that end the run; 0 is no limit

    @property
    def directions(self) -> tuple[Direction, ...]:
        """Those that are learned."""
        if self.method == "cyclegan":
            return tuple(DIRECTIONS)
        return (self.direction,)

    def names_of(self, direction: Direction) -> tuple[str, str]:
        """What the domains are called that a direction leads from and to."""
        names = {"A": self.name_a, "B": self.name_b}
        source, target = DIRECTIONS[direction]
        return names[source], names[target]

    @property
    def is_measured(self) -> bool:
        """Whether translations are measured while training: those of held-out pictures."""
        held_out = {"AtoB": self.test_a, "BtoA": self.test_b}
        return self.evaluate_every > 0 and any(held_out[each] for each in self.directions)

    @property
    def is_shallow(self) -> bool:
        """Whether a student began with layers of its teacher."""
        return bool(self.teacher) and self.init_from == f"{self.teacher}.onnx"

    @property
    def has_mask(self) -> bool:
        """Whether the generators say where they change a picture."""
        return self.generator == "attention" or self.mask_threshold > 0

    @property
    def size_multiple(self) -> int:
        """Sides of what the generator takes are multiples of it, in pixels."""
        return {"unet128": 128, "unet256": 256}.get(
            self.generator, 4 << (self.generator_levels - 1)
        )

    @property
    def crop_multiple(self) -> int:
        """Sides of crops are multiples of it, in pixels: what both kinds of network take."""
        return math.lcm(self.size_multiple, 32 if self.discriminator == "projected" else 1)
