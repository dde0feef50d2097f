from pathlib import Path

import pytest

from cyclegan.contract.errors import ModelError
from cyclegan.contract.images import load_picture
from cyclegan.features import FeatureNetwork

SHARED = Path(__file__).parents[2] / "../shared/data"


def test_a_network_of_another_form_is_refused(weights_dir: Path) -> None:
    with pytest.raises(ModelError, match="an output called 'features'"):
        FeatureNetwork.load(weights_dir / "negate.onnx")


@pytest.mark.skipif(not SHARED.is_dir(), reason="needs ../shared/data, which is not here")
def test_real_horses_are_no_zebras() -> None:
    network = FeatureNetwork.load(SHARED / "metrics/mobilenet_v2_1.0_224_imagenet_fp32.onnx")
    for folder, zebras in (("testA", 0), ("testB", 20)):
        paths = sorted((SHARED / "horse2zebra" / folder).iterdir())[:20]
        _, classes = network.describe(load_picture(path).rgb for path in paths)
        assert int((classes == 340).sum()) == zebras
