"""Load trained models and run them on pictures, without mmengine's Runner.

Pictures are RGB, uint8, H x W x 3, those of a batch of any sizes.
"""
