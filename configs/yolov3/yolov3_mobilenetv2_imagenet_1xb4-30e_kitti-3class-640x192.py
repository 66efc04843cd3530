"""YOLOv3 with MobileNetV2 learns KITTI's three judged classes: cars, pedestrians and cyclists.

Question: what becomes of the cars when the same small network also learns two rare, narrow kinds?
Reported: nothing; report A has cars alone. KITTI's overlaps: a car must be hit by more than 0.7,
the others by more than 0.5. Van is a neighbour of Car and Person_sitting of Pedestrian: neither a
hit nor an error, in training and in evaluation.
Anchors: k-means on the three classes of 53 training images; mean IoU of a box with its best anchor
0.74, with those of the cars alone 0.71 (above 0.5: 95 % of the boxes instead of 80 %).

    python tools/train.py \
        configs/yolov3/yolov3_mobilenetv2_imagenet_1xb4-30e_kitti-3class-640x192.py
"""
_base_ = './yolov3_mobilenetv2_imagenet_1xb4-30e_kitti-car-640x192.py'

model = dict(bbox_head=dict(num_classes=3, anchor_generator=dict(base_sizes=[
    [(38, 86), (96, 70), (163, 89)], [(29, 22), (47, 27), (64, 43)],
    [(6, 18), (18, 12), (13, 34)]])))

three = dict(class_map=dict(car=['Car'], pedestrian=['Pedestrian'], cyclist=['Cyclist']))
train_dataloader = dict(dataset=three)
val_dataloader = dict(dataset=three)
test_dataloader = dict(dataset=three)
