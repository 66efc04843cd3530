"""Load trained models and run them on pictures, without mmengine's Runner.

    from plugins.apis import load_model
    model = load_model('work_dirs/.../seed0')   # or a published file, or its name in the zoo
    model.predict('picture.jpg')                # or a list, or a folder

Pictures are RGB, uint8, H x W x 3, those of a batch of any sizes.
"""
from .load import load_model
from .predict import TrainedModel

__all__ = ['TrainedModel', 'load_model']
