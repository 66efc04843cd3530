"""BaseNet's residual variant (row B11): the wide one with a shortcut in each stage."""
_base_ = './basenet_wide.py'

model = dict(backbone=dict(arch='residual'))
