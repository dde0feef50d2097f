import torch
from torch import Tensor

from cyclegan.image_pool import ImagePool


def fakes(*values: float) -> Tensor:
    return torch.tensor(values).reshape(-1, 1, 1, 1).expand(-1, 3, 2, 2)


def test_an_empty_pool_hands_back_what_comes_until_it_is_full() -> None:
    pool = ImagePool(2, seed=0)
    assert torch.equal(pool.query(fakes(1, 2)), fakes(1, 2))
    assert len(pool.images) == 2


def test_a_full_pool_hands_back_old_fakes_half_of_the_time() -> None:
    pool = ImagePool(50, seed=0)
    pool.query(fakes(*[-1.0] * 50))
    new = torch.cat([pool.query(fakes(float(i))) for i in range(1000)])[:, 0, 0, 0]
    fresh = float((new == torch.arange(1000.0)).float().mean())
    assert 0.45 < fresh < 0.55  # 3 standard deviations of a fair coin, 1000 times


def test_a_pool_loses_no_fake_and_renews_every_place() -> None:
    pool = ImagePool(4, seed=0)
    answered = {float(pool.query(fakes(value))[0, 0, 0, 0]) for value in range(1000)}
    held = {float(image[0, 0, 0, 0]) for image in pool.images}
    assert answered | held == set(range(1000))
    assert len(held) == 4
    assert min(held) > 900


def test_a_pool_of_size_0_keeps_nothing() -> None:
    pool = ImagePool(0, seed=0)
    assert torch.equal(pool.query(fakes(1, 2)), fakes(1, 2))
    assert pool.images == []


def test_answers_have_no_gradient() -> None:
    fake = torch.zeros(1, 3, 2, 2, requires_grad=True)
    assert not ImagePool(2, seed=0).query(fake).requires_grad


def test_a_pool_goes_on_from_its_state() -> None:
    pool = ImagePool(3, seed=0)
    pool.query(fakes(1, 2, 3))
    again = ImagePool(3, seed=99)
    again.load_state_dict(pool.state_dict())
    for value in range(4, 30):
        assert torch.equal(pool.query(fakes(value)), again.query(fakes(value)))
