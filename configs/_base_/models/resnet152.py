"""ResNet152 as torchvision has it, 10 classes, random weights."""
_base_ = './resnet18.py'

model = dict(backbone=dict(depth=152), head=dict(in_channels=2048))
