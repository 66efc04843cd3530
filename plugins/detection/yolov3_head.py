"""YOLOv3's head with boxes that end where the image ends."""
from typing import Any

from mmdet.models.dense_heads import YOLOV3Head
from mmdet.registry import MODELS
from mmengine.structures import InstanceData


@MODELS.register_module()
class ClippedYOLOV3Head(YOLOV3Head):
    """YOLOV3Head that clips its detections to the image.

    Upstream's other heads clip (their box coders know the image's shape);
    this one's does not. A car that the image's edge cuts is labelled up to the
    edge, in KITTI as in COCO, and the unclipped detection of one that is half
    outside can reach no IoU of 0.5.
    """

    def _bbox_post_process(self, results: InstanceData, cfg: Any, rescale: bool = False,
                           with_nms: bool = True, img_meta: dict | None = None) -> InstanceData:
        """Clip, then upstream's rescaling and NMS.

        Args:
            results: ``bboxes`` (N, 4) in pixels of the network's input.
            img_meta: ``ori_shape`` (H, W) and ``scale_factor`` (x, y): the image's own extent in
                the input, without the padding of a letterbox.
        """
        height, width = img_meta['ori_shape'][:2]
        scale_x, scale_y = img_meta['scale_factor'][:2]
        results.bboxes[:, 0::2].clamp_(0, width * scale_x)
        results.bboxes[:, 1::2].clamp_(0, height * scale_y)
        return super()._bbox_post_process(results, cfg, rescale, with_nms, img_meta)
