"""What is done to training images, each a pure function of the image and of a key.

draws      keys and the numbers that belong to them
geometry   boxes of crops, mirrors, erased and pasted parts: on the host
policies   which operation TrivialAugment and RandAugment choose
pixels, operations   what these do to a batch of uint8 images
mixing     mixup and cutmix
apply      Augmenter: all of it in order
"""
