"""D14 as the report tested it: on a folder of one's own, with all of flower_photos to learn from.

Question: does the report's best model hold on photographs from elsewhere?
Reported: D14's figures, on 35 images per class from the web, which the report does not name.
Put test images into data/flowers_test/<class>/, with flower_photos's five class names. A model of
another row is tested on them, too, where its own test images are otherwise held out, by
tools/test.py CONFIG CHECKPOINT --cfg-options test_dataloader.dataset.source.data_root=FOLDER
test_dataloader.dataset.source.split=None test_dataloader.dataset.source.held_out=None.

    python tools/train.py \
        configs/resnet/resnet50-1024-2048x2-drop_new3_1xb32-100e_flowers-own-test-224px.py
"""
_base_ = './resnet50-1024-2048x2-drop_new3_1xb32-100e_flowers-224px.py'
every_image = dict(split=None, held_out=None)
train_dataloader = dict(dataset=dict(source=every_image))
val_dataloader = dict(dataset=dict(source=every_image))
test_dataloader = dict(dataset=dict(source=dict(every_image, data_root='data/flowers_test')))
