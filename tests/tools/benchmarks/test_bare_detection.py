import torch
from mmengine.structures import InstanceData
from torch import nn

from tools.benchmarks.bare_detection import train


class Head(nn.Module):
    """Remembers what it is asked; its loss is the mean of the input."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = []

    def forward(self, x):
        return (x, )

    def loss_by_feat(self, maps, truth, metas, ignored):
        self.asked.append((maps.detach().clone(), truth, ignored))
        return dict(loss_conf=maps.mean(), loss_xy=maps.mean())


def test_boxes_are_mirrored_with_their_images():
    model = nn.Module()
    model.backbone, model.neck, model.bbox_head = nn.Conv2d(3, 3, 1, bias=False), nn.Identity(), \
        Head()
    nn.init.dirac_(model.backbone.weight)
    image = torch.zeros(1, 3, 4, 10, dtype=torch.uint8)
    image[0, 0, :, 1:3] = 200  # blue, where the box is
    box = InstanceData(bboxes=torch.tensor([[1., 0., 3., 4.]]), labels=torch.tensor([0]))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.)
    blocks = train(image, [box], [box], model, optimizer, 35., torch.zeros(3, 1, 1),
                   torch.full((3, 1, 1), 2.), (2, 1), 1, 1, 30)
    seconds, losses = next(blocks)
    assert seconds > 0 and len(losses) == 31
    seen = set()
    for x, (truth, ), (ignored, ) in model.bbox_head.asked:
        assert x.shape == (1, 3, 5, 12) and x[..., 10:].abs().max() == 0  # filled up
        columns = x[0, 2, 0].nonzero().flatten()  # RGB: blue comes last
        left, right = truth.bboxes[0, 0].item(), truth.bboxes[0, 2].item()
        assert columns.tolist() == list(range(int(left), int(right)))
        assert x.max() == 100 and torch.equal(ignored.bboxes, truth.bboxes)
        seen.add(left)
    assert seen == {1., 7.}
