"""Earshot's core: data, models, honest training and what can be read off it. It never imports the app.

Where things are, from the ground up (imports run one way, downwards in this list):

``errors``, ``config``     the one exception for people; every setting, defined once
``audio``, ``spectrogram`` decoding and resampling; what a clip looks like (no torch)
``datasets``, ``splits``   clips, labels, sources and folds; the four protocols and the leak audit
``cache``                  a whole data set decoded once, memory-mapped
``catalog``                what a person reads about each model (no torch)
``models``, ``attention``  the registry of classifiers; recording what a head attends to
``augment``, ``training``  what is done to a batch; one fold, epoch by epoch
``metrics``, ``summary``   every number, as a pure function of saved predictions
``checkpoint``, ``predict``  weights with config and class names; answers for a new sound
``runs``, ``crossval``     a run's folder and its process; folds outside, epochs inside
``commands``               ``python -m core …``, one file a command
"""
